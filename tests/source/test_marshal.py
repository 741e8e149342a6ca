"""Code objects of every Python are read for what they are, and no bytes make the reader do anything else."""

from __future__ import annotations

import base64
import marshal
import random
import types
from pathlib import Path

import pytest

from modelscan.errors import FormatError
from modelscan.source import bytecode
from modelscan.source import marshal as reader

# lambda x, n=3: __import__('os').mkdir(u'marker') or [y.upper() for y in (x, b'raw', 2.5, 1 << 70, -1, None, True, 1j)]
WRITTEN = {
    "2.7": "YwIAAAADAAAACQAAAEMAAABzSgAAAHQAAGQBAIMBAGoBAGQCAIMBAHBJAGcAAHwAAGQDAGQEAGQJAGQHAGQAAHQDAGQIAGYIAERdEgB9AgB8AgBqBACDAABeAgBxNABTKAoAAABOdAIAAABvc3UGAAAAbWFya2VydAMAAAByYXdnAAAAAAAABEBpAQAAAGlGAAAAaf////95AAAAAAAAAAAAAAAAAADwP2wFAAAAAAAAAAAAAAAABCgFAAAAdAoAAABfX2ltcG9ydF9fdAUAAABta2RpcnQEAAAATm9uZXQEAAAAVHJ1ZXQFAAAAdXBwZXIoAwAAAHQBAAAAeHQBAAAAbnQBAAAAeSgAAAAAKAAAAABzBgAAADxtYWRlPnQIAAAAPGxhbWJkYT4BAAAAdAAAAAA=",  # noqa: E501
    "3.6": "4wIAAAAAAAAAAgAAAAkAAABDAAAAcywAAAB0AGQBgwFqAWQCgwFwKmQDZASEAHwAZAVkBmQLZAxkAGQJZApmCEQAgwFTACkNTtoCb3NaBm1hcmtlcmMBAAAAAAAAAAIAAAADAAAAUwAAAHMUAAAAZwB8AF0MfQF8AWoAgwCRAnEEUwCpACkB2gV1cHBlcikC2gIuMNoBeXICAAAAcgIAAAD6BjxtYWRlPvoKPGxpc3Rjb21wPgEAAABzAgAAAAYAehw8bGFtYmRhPi48bG9jYWxzPi48bGlzdGNvbXA+cwMAAAByYXdnAAAAAAAABEDpAQAAAOlGAAAAVHkAAAAAAAAAAAAAAAAAAPA/bAUAAAAAAAAAAAAAAAAE6f////8pAtoKX19pbXBvcnRfX9oFbWtkaXIpAtoBeNoBbnICAAAAcgIAAAByBgAAANoIPGxhbWJkYT4BAAAAcwAAAAA=",  # noqa: E501
    "3.7": "4wIAAAAAAAAAAgAAAAkAAABDAAAAcywAAAB0AGQBgwGgAWQCoQFwKmQDZASEAHwAZAVkBmQHZAhkAGQJZApmCEQAgwFTACkLTtoCb3NaBm1hcmtlcmMBAAAAAAAAAAIAAAAEAAAAUwAAAHMUAAAAZwB8AF0MfQF8AaAAoQCRAnEEUwCpACkB2gV1cHBlcikC2gIuMNoBeXICAAAAcgIAAAD6BjxtYWRlPvoKPGxpc3Rjb21wPgEAAABzAgAAAAYAehw8bGFtYmRhPi48bG9jYWxzPi48bGlzdGNvbXA+cwMAAAByYXdnAAAAAAAABEBsBQAAAAAAAAAAAAAAAATp/////1R5AAAAAAAAAAAAAAAAAADwPykC2gpfX2ltcG9ydF9f2gVta2RpcikC2gF42gFucgIAAAByAgAAAHIGAAAA2gg8bGFtYmRhPgEAAADzAAAAAA==",  # noqa: E501
    "3.8": "4wIAAAAAAAAAAAAAAAIAAAAJAAAAQwAAAHMsAAAAdABkAYMBoAFkAqEBcCpkA2QEhAB8AGQFZAZkB2QIZABkCWQKZghEAIMBUwApC07aAm9zWgZtYXJrZXJjAQAAAAAAAAAAAAAAAgAAAAQAAABTAAAAcxQAAABnAHwAXQx9AXwBoAChAJECcQRTAKkAKQHaBXVwcGVyKQLaAi4w2gF5cgIAAAByAgAAAPoGPG1hZGU+2go8bGlzdGNvbXA+AQAAAHMEAAAABgACAHocPGxhbWJkYT4uPGxvY2Fscz4uPGxpc3Rjb21wPnMDAAAAcmF3ZwAAAAAAAARAbAUAAAAAAAAAAAAAAAAE6f////9UeQAAAAAAAAAAAAAAAAAA8D8pAtoKX19pbXBvcnRfX9oFbWtkaXIpAtoBeNoBbnICAAAAcgIAAAByBgAAANoIPGxhbWJkYT4BAAAA8wAAAAA=",  # noqa: E501
    "3.9": "4wIAAAAAAAAAAAAAAAIAAAAJAAAAQwAAAHMsAAAAdABkAYMBoAFkAqEBcCpkA2QEhAB8AGQFZAZkB2QIZABkCWQKZghEAIMBUwApC07aAm9zWgZtYXJrZXJjAQAAAAAAAAAAAAAAAgAAAAQAAABTAAAAcxQAAABnAHwAXQx9AXwBoAChAJECcQRTAKkAKQHaBXVwcGVyKQLaAi4w2gF5cgIAAAByAgAAAPoGPG1hZGU+2go8bGlzdGNvbXA+AQAAAPMAAAAAehw8bGFtYmRhPi48bG9jYWxzPi48bGlzdGNvbXA+cwMAAAByYXdnAAAAAAAABEBsBQAAAAAAAAAAAAAAAATp/////1R5AAAAAAAAAAAAAAAAAADwPykC2gpfX2ltcG9ydF9f2gVta2RpcikC2gF42gFucgIAAAByAgAAAHIGAAAA2gg8bGFtYmRhPgEAAAByCAAAAA==",  # noqa: E501
    "3.10": "4wIAAAAAAAAAAAAAAAIAAAAJAAAAQwAAAHMsAAAAdABkAYMBoAFkAqEBcBVkA2QEhAB8AGQFZAZkB2QIZABkCWQKZghEAIMBUwApC07aAm9zWgZtYXJrZXJjAQAAAAAAAAAAAAAAAgAAAAQAAABTAAAAcxQAAABnAHwAXQZ9AXwBoAChAJECcQJTAKkAKQHaBXVwcGVyKQLaAi4w2gF5cgIAAAByAgAAAPoGPG1hZGU+2go8bGlzdGNvbXA+AQAAAHMCAAAAFAB6HDxsYW1iZGE+Ljxsb2NhbHM+LjxsaXN0Y29tcD5zAwAAAHJhd2cAAAAAAAAEQGwFAAAAAAAAAAAAAAAABOn/////VHkAAAAAAAAAAAAAAAAAAPA/KQLaCl9faW1wb3J0X1/aBW1rZGlyKQLaAXjaAW5yAgAAAHICAAAAcgYAAADaCDxsYW1iZGE+AQAAAHMCAAAALAA=",  # noqa: E501
    "3.11": "4wIAAAAAAAAAAAAAAAkAAAADAAAA824AAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAAAAAAAAAAAAAAAAZAKmAQAAqwEAAAAAAAAAAHATZAOEAHwAZARkBWQGZAdkAGQIZAlmCEQApgAAAKsAAAAAAAAAAABTACkKTtoCb3PaBm1hcmtlcmMBAAAAAAAAAAAAAAAEAAAAEwAAAPM2AAAAlwBnAHwAXRZ9AXwBoAAAAAAAAAAAAAAAAAAAAAAAAAAAAKYAAACrAAAAAAAAAAAAkQKMF1MAqQApAdoFdXBwZXIpAtoCLjDaAXlzAgAAACAg+gY8bWFkZT76CjxsaXN0Y29tcD56HDxsYW1iZGE+Ljxsb2NhbHM+LjxsaXN0Y29tcD4BAAAAcyAAAACAANA0dtA0dtA0dsAxsFG3V7JXsVm0WdA0dtA0dtA0dvMAAAAAcwMAAAByYXdnAAAAAAAABEBsBQAAAAAAAAAAAAAAAATp/////1R5AAAAAAAAAAAAAAAAAADwPykC2gpfX2ltcG9ydF9f2gVta2RpcikC2gF42gFucwIAAAAgIHIJAAAA+gg8bGFtYmRhPnIRAAAAAQAAAHNHAAAAgACNepgk0Q8f1A8f1w8l0g8loGnRDzDUDzDQD3bQNHbQNHbIEchG0FRX0Flg0GJk0GZq0Gxw0HJ00Eh10DR20TR21DR2gAByCwAAAA==",  # noqa: E501
    "3.12": "4wIAAAAAAAAAAAAAAAgAAAADAAAA85AAAACXAHQBAAAAAAAAAABkAasBAAAAAAAAagMAAAAAAAAAAAAAAAAAAAAAAABkAqsBAAAAAAAAeAFzJgEAfABkA2QEZAVkBmQAZAdkCGYIRACPAmMCZwBjAl0SAAB9AnwCagUAAAAAAAAAAAAAAAAAAAAAAACrAAAAAAAAAJECjBQEAGMCfQJTAGMCAQBjAn0CdwApCU7aAm9z2gZtYXJrZXJzAwAAAHJhd2cAAAAAAAAEQGwFAAAAAAAAAAAAAAAABOn/////VHkAAAAAAAAAAAAAAAAAAPA/KQPaCl9faW1wb3J0X1/aBW1rZGly2gV1cHBlcikD2gF42gFu2gF5cwMAAAAgICD6BjxtYWRlPvoIPGxhbWJkYT5yDAAAAAEAAABzRgAAAIAAjHqYJNMPH9cPJdEPJaBp0w8w0g92yBHIRtBUV9BZYNBiZNBmatBscNBydNBIddY0dsAxsFG3V7FXtVnSNHaAAPnSNHZzBQAAAKkXQQME",  # noqa: E501
    "3.13": "4wIAAAAAAAAAAAAAAAgAAAADAAAA85wAAACVAFsBAAAAAAAAAABTATUBAAAAAAAAUgMAAAAAAAAAAAAAAAAAAAAAAABTAjUBAAAAAAAAPQEoAAAAAAAAAGQnAAAgAFUAUwNTBFMFUwZTAFMHUwg0CBMAVgJzAi8AcwJIEgAAbyJSBQAAAAAAAAAAAAAAAAAAAAAAADUAAAAAAAAAUAJNFAAACwAgAHMCbgIkAHMCIABzAm4CZgApCU7aAm9z2gZtYXJrZXJzAwAAAHJhd2cAAAAAAAAEQGwFAAAAAAAAAAAAAAAABOn/////VHkAAAAAAAAAAAAAAAAAAPA/KQPaCl9faW1wb3J0X1/aBW1rZGly2gV1cHBlcikD2gF42gFu2gF5cwMAAAAgICDaBjxtYWRlPtoIPGxhbWJkYT5yDAAAAAEAAABzSwAAAIAAjHqYJNMPH9cPJdEPJaBp0w8w1w92yBHIRtBUV9BZYNBiZNBmatBscNBydNFIddM0dtFIdcAxt1exV7ZZ0Uh10TR20A92+dI0dnMFAAAArhhBCQQ=",  # noqa: E501
}


