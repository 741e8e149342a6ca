"""The table of old scanners says what the settings file of modelscan 0.8 says."""

from __future__ import annotations

from modelscan.contract import SCANNERS, template


def test_scanners_are_those_of_the_settings_file():
    said = {name: tuple(row["supported_extensions"]) for name, row in template()["scanners"].items()}
    assert {scanner.dotted: scanner.extensions for scanner in SCANNERS} == said
