"""Which layer wins, for every key there is: any settings anywhere, held against what each layer may do."""

from __future__ import annotations

import contextlib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from samples import call, global_, payload, proto, text, zipped

import modelscan
from modelscan import floor, places, policy, settings, store
from modelscan.judge import Judge
from modelscan.limits import Limits
from modelscan.places import FOLDER_FILE, PROJECT_FILE
from modelscan.policy import WORDS, Policy
from modelscan.report import Severity
from modelscan.schema import ANY, FIELDS, KERAS_NAMES, TF_NAMES, Field, Reach
from modelscan.settings import Settings

CHOSEN = {"scanners": "modelscan.scanners.PickleUnsafeOpScan", "middlewares": "m.M", "unsafe_globals": "mine"}
"""What a file puts in the place of `*`."""
NAMES = st.sampled_from(["act", "other", "Third"])
GRADES = st.sampled_from(list(Severity))
VALUES = {
    "true or false": st.booleans(),
    "a whole number, 0 or more": st.integers(0, 9),
    "a whole number above 0": st.integers(1, 1 << 40),
    "a number above 0": st.floats(0.001, 1e6) | st.integers(1, 1000),
    "text": st.sampled_from(["", "a.B", "modelscan.reports.JSONReport"]),
    "a list of texts": st.lists(NAMES, max_size=3),
    "a table": st.dictionaries(NAMES, st.integers(), max_size=2),
    "one of LOW, MEDIUM, HIGH, CRITICAL": GRADES.map(lambda grade: grade.name),
    '"*" or a list of names': st.just("*") | st.lists(NAMES, max_size=3, unique=True),
    "a table of names with LOW, MEDIUM, HIGH or CRITICAL": st.dictionaries(NAMES, GRADES.map(lambda row: row.name)),
}
"""By `Kind.expects`; what is one of several words says so itself."""


def keys_of(known: Field) -> tuple[str, ...]:
    return tuple(CHOSEN[known.keys[0]] if key == ANY else key for key in known.keys)


def value_of(known: Field) -> st.SearchStrategy:
    if known.kind.expects in VALUES:
        return VALUES[known.kind.expects]
    return st.sampled_from(known.kind.expects.removeprefix("one of ").split(", "))


LAYER = st.fixed_dictionaries({}, optional={keys_of(known): value_of(known) for known in FIELDS})
APPROVED = st.sampled_from([{}, {"name": "pkg.a.C", "reason": "x"}, {"sha256": "ab" * 32, "reason": "x"}])


