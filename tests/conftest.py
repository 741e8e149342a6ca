"""For all tests: a store of their own, and the same hypothesis cases on every run without deadlines."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

# A busy machine is not a failure, and `make fuzz` looks for new cases.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")

# Before anything is imported, and inherited by child processes: no test uses the approvals of whoever runs it.
HOME = tempfile.mkdtemp(prefix="modelscan-tests-")
os.environ["MODELSCAN_HOME"] = HOME
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
