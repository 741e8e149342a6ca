"""Chat templates: ordinary ones pass, those that reach out of the text are told, and what they do is real."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import modelscan
from modelscan import Severity, Verdict
from modelscan.source.jinja import LONGEST

ORDINARY = r"""
{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'}}{% endfor %}
{{ bos_token }}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('No') }}{% endif %}
{{ messages[loop.index0 - 1]['content'] | trim }}{% if add %}{{ '<|im_start|>assistant\n' }}{% endif %}
{%- set ns = namespace(found=false) -%}{%- for m in messages[1:] -%}{% if m['role'] in ['system', 'user'] %}
{{ m.content.split('</think>')[-1].lstrip('\n') }}{% endif %}{%- endfor -%}{{ strftime_now('%d %b %Y') }}
{{ tools | map(attribute='function') | list | tojson(indent=4) }}{{ ['a', 'b'] | join(', ') }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{% macro show(x) %}{{ x }}{% endmacro %}
{{ '[AVAILABLE_TOOLS]' ~ tools | tojson ~ '[/AVAILABLE_TOOLS]' }}{{ tool['name'] | replace('_', ' ') }}
{{ '[INST] ' + message['content'] + ' [/INST]' }}{{ '<image>' * n }}{{ name.split('__')[0] }}
""".strip().split("\n")
REACHING = [
    "{{ x.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ x|attr('__class__') }}",
    "{{ x['__cla' ~ 'ss__'] }}",
    "{{ x['__cla' + 'ss__'] }}",
    "{{ x['__cla' 'ss__'] }}",
    "{{ x[['__cla', 'ss__']|join] }}",
    "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ x|attr('\\u005f_class__') }}",
    "{{ x['\\137\\137class__'] }}",
    "{{ '}}' ~ x.__class__ }}",
    '{{ "{#" }}{{ x.__class__ }}{{ "#}" }}',
    "{{ '{0.__class__}'.format(x) }}",
    "{{ g.gi_frame.f_builtins }}",
    "{{ x.mro() }}",
    "{{ x['__CLASS__'.lower()] }}",
]
COMPUTING = {
    "{{ x|map('attr', y) }}": "MS-J002",
    "{{ x|attr(y) }}": "MS-J002",
    "{% set u = '_' * 2 %}{{ x[u ~ 'class' ~ u] }}": "MS-J003",
    "{{ x['ssalc'|reverse] }}": "MS-J003",
    "{{ x[a ~ b] }}": "MS-J003",
    "{{ x['%c%cclass'|format(95, 95)] }}": "MS-J003",
    "{% include '/etc/passwd' %}": "MS-J004",
    "{%- import 'other' as other -%}": "MS-J004",
}


def scan(folder, value, name="tokenizer_config.json"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return modelscan.scan(path)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_templates_pass(text, tmp_path):
    report = scan(tmp_path, {"chat_template": text, "bos_token": "<s>"})
    assert (report.verdict, [row.format for row in report.artifacts]) == (Verdict.SAFE, ["model configuration"])
    assert report.skips == ()


@pytest.mark.parametrize("text", REACHING)
def test_a_template_that_reaches_into_python_is_told(text, tmp_path):
    report = scan(tmp_path, {"chat_template": text})
    assert ("MS-J001", Severity.CRITICAL) in [(row.rule, row.severity) for row in report.findings]
    assert {row.where.path for row in report.findings} == {"chat_template"}


@pytest.mark.parametrize(("text", "rule"), COMPUTING.items())
def test_what_it_hides_or_opens_is_told(text, rule, tmp_path):
    assert rule in [row.rule for row in scan(tmp_path, {"chat_template": text}).findings]


def test_wherever_a_loader_looks_for_one(tmp_path):
    evil = REACHING[0]
    named = [{"name": "default", "template": ORDINARY[0]}, {"name": "tools", "template": evil}]
    [found] = scan(tmp_path, {"chat_template": named}).findings
    assert found.where.path == "chat_template[1].template"
    assert scan(tmp_path, {"chat_template": {"tools": evil}}, "processor_config.json").refused
    assert scan(tmp_path, {"chat_template": evil}, "chat_template.json").refused
    assert scan(tmp_path, evil, "chat_template.jinja").refused
    assert scan(tmp_path, evil, "additional_chat_templates/tools.jinja").refused
    assert scan(tmp_path, json.dumps({"x": evil}).replace("x", "\\u0063hat_template", 1)).refused


def test_a_configuration_that_names_code_is_told_and_no_more(tmp_path):
    report = scan(
        tmp_path, {"auto_map": {"AutoModel": "modeling.Net", "AutoTokenizer": ["tok.Slow", None]}}, "config.json"
    )
    assert [(row.severity, row.where.path, row.operator) for row in report.findings] == [
        (Severity.LOW, "auto_map.AutoModel", "modeling.Net"),
        (Severity.LOW, "auto_map.AutoTokenizer[0]", "tok.Slow"),
    ]
    assert not report.refused


def test_what_is_no_template_is_skipped_and_what_is_too_long_is_not_safe(tmp_path):
    for value, name in (
        ({"model_type": "bert"}, "config.json"),
        ("{", "config.json"),
        ("hello", "x.jinja"),
        ([], "config.json"),
    ):
        assert scan(tmp_path, value, name).skips
    report = scan(tmp_path, {"chat_template": "{{ x }}" + " " * LONGEST})
    assert (report.verdict, report.failures[0].code) == (Verdict.INCONCLUSIVE, "limit")


LIVE = """\
import json, sys
from jinja2 import Environment
from jinja2.sandbox import ImmutableSandboxedEnvironment
text = json.load(open("tokenizer_config.json"))["chat_template"]
try:
    ImmutableSandboxedEnvironment().from_string(text).render(messages=[])
except Exception as error:
    print(type(error).__name__)
Environment().from_string(text).render(messages=[])
"""


def test_such_a_template_runs_code_where_nothing_holds_it(tmp_path):
    """As the renderers of CVE-2024-34359 did; the sandbox of transformers stops this one."""
    pytest.importorskip("jinja2")
    report = scan(tmp_path, {"chat_template": "{{ cycler.__init__.__globals__.os.mkdir('marker') }}"})
    assert report.refused
    done = subprocess.run([sys.executable, "-c", LIVE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "SecurityError\n"
    assert (tmp_path / "marker").is_dir()