def toml(layer, approved=None, inner=()) -> str:
    tree: dict = {}
    for keys, value in layer.items():
        place = tree
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    if approved:
        tree["approved"] = [approved]
    for key in reversed(inner):
        tree = {key: tree}
    return tomlkit.dumps(tree)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Empty places for every layer, with the working folder in one of them."""
    made = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        for folder in ("home", "site", "work"):
            (made / folder).mkdir(mode=0o700)
        for module in (settings, floor, places):
            patch.setattr(module, "administrators_file", lambda: str(made / "site" / floor.FILE))
        patch.setenv(store.HOME, str(made / "home"))
        patch.chdir(made / "work")
        yield made


FILES = {
    "administrator": ("site", floor.FILE, ()),
    "user": ("home", floor.FILE, ()),
    "named": (".", "named.toml", ()),
    "folder": ("work", FOLDER_FILE, ()),
    "project": ("work", PROJECT_FILE, ("tool", "modelscan")),
}


@contextlib.contextmanager
def written(home, layers, approved):
    for layer, (folder, name, inner) in FILES.items():
        path = home / folder / name
        path.unlink(missing_ok=True)
        if layers.get(layer) or approved.get(layer):
            path.write_text(toml(layers.get(layer, {}), approved.get(layer), inner), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for known in FIELDS:
            said = layers.get("environment", {}).get(keys_of(known))
            if said is not None and known.is_spoken and isinstance(said, int | str):
                patch.setenv(known.variable, str(said).lower())
        yield home / "named.toml" if layers.get("named") or approved.get("named") else None


def at_least(known: Field, mine, least) -> bool:
    """Is `mine` as strict as what the administrator set? Said without the table that the program uses."""
    match known.keys[0]:
        case "policy":
            return WORDS.index(mine) <= WORDS.index(least)
        case "fail_on" | "min_severity":
            return mine <= least
        case "limits":
            return mine == least
        case "unsafe_globals":
            return mine == (ANY,) or set(least) <= set(mine)
        case "scanners" if known.keys[-1] == "enabled":
            return mine or not least
        case "scanners":
            return all(mine[name] >= grade for name, grade in least.items())
    raise AssertionError(known.keys)


FLOORS = [known for known in FIELDS if known.floor]
FREE = {"show_skipped", "jobs", "cache", "log", "reporting", "notebook", "modelscan_version", "middlewares"}
FREE |= {"supported_zip_extensions"}
"""How it is told, and how fast it is found: no verdict depends on it."""


def test_every_key_is_a_floor_or_decides_nothing():
    assert {known.keys[0] for known in FIELDS if not known.floor} - FREE == {"scanners"}
    free = {known.keys[-1] for known in FIELDS if not known.floor and known.keys[0] == "scanners"}
    assert free == {"supported_extensions"}
    assert not FREE & {known.keys[0] for known in FLOORS}


OF_A_POLICY = {
    "word": "policy",
    "limits": "limits",
    "denied": "unsafe_globals and the tables of operators",
    "allowed": "approved, from a person only",
    "approved": "approved, from a person only",
}


def test_every_field_of_a_policy_is_held():
    """A new one has to be put under one of the properties below."""
    assert set(Policy.__match_args__) == set(OF_A_POLICY)


LAYERS = st.fixed_dictionaries({}, optional=dict.fromkeys((*FILES, "environment"), LAYER))
APPROVALS = st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, APPROVED))


@hypothesis_settings(max_examples=200)
@given(LAYERS, APPROVALS, st.sampled_from([None, *WORDS]))
def test_no_layer_goes_below_the_administrators(home, layers, approved, asked):
    with written(home, layers, approved) as named:
        found = Settings.load(named, given={"policy": asked} if asked else None)
        made = found.policy(kept_too=False)
    least = layers.get("administrator", {})
    for known in FLOORS:
        said, holds = least.get(keys_of(known)), found.values.get(keys_of(known))
        if said is not None and known.reach <= Reach.PERSON:
            assert at_least(known, holds.value, known.kind.read(said)), known.keys
        elif said is True:  # of what only a named file may weaken, the administrator may say that it stays
            assert holds.value is True
    # And of the policy that is made of it, however the names are spelled in the other layers.
    judge = Judge(made, None)
    for (first, *rest), value in least.items():
        if first == "policy":
            assert WORDS.index(made.word) <= WORDS.index(value)
        if first == "limits":
            assert getattr(made.limits, rest[0]) == value
        if first == "unsafe_globals":
            for name in ["whatever"] if value == ANY else value:
                assert judge._denied_by_hand(rest[1], name) >= Severity[rest[0]]
        if first == "scanners" and rest[1] in (KERAS_NAMES, TF_NAMES):
            framework = policy.KERAS if rest[1] == KERAS_NAMES else policy.TENSORFLOW
            for name, grade in value.items():
                assert made.denied.get(f"{framework}:{name}", Severity[grade]) >= Severity[grade]


@hypothesis_settings(max_examples=100)
@given(LAYERS, APPROVALS)
def test_the_working_folder_only_tunes(home, layers, approved):
    """With it and without it the same is refused, told and approved."""
    without = {name: layer for name, layer in layers.items() if name not in ("folder", "project")}
    given_ = {name: row for name, row in approved.items() if name not in ("folder", "project")}
    with written(home, layers, approved) as named:
        found = Settings.load(named)
    with written(home, without, given_) as named:
        plain = Settings.load(named)
    assert found.approved == plain.approved
    assert (found.denied, found.switched_off, found.reporter) == (plain.denied, plain.switched_off, plain.reporter)
    decided = [known for known in FIELDS if known.reach > Reach.FOLDER and ANY not in known.keys]
    assert {"policy", "fail_on", "min_severity"} <= {known.keys[0] for known in decided}
    for known in decided:
        assert found.get(".".join(known.keys)) == plain.get(".".join(known.keys)), known.keys
    told = [name for name in ("folder", "project") if approved.get(name)]
    assert sum("approved is not used" in note for note in found.notes) == len(told)


@hypothesis_settings(max_examples=100)
@given(LAYERS)
def test_of_what_is_no_floor_the_nearest_to_the_person_wins(home, layers):
    order = ("named", "environment", "user", "administrator", "folder", "project")
    with written(home, layers, {}) as named:
        found = Settings.load(named)
    for known in FIELDS:
        if known.floor or ANY in known.keys or known.keys[0] in ("modelscan_version",):
            continue
        holds = known.default
        for layer in reversed(order):
            said = layers.get(layer, {}).get(known.keys)
            if said is None or (layer == "environment" and not isinstance(said, int | str)):
                continue
            if known.reach > {"folder": 0, "project": 0, "user": 1, "administrator": 1}.get(layer, 2):
                continue
            if layer == "environment" and known.reach is Reach.NAMED:
                continue
            holds = known.kind.spoken(str(said).lower()) if layer == "environment" else known.kind.read(said)
        assert found.get(".".join(known.keys)) == holds, known.keys


@hypothesis_settings(max_examples=100)
@given(LAYER, st.sampled_from(WORDS), st.dictionaries(NAMES, GRADES), st.integers(1, 99))
def test_a_guard_is_held_to_it_as_well(home, layer, word, denied, depth):
    mine = Policy(word, Limits(depth=depth), denied={f"mine.{name}": grade for name, grade in denied.items()})
    with written(home, {"administrator": layer}, {}):
        held = floor.at_least(mine)
    assert WORDS.index(held.word) <= WORDS.index(layer.get(("policy",), word))
    assert WORDS.index(held.word) <= WORDS.index(word)
    assert all(held.denied[name] >= grade for name, grade in mine.denied.items())
    assert held.limits.depth == layer.get(("limits", "depth"), depth)
    for grade in Severity:
        for name in layer.get(("unsafe_globals", grade.name, "mine"), ()):
            assert held.denied[f"mine.{name}"] >= grade


@pytest.mark.parametrize("name", Limits.__match_args__)
@pytest.mark.parametrize("value", [1, 1 << 40])
def test_no_budget_of_the_working_folder_makes_a_file_safe(home, tmp_path, name, value):
    evil = proto() + payload(tmp_path / "marker") + b"."
    samples = [evil, zipped({"a.pkl": zipped({"b.pkl": evil})}), proto() + call(global_("lib", "f"), text("x")) + b"."]
    with written(home, {"folder": {("limits", name): value}}, {}):
        made = Settings.load().policy(kept_too=False)
    assert getattr(made.limits, name) == value
    for data in samples:
        report = modelscan.scan(data, made)
        assert report.refused
        assert report.verdict in ("UNSAFE", "INCONCLUSIVE")


def test_a_variable_that_is_none_of_ours_is_told_and_sets_nothing(home, monkeypatch):
    for name in ("MODELSCAN_APPROVED", "MODELSCAN_SCANNERS_X_ENABLED", "MODELSCAN_REPORTING_MODULE"):
        monkeypatch.setenv(name, "x")
    with written(home, {}, {}):
        found = Settings.load()
    assert (found.reporter, found.approved, found.switched_off) == ("", (), frozenset())
    assert sum("is no setting" in note for note in found.notes) == 3
