"""The same cases on every run, and no deadlines: a busy machine is not a failure. `make fuzz` looks for new ones."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
