"""python -m benchmarks.graphs: TensorFlow graphs of many nodes and of large constants, in CPU seconds of one scan."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import modelscan
from benchmarks.pairs import machine

RUNS = 5


def field(number: int, data: bytes) -> bytes:
    """A field of protocol buffers that has a length."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def node(number: int, op: bytes, *rest: bytes) -> bytes:
    name = b"model/layer_%06d/block/operation_of_some_length" % number
    return field(1, b"".join((field(1, name), field(2, op), field(3, name), *rest)))


def constant(size: int) -> bytes:
    """A NodeDef.attr entry named "value" with a float tensor of `size` bytes."""
    tensor = varint(1 << 3) + varint(1) + field(4, bytes(size))
    return field(5, field(1, b"value") + field(2, field(8, tensor)))


def saved_model(graph: bytes) -> bytes:
    return varint(1 << 3) + varint(1) + field(2, field(2, graph))


def many_nodes() -> bytes:
    return saved_model(b"".join(node(number, b"AddV2") for number in range(390_000)))


def large_constants() -> bytes:
    return saved_model(b"".join(node(number, b"Const", constant(500_000)) for number in range(100)))


WORKLOADS = (("390,000 nodes", many_nodes, 0.6), ("50 MB of constants", large_constants, 0.02))


def seconds(path: Path) -> float:
    started = time.process_time()
    report = modelscan.scan(path)
    spent = time.process_time() - started
    if report.verdict != "SAFE":
        raise SystemExit(f"{path.name} was not read: {report.verdict} {report.failures}")
    return spent


def main() -> None:
    print(f"{machine()}; CPU seconds of a scan in process, median of {RUNS}\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, make, goal in WORKLOADS:
            path = Path(folder, "saved_model.pb")
            path.write_bytes(make())
            seconds(path)
            runs = [seconds(path) for _ in range(RUNS)]
            size = path.stat().st_size / 1e6
            spent = f"{statistics.median(runs):.4f} s  (lowest {min(runs):.4f})"
            print(f"{name:<20} {size:5.0f} MB  {spent}  goal <= {goal}")


if __name__ == "__main__":
    main()
