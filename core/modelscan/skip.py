"""What modelscan 0.8 says about files that it leaves out."""

from __future__ import annotations

from modelscan.defaults import Property


class SkipCategories:
    SCAN_NOT_SUPPORTED = Property("SCAN_NOT_SUPPORTED", 1)
    BAD_ZIP = Property("BAD_ZIP", 2)
    MODEL_CONFIG = Property("MODEL_CONFIG", 3)
    H5_DATA = Property("H5_DATA", 4)
    NOT_IMPLEMENTED = Property("NOT_IMPLEMENTED", 5)
    MAGIC_NUMBER = Property("MAGIC_NUMBER", 6)


class ModelScanSkipped:
    """One file or member that was left out."""

    def __init__(self, scan_name: str, category: Property, message: str, source: str) -> None:
        self.scan_name, self.category, self.message, self.source = scan_name, category, message, str(source)

    def __str__(self) -> str:
        return f"{self.source}: {self.message} ({self.scan_name})"
