"""A GGUF file is SAFE when its header can be followed and its chat template reaches nowhere."""

from __future__ import annotations

import struct

import pytest

import modelscan
from modelscan.limits import Limits
from modelscan.policy import Policy

ORDINARY = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}{% endfor %}"
EVIL = "{{ cycler.__init__.__globals__.os.mkdir('marker') }}"
WIDTHS = "BbHhIif?"


class Writer:
    def __init__(self, order: str = "<", version: int = 3) -> None:
        self.order, self.version = order, version
        self.settings: list[bytes] = []
        self.tensors: list[bytes] = []

    def number(self, code: str, value: float) -> bytes:
        return struct.pack(self.order + code, value)

    def text(self, value: str) -> bytes:
        return self.number("Q", len(value.encode())) + value.encode()

    def setting(self, name: str, kind: int, value: bytes) -> None:
        self.settings.append(self.text(name) + self.number("I", kind) + value)

    def texts(self, name: str, *values: str) -> None:
        self.setting(name, 9, self.number("I", 8) + self.number("Q", len(values)) + b"".join(map(self.text, values)))

    def tensor(self, name: str, *shape: int, offset: int = 0) -> None:
        sizes = b"".join(self.number("Q", size) for size in shape)
        head = self.text(name) + self.number("I", len(shape)) + sizes
        self.tensors.append(head + self.number("I", 0) + self.number("Q", offset))

    def data(self, tensors: int | None = None, settings: int | None = None) -> bytes:
        counts = (
            len(self.tensors) if tensors is None else tensors,
            len(self.settings) if settings is None else settings,
        )
        head = b"GGUF" + self.number("I", self.version) + b"".join(self.number("Q", count) for count in counts)
        return head + b"".join(self.settings) + b"".join(self.tensors) + bytes(256)


def written(template: str = ORDINARY, order: str = "<", version: int = 3) -> Writer:
    made = Writer(order, version)
    made.setting("general.architecture", 8, made.text("llama"))
    for kind, code in enumerate(WIDTHS):
        made.setting(f"llama.number{kind}", kind, made.number(code, 1))
    for kind, code in ((10, "Q"), (11, "q"), (12, "d")):
        made.setting(f"llama.number{kind}", kind, made.number(code, 7))
    made.texts("tokenizer.ggml.tokens", "<s>", "</s>", "a")
    made.setting("tokenizer.ggml.scores", 9, made.number("I", 6) + made.number("Q", 3) + bytes(12))
    made.setting("tokenizer.chat_template", 8, made.text(template))
    made.tensor("token_embd.weight", 4, 3)
    made.tensor("output.weight", 4, offset=64)
    return made


@pytest.mark.parametrize(("order", "version"), [("<", 2), ("<", 3), (">", 3)])
def test_an_ordinary_file_is_safe(order, version):
    report = modelscan.scan(written(order=order, version=version).data())
    assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())
    assert report.artifacts[0].format == "GGUF"


@pytest.mark.parametrize("key", ["tokenizer.chat_template", "tokenizer.chat_template.tool_use"])
def test_a_template_that_reaches_into_python_is_refused(key):
    made = written()
    made.settings.pop()
    made.setting(key, 8, made.text(EVIL))
    report = modelscan.scan(made.data())
    assert report.refused
    assert report.findings[0].where.path == key


def test_a_template_among_several_is_told():
    made = written()
    made.texts("tokenizer.chat_templates", ORDINARY, EVIL)
    assert modelscan.scan(made.data()).refused


def crooked():
    made = written()
    yield "tensors that are not there", made.data(tensors=9)
    yield "more items than bytes", made.data(tensors=1 << 60)
    yield "more settings than bytes", made.data(settings=1 << 62)
    yield "cut off", made.data()[:200]
    yield "a version of tomorrow", written(version=9).data()
    yield "the magic alone", b"GGUF"
    made = written()
    made.settings.append(made.settings[0])
    yield "twice the same", made.data()
    made = written()
    made.setting("odd", 77, b"")
    yield "a type of its own", made.data()
    made = written()
    made.setting("odd", 9, made.number("I", 6) + made.number("Q", (1 << 62) + 1) + bytes(4))
    yield "a size that overflows", made.data()
    made = written()
    made.setting("odd", 9, (made.number("I", 9) + made.number("Q", 1)) * 60)
    yield "lists in lists", made.data()
    made = written()
    made.tensor("flat", *[1] * 9)
    yield "nine dimensions", made.data()
    made = written()
    made.tensor("far", 4, offset=1 << 40)
    yield "a tensor behind the file", made.data()
    made = written()
    made.setting("odd", 8, made.number("Q", (1 << 64) - 1))
    yield "a text without end", made.data()


@pytest.mark.parametrize("data", [data for _, data in crooked()], ids=[name for name, _ in crooked()])
def test_what_cannot_be_followed_is_not_safe(data):
    report = modelscan.scan(data)
    assert report.verdict == "INCONCLUSIVE"
    assert report.refused
    assert report.failures[0].code == "gguf"


def test_a_header_over_the_limit_is_not_safe():
    report = modelscan.scan(written().data(), Policy(limits=Limits(metadata=300)))
    assert [failure.code for failure in report.failures] == ["limit"]


def test_any_part_of_a_file_is_read_without_an_error():
    data = written().data()
    for size in range(4, len(data) - 256):
        assert modelscan.scan(data[:size]).verdict == "INCONCLUSIVE"