def bomb() -> bytes:
    """A code object whose constants are tuples of the same tuple, 60 levels deep."""
    body = b"\xa9\x01N"
    for number in range(60):
        body = b"\xa9\x02" + body + b"r" + (60 - number).to_bytes(4, "little")
    return body


def made(constants: bytes) -> bytes:
    numbers = b"\0" * 20
    text = b"z\x01x"
    return (
        b"c" + numbers + b"s\0\0\0\0" + constants + b")\0" * 2 + b"s\0\0\0\0" + text * 3 + b"\0" * 4 + b"s\0\0\0\0" * 2
    )


@pytest.mark.parametrize("version", WRITTEN)
def test_code_of_any_python_is_read(version):
    code = reader.read(base64.b64decode(WRITTEN[version]))
    assert {"__import__", "mkdir", "upper"} <= set(bytecode.names(code))
    assert {"'os'", "'marker'"} <= set(bytecode.constants(code))
    assert code.name == "<lambda>"
    assert code.variables[:2] == ("x", "n")
    assert code.filename == "<made>"


def test_the_running_python_is_disassembled():
    def function(x):
        return __import__("os").mkdir(x) if x else (lambda: global_name)  # noqa: F821

    lines = bytecode.disassembly(reader.read(marshal.dumps(function.__code__)))
    text = "\n".join(lines)
    for part in ("LOAD_GLOBAL __import__", "LOAD_CONST 'os'", "mkdir", "LOAD_GLOBAL global_name"):
        assert part in text


