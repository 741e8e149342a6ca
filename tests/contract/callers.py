"""Programs as people wrote them against modelscan 0.8. Each is run unchanged in a child of its own folder."""

from __future__ import annotations

WRAPPER = """
from modelscan.modelscan import ModelScan
from modelscan.settings import DEFAULT_SETTINGS

scanner = ModelScan(settings=DEFAULT_SETTINGS)
results = scanner.scan("model.pkl")
assert results["summary"]["total_issues"] == 1, results
assert results["summary"]["total_issues_by_severity"]["CRITICAL"] == 1
assert results["errors"] == [] and results["issues"][0]["operator"] == "system"
assert [str(error) for error in scanner.errors] == []
assert len(scanner.issues.all_issues) == 1 and list(scanner.issues.group_by_severity()) == ["CRITICAL"]
assert scanner.scanned and scanner.scanned[0].endswith("model.pkl") and scanner.skipped == []
"""

SUBCLASS = """
from modelscan.modelscan import ModelScan
from modelscan.error import ModelScanError, PathError
from modelscan.issues import IssueSeverity

class Gate(ModelScan):
    def __init__(self, settings=None):
        from modelscan.settings import DEFAULT_SETTINGS
        super().__init__(settings=settings or DEFAULT_SETTINGS)

    def verdict(self, path):
        results = super().scan(path)
        worst = max((issue.severity.value for issue in self.issues.all_issues), default=0)
        return "bad" if worst >= IssueSeverity.HIGH.value else "good", results

gate = Gate()
assert gate.verdict("model.pkl")[0] == "bad"
assert gate.verdict("benign.pkl")[0] == "good"
try:
    gate.scan("missing.pkl")
except FileNotFoundError:
    pass
else:
    raise AssertionError
assert isinstance(gate.errors[0], PathError) and gate.errors[0].to_dict()["category"] == "PATH"
assert ModelScanError("x").to_dict() == {"category": "MODEL_SCAN", "description": "x"}
"""

SETTINGS = """
import copy, json, tomlkit
from dataclasses import dataclass, field
from modelscan.settings import DEFAULT_SETTINGS, DEFAULT_REPORTING_MODULES, SettingsUtils
from modelscan.settings import Property, SupportedModelFormats
from modelscan.modelscan import ModelScan

@dataclass
class Config:
    modelscan: dict = field(default_factory=lambda: DEFAULT_SETTINGS)

before = json.dumps(DEFAULT_SETTINGS, sort_keys=True)
assert tomlkit.parse(SettingsUtils.get_default_settings_as_toml()).unwrap()["scanners"] == DEFAULT_SETTINGS["scanners"]
assert tomlkit.loads(tomlkit.dumps(DEFAULT_SETTINGS)).unwrap() == DEFAULT_SETTINGS
settings = copy.deepcopy(Config().modelscan)
settings["unsafe_globals"]["HIGH"]["collections"] = ["OrderedDict"]
settings["reporting"]["module"] = DEFAULT_REPORTING_MODULES["json"]
settings["reporting"]["settings"] = {"show_skipped": True, "output_file": "out.json"}
scanner = ModelScan(settings)
scanner.scan("benign.pkl")
(issue,) = scanner.issues.all_issues
assert (issue.severity.name, issue.details.module, issue.details.operator) == ("HIGH", "collections", "OrderedDict")
scanner.generate_report()
assert json.load(open("out.json"))["summary"]["skipped"]["total_skipped"] == 0
assert json.dumps(DEFAULT_SETTINGS, sort_keys=True) == before
assert ModelScan().scan("benign.pkl")["issues"] == []
assert Property("a", 1).value == 1 and SupportedModelFormats.PYTORCH.value == "pytorch"
off = copy.deepcopy(DEFAULT_SETTINGS)
off["scanners"]["modelscan.scanners.PickleUnsafeOpScan"]["enabled"] = False
scanner = ModelScan(off)
assert scanner.scan("model.pkl")["issues"] == [] and scanner.scanned == []
assert [skip.category.name for skip in scanner.skipped] == ["SCAN_NOT_SUPPORTED"]
"""

REPORTER = """
import sys
from modelscan.modelscan import ModelScan
from modelscan.reports import ConsoleReport, JSONReport, Report
from modelscan.settings import DEFAULT_SETTINGS

class Counting(Report):
    @staticmethod
    def generate(scan, settings={}):
        return f"{len(scan.issues.all_issues)} issues, {settings['unit']}"

sys.modules["reporting_of_ours"] = sys.modules["__main__"]
chosen = {"module": "reporting_of_ours.Counting", "settings": {"unit": 1}}
scanner = ModelScan({**DEFAULT_SETTINGS, "reporting": chosen})
scanner.scan(".")
assert scanner.generate_report() == "1 issues, 1", scanner.errors
from types import SimpleNamespace
from modelscan.issues import Issues
ConsoleReport.generate(SimpleNamespace(issues=Issues(), errors=[], skipped=["a"]), settings={"show_skipped": False})
ConsoleReport.generate(SimpleNamespace(issues=scanner.issues, errors=["b"], skipped=[]), {"show_skipped": True})
JSONReport.generate(scanner)
scanner = ModelScan({**DEFAULT_SETTINGS, "reporting": {"module": "no.such.Class", "settings": {}}})
scanner.scan("model.pkl")
assert scanner.generate_report() is None and scanner.errors[-1].name() == "MODEL_SCAN"
scanner = ModelScan()
scanner.scan(".")
assert scanner.generate_report() is None and scanner.errors == [], scanner.errors
"""

