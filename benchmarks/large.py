"""python -m benchmarks.large [--gigabytes 1 8]: what is read of a large checkpoint, and the memory that a scan takes.

The checkpoints are sparse files, so that they need no room on the disk. Bytes are those asked for by `pread`. Memory is
what is resident after a scan beside the pages of files, over what was before it, in a process of its own; it is taken
while the scan runs as well, a thousand times a second.
"""

from __future__ import annotations

import argparse
import io
import pickle
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import modelscan
from benchmarks.pairs import machine
from benchmarks.workloads import WORKLOADS
from modelscan.source.artifact import FileRoot

TENSORS = 16
SMAPS = Path("/proc/self/smaps_rollup")
MEMORY = (
    """import sys; from pathlib import Path; from benchmarks.large import own_memory; own_memory(Path(sys.argv[1]))"""
)


class _Storage:
    """Stands for the numbers of one tensor, which are a member of the archive."""

    def __init__(self, key: int) -> None:
        self.key = key


class _Tensor:
    def __init__(self, key: int, numbers: int) -> None:
        self.key, self.numbers = key, numbers

    def __reduce__(self) -> tuple[Any, ...]:
        import torch

        arguments = (_Storage(self.key), 0, (self.numbers,), (1,), False, OrderedDict())
        return torch._utils._rebuild_tensor_v2, arguments


class _Pickler(pickle.Pickler):
    numbers = 0

    def persistent_id(self, value: object) -> object:
        import torch

        is_storage = isinstance(value, _Storage)
        return ("storage", torch.FloatStorage, str(value.key), "cpu", self.numbers) if is_storage else None


def checkpoint(path: Path, size: int) -> None:
    """As torch.save writes it: a pickle and a member of zeros for each of 16 tensors, `size` bytes in all."""
    numbers = size // TENSORS // 4
    target = io.BytesIO()
    pickler = _Pickler(target, 2)
    pickler.numbers = numbers
    pickler.dump(OrderedDict((f"layer{n}.weight", _Tensor(n, numbers)) for n in range(TENSORS)))
    members: list[tuple[str, bytes | int]] = [("data.pkl", target.getvalue()), ("byteorder", b"little")]
    members += [(f"data/{n}", numbers * 4) for n in range(TENSORS)]
    crc = _crc_of_zeros(numbers * 4)
    with path.open("wb") as file:
        rows = [_member(file, f"archive/{name}".encode(), data, crc) for name, data in [*members, ("version", b"3\n")]]
        table = b"".join(rows)
        at = file.tell()
        end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, len(rows), len(rows), len(table), at)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + len(table), 1)
        last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(rows), len(rows), len(table), 0xFFFFFFFF, 0)
        file.write(table + end + locator + last)


def _member(file: Any, name: bytes, data: bytes | int, crc: int) -> bytes:
    """Writes it, or leaves a hole of that size; its row of the directory."""
    offset = file.tell()
    size = data if isinstance(data, int) else len(data)
    sizes = (crc if isinstance(data, int) else zlib.crc32(data), size, size, len(name))
    padding = -(offset + 30 + len(name) + 4) % 64
    file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0x800, 0, 0, 33, *sizes, padding + 4) + name)
    file.write(b"FB" + struct.pack("<H", padding) + b"Z" * padding)
    if isinstance(data, int):
        file.seek(data, io.SEEK_CUR)
    else:
        file.write(data)
    extra = struct.pack("<2HQ", 1, 8, offset)
    row = struct.pack("<4s6H3L5H2L", b"PK\1\2", 45, 45, 0x800, 0, 0, 33, *sizes, 12, 0, 0, 0, 0, 0xFFFFFFFF)
    return row + name + extra


def _crc_of_zeros(size: int) -> int:
    crc, piece = 0, bytes(1 << 24)
    while size:
        crc = zlib.crc32(piece[: min(size, len(piece))], crc)
        size -= min(size, len(piece))
    return crc


def amount_read(run: Callable[[], object]) -> int:
    """Bytes that `run` reads of files which are too large to be read at once."""
    amounts: list[int] = []
    read, pieces = FileRoot.read, FileRoot.pieces

    def counted(self: FileRoot, start: int, length: int) -> bytes:
        data = read(self, start, length)
        amounts.append(len(data))
        return data

    def counted_pieces(self: FileRoot, starts: Iterable[int], lengths: Iterable[int]) -> list[bytes]:
        found = pieces(self, starts, lengths)
        amounts.extend(map(len, found))
        return found

    FileRoot.read, FileRoot.pieces = counted, counted_pieces  # type: ignore[method-assign]
    try:
        run()
    finally:
        FileRoot.read, FileRoot.pieces = read, pieces  # type: ignore[method-assign]
    return sum(amounts)


def checkpoints(gigabytes: list[int], rounds: int = 21) -> None:
    for size in gigabytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.pt")
            checkpoint(path, size << 30)
            report = modelscan.scan(path)
            if report.verdict != "SAFE":
                raise SystemExit(
                    f"the checkpoint of {size} GB is {report.verdict}: {report.findings or report.failures}"
                )
            times = []
            for _ in range(rounds):
                started = time.perf_counter()
                modelscan.scan(path)
                times.append((time.perf_counter() - started) * 1000)
            amount = amount_read(lambda path=path: modelscan.scan(path)) / 1024
        figures = f"{amount:7.1f} KB (<= 128)  {statistics.median(times):7.2f} ms, lowest {min(times):.2f} (<= 5)"
        print(f"{f'torch zip of {size} GB, {TENSORS} tensors':<36}{figures}", flush=True)


def many() -> None:
    """What is read of a checkpoint of 20,000 tensors."""
    workload = next(one for one in WORKLOADS if one.name == "torch zip, 20,000 tensors")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        workload.write(path, 1)
        modelscan.scan(path)
        amount = amount_read(lambda: modelscan.scan(path)) / 1e6
    print(f"{workload.name:<36}{amount:7.2f} MB (<= 4)", flush=True)


def _resident() -> int:
    """Bytes of memory of this process beside the pages of files."""
    fields = {line.split(":")[0]: line.split()[1] for line in SMAPS.read_text().splitlines()[1:]}
    return int(fields["Anonymous"]) * 1024


def own_memory(path: Path) -> None:
    """Prints the most that a scan of `path` took, in bytes."""
    modelscan.scan(b"N.")
    before, most, done = _resident(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            most.append(_resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    modelscan.scan(path)
    done.set()
    watcher.join()
    print(max(*most, _resident()) - before)


def memory(scale: float) -> None:
    if not SMAPS.exists():
        print("Memory is not measured: this system does not tell it apart from mapped files (/proc/self/smaps_rollup).")
        return
    for workload in WORKLOADS[:6]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model")
            workload.write(path, scale)
            size = path.stat().st_size
            ran = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
        taken = int(ran.stdout) / (1 << 20)
        print(f"{workload.name:<36}{taken:7.1f} MB for {size / (1 << 20):6.1f} MB (<= 48)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--gigabytes", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--scale", type=float, default=0.2, help="size of what memory is measured on")
    options = parser.parse_args()
    print(f"{machine()}; medians of 21 scans\n")
    checkpoints(options.gigabytes)
    many()
    memory(options.scale)


if __name__ == "__main__":
    main()