def test_other_pythons_are_left_to_names():
    assert bytecode.disassembly(reader.read(base64.b64decode(WRITTEN["3.8"]))) == []


@pytest.mark.parametrize("version", range(5))
def test_all_marshal_versions(version):
    source = compile(Path(reader.__file__).read_text("utf-8"), "x", "exec")
    code = reader.read(marshal.dumps(source, version))
    assert sorted(one.name for one in reader.nested(code)) == sorted(_names(source))


def test_shared_values_are_visited_once():
    code = reader.read(made(bomb()))
    assert len(list(reader.nested(code))) == 1
    assert bytecode.summary(code)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c",
        b"N",
        made(b")\xff"),
        made(b"(\xff\xff\xff\x7f"),
        made(b"[\xff\xff\xff\xff"),
        made(b"\x29\x01" * 5_000 + b"N"),
        made(b"r\x00\x00\x00\x00"),
        made(b"l\xff\xff\xff\x7f"),
        made(b"s\xff\xff\xff\x7f"),
        b"c" * 100_000,
    ],
)
def test_hostile_bytes_are_an_error(data):
    with pytest.raises(FormatError):
        reader.read(data)


def test_damaged_code_is_read_or_an_error():
    chosen = random.Random(5)
    for text in WRITTEN.values():
        whole = base64.b64decode(text)
        for _ in range(300):
            data = bytearray(whole[: chosen.randrange(len(whole) + 1)] if chosen.random() < 0.3 else whole)
            for _ in range(chosen.randrange(4)):
                if data:
                    data[chosen.randrange(len(data))] = chosen.randrange(256)
            try:
                code = reader.read(bytes(data))
            except FormatError:
                continue
            assert bytecode.summary(code)
            assert len(bytecode.disassembly(code)) <= bytecode.LINES


def _names(code):
    yield code.co_name
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