PICKLES = """
import io, pickle
from modelscan.issues import Issue, IssueCode, IssueSeverity, Issues, OperatorIssueDetails
from modelscan.model import Model, ModelDataEmpty
from modelscan.settings import DEFAULT_SETTINGS
from modelscan.skip import ModelScanSkipped, SkipCategories
from modelscan.tools.picklescanner import scan_numpy, scan_pickle_bytes, scan_pytorch

data = open("model.pkl", "rb").read()
expected = [Issue(IssueCode.UNSAFE_OPERATOR, IssueSeverity.CRITICAL,
                  OperatorIssueDetails("posix", "system", IssueSeverity.CRITICAL, "buffer.pkl"))]
assert scan_pickle_bytes(Model("buffer.pkl", io.BytesIO(data)), DEFAULT_SETTINGS).issues == expected
again = scan_pickle_bytes(Model("buffer.pkl", io.BytesIO(data)), DEFAULT_SETTINGS)
assert set(expected) == {expected[0], *again.issues}
shifted = Model("buffer.pkl", io.BytesIO(b"12345" + data))
assert scan_pickle_bytes(shifted, DEFAULT_SETTINGS, offset=5).issues == expected
two = Model("two.pkl", io.BytesIO(pickle.dumps(1) + data))
assert scan_pickle_bytes(two, DEFAULT_SETTINGS).issues != [] == scan_pickle_bytes(
    two, DEFAULT_SETTINGS, multiple_pickles=False).issues
torn = scan_pickle_bytes(Model("torn.pkl", io.BytesIO(data[:-1])), DEFAULT_SETTINGS, scan_name="mine")
assert torn.errors[0].to_dict()["category"] == "PICKLE_GENOPS" and torn.errors[0].scan_name == "mine"
assert torn.errors[0].message.startswith("Parsing error: ") and torn.skipped == []
assert scan_numpy(Model("m.npy", io.BytesIO(data)), DEFAULT_SETTINGS).issues
assert scan_pytorch(Model("m.pt", io.BytesIO(data)), DEFAULT_SETTINGS).issues
with Model("model.pkl") as model:
    assert model.get_stream(2).read(1) == data[2:3] and str(model.get_source()) == "model.pkl"
    model.set_context("formats", ["pickle"])
    assert model.get_context("formats") == ["pickle"] and model.get_context("nothing") is None
try:
    model.get_stream()
except ModelDataEmpty:
    pass
else:
    raise AssertionError
mine = io.BytesIO(b"x")
with Model("mine", mine):
    pass
assert not mine.closed
details = expected[0].details
assert details.output_json() == {"description": "Use of unsafe operator 'system' from module 'posix'",
    "operator": "system", "module": "posix", "source": "buffer.pkl", "scanner": "", "severity": "CRITICAL"}
assert details.output_lines()[0].startswith("Description: ") and details.output_lines()[1] == "Source: buffer.pkl"
issues = Issues(); issues.add_issue(expected[0]); issues.add_issues(expected)
assert issues.group_by_severity() == {"CRITICAL": [expected[0]] * 2}
assert [severity.value for severity in IssueSeverity] == [1, 2, 3, 4]
assert (SkipCategories.MAGIC_NUMBER.name, SkipCategories.MAGIC_NUMBER.value) == ("MAGIC_NUMBER", 6)
assert "words" in str(ModelScanSkipped("ModelScan", SkipCategories.BAD_ZIP, "words", "file"))
"""

NAMES = """
import modelscan, modelscan.modelscan, modelscan.settings, modelscan.issues, modelscan.error, modelscan.skip
import modelscan.model, modelscan.reports, modelscan.cli, modelscan.tools.picklescanner, modelscan._version
from modelscan._version import __version__
from modelscan.cli import cli, create_settings, main
from modelscan.error import (DependencyError, ErrorBase, JsonDecodeError, ModelScanError, ModelScanScannerError,
                             NestedZipError, PathError, PickleGenopsError)
from modelscan.issues import IssueDetails

assert callable(modelscan.scan) and modelscan.scan("model.pkl").verdict == "UNSAFE"
assert modelscan.__version__ == __version__
assert sorted({kind.name() for kind in (DependencyError, JsonDecodeError, ModelScanError, NestedZipError, PathError,
    PickleGenopsError)}) == ["DEPENDENCY", "JSON_DECODE", "MODEL_SCAN", "NESTED_ZIP", "PATH", "PICKLE_GENOPS"]
scanner = modelscan.modelscan.ModelScan()
assert scanner.is_compatible("a.pkl") and scanner.is_compatible("a.npz") and scanner.is_compatible("x/y.keras")
assert not scanner.is_compatible("a.PKL") and not scanner.is_compatible("a.txt") and not scanner.is_compatible("a")
for name in ("nonsense", "_nonsense"):
    try:
        getattr(modelscan.settings, name)
    except AttributeError:
        continue
    raise AssertionError(name)
"""

CALLERS = {
    "wrapper": WRAPPER,
    "subclass": SUBCLASS,
    "settings": SETTINGS,
    "reporter": REPORTER,
    "pickles": PICKLES,
    "names": NAMES,
}
