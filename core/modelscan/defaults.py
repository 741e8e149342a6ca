"""What `modelscan.settings` of modelscan 0.8 held. It is still found there: `from modelscan.settings import …`.

The dict is plain, with text for keys, so that it can be written as TOML and read back.
"""

from __future__ import annotations

import copy
from typing import Any

from modelscan.contract import template, template_text
from modelscan.records import dataclass
from modelscan.version import version

__all__ = ["DEFAULT_REPORTING_MODULES", "DEFAULT_SETTINGS", "Property", "SettingsUtils", "SupportedModelFormats"]


@dataclass(frozen=True, slots=True)
class Property:
    """A name and its value."""

    name: str
    value: Any


class SupportedModelFormats:
    TENSORFLOW = Property("TENSORFLOW", "tensorflow")
    KERAS_H5 = Property("KERAS_H5", "keras_h5")
    KERAS = Property("KERAS", "keras")
    NUMPY = Property("NUMPY", "numpy")
    PYTORCH = Property("PYTORCH", "pytorch")
    PICKLE = Property("PICKLE", "pickle")


DEFAULT_REPORTING_MODULES = {
    "console": "modelscan.reports.ConsoleReport",
    "json": "modelscan.reports.JSONReport",
}

DEFAULT_SETTINGS: dict[str, Any] = {"modelscan_version": version(), **copy.deepcopy(dict(template()))}
"""Whoever passes it on may change it first; nothing here ever does."""


class SettingsUtils:
    @staticmethod
    def get_default_settings_as_toml() -> str:
        """A settings file that reads back as the defaults."""
        return template_text()
