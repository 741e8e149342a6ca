"""Trees of points: nodes that lead out of them are refused, and what scipy and joblib write is data."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys

import pytest

import modelscan

np = pytest.importorskip("numpy")
spatial = pytest.importorskip("scipy.spatial")
SIZE, CHILDREN = 72, 56
RULE = "MS-S059"


def tree(cls=spatial.cKDTree, count: int = 40):
    return cls(np.random.default_rng(0).random((count, 2)), leafsize=4)


def nodes(value) -> bytes:
    return value.__reduce_ex__(2)[2][0].tobytes()


def with_nodes(raw: bytes, protocol: int = 4, name: str = "cKDTree") -> bytes:
    """A tree whose nodes are these, as many as there were."""
    value = tree()
    data = pickle.dumps(value, protocol)
    assert data.count(nodes(value)) == 1
    assert len(raw) == len(nodes(value))
    return data.replace(nodes(value), raw).replace(b"\x8c\x07cKDTree", bytes([0x8C, len(name)]) + name.encode())


def led(number: int, less: int, greater: int) -> bytes:
    raw = bytearray(nodes(tree()))
    struct.pack_into("<qq", raw, number * SIZE + CHILDREN, less, greater)
    return bytes(raw)


COUNT = len(nodes(tree())) // SIZE
STRAY = {
    "far away": led(0, 1 << 40, 16),
    "before them": led(0, -(1 << 40), 16),
    "one behind the last": led(0, 1, COUNT),
    "back": led(1, 0, 9),
    "the same twice": led(0, 16, 16),
    "into another's": led(0, 1, 9),
}
LOAD = "import pickle, sys; pickle.load(sys.stdin.buffer)"


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("cls", [spatial.cKDTree, spatial.KDTree], ids=lambda cls: cls.__name__)
def test_what_scipy_writes_is_data(cls, protocol):
    for count in (1, 5, 40, 3_000):
        assert modelscan.scan(pickle.dumps(tree(cls, count), protocol)).verdict == "SAFE"
    many = [tree(cls, 30) for _ in range(300)]
    assert modelscan.scan(pickle.dumps(many, protocol)).verdict == "SAFE"


@pytest.mark.parametrize("compress", [0, 3])
def test_what_other_writers_make_of_it_is_data(compress):
    joblib, dill = pytest.importorskip("joblib"), pytest.importorskip("dill")
    file = io.BytesIO()
    joblib.dump({"tree": tree(), "others": [tree(count=9), np.zeros(144, "u1"), tree(count=70)]}, file, compress)
    assert modelscan.scan(file.getvalue()).verdict == "SAFE"
    assert modelscan.scan(dill.dumps(tree())).verdict == "SAFE"


@pytest.mark.parametrize("kind", STRAY)
def test_nodes_that_lead_elsewhere_are_refused(kind):
    report = modelscan.scan(with_nodes(STRAY[kind]))
    assert report.verdict == "UNSAFE"
    assert RULE in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("kind", ["far away", "before them", "back"])
def test_scipy_follows_them(kind):
    done = subprocess.run([sys.executable, "-c", LOAD], input=with_nodes(STRAY[kind]), capture_output=True, check=False)
    assert done.returncode not in (0, 1), done.stderr  # it ends by a signal


def test_it_is_refused_by_any_name_of_scipy():
    evil = with_nodes(STRAY["far away"])
    for module in ("scipy.spatial.ckdtree", "scipy.spatial"):
        at = evil.index(b"\x8c\x16scipy.spatial._ckdtree")
        other = evil[:at] + bytes([0x8C, len(module)]) + module.encode() + evil[at + 24 :]
        assert RULE in {finding.rule for finding in modelscan.scan(_unframed(other)).findings}


def test_it_is_refused_in_files_of_joblib():
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    value = tree()  # there are addresses among its bytes, so each has its own
    joblib.dump(value, file)
    assert file.getvalue().count(nodes(value)) == 1
    report = modelscan.scan(file.getvalue().replace(nodes(value), STRAY["far away"]))
    assert RULE in {finding.rule for finding in report.findings}, report


def _unframed(data: bytes) -> bytes:
    assert data[2:3] == b"\x95"
    return data[:2] + data[11:]


def test_a_chain_of_them_is_refused():
    """scipy follows it by calling itself, until the stack ends."""
    from modelscan.pickles import nodes as reading

    leaf = struct.pack("<q48xqq", -1, 0, 0)

    def chain(length: int) -> bytes:
        """Each leads to a leaf and to the next one."""
        inner = (struct.pack("<q48xqq", 0, 2 * number + 1, 2 * number + 2) for number in range(length))
        return b"".join(node + leaf for node in inner) + leaf

    assert reading._is_tree(chain(reading.DEEPEST // 2))
    assert not reading._is_tree(chain(reading.DEEPEST + 1))


@pytest.mark.parametrize("part", [b"K\x00", b"N", b"]", b"C\x48" + bytes(72)])
def test_nodes_that_are_not_shown_are_refused(part):
    names = b"\x80\x04cscipy.spatial._ckdtree\ncKDTree\n)\x81"
    report = modelscan.scan(names + b"(" + part + b"NK\x01K\x01K\x01NNNNNtb.")
    assert RULE in {finding.rule for finding in report.findings}
