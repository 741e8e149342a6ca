"""What modelscan 0.8 says about scans that failed. `modelscan.errors` holds the exceptions of this package.

ErrorBase
├── ModelScanError            MODEL_SCAN
│   └── ModelScanScannerError MODEL_SCAN, in one file
│       ├── DependencyError   DEPENDENCY
│       ├── PickleGenopsError PICKLE_GENOPS
│       └── JsonDecodeError   JSON_DECODE
└── PathError                 PATH
    └── NestedZipError        NESTED_ZIP
"""

from __future__ import annotations

from pathlib import Path

from modelscan.model import Model


class ErrorBase(Exception):
    """They are rows of a scan's `errors`. That they are exceptions too lets callers write `except ModelScanError`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message

    @staticmethod
    def name() -> str:
        raise NotImplementedError

    def to_dict(self) -> dict[str, str]:
        return {"category": self.name(), "description": self.message}


class ModelScanError(ErrorBase):
    @staticmethod
    def name() -> str:
        return "MODEL_SCAN"


class ModelScanScannerError(ModelScanError):
    def __init__(self, scan_name: str, message: str, model: Model) -> None:
        super().__init__(message)
        self.scan_name, self.model = scan_name, model

    def __str__(self) -> str:
        return f"{self.model.get_source()}: {self.message} ({self.scan_name})"

    def to_dict(self) -> dict[str, str]:
        return {**super().to_dict(), "source": str(self.model.get_source())}


class DependencyError(ModelScanScannerError):
    @staticmethod
    def name() -> str:
        return "DEPENDENCY"


class PickleGenopsError(ModelScanScannerError):
    @staticmethod
    def name() -> str:
        return "PICKLE_GENOPS"


class JsonDecodeError(ModelScanScannerError):
    @staticmethod
    def name() -> str:
        return "JSON_DECODE"


class PathError(ErrorBase):
    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"

    @staticmethod
    def name() -> str:
        return "PATH"

    def to_dict(self) -> dict[str, str]:
        return {**super().to_dict(), "source": str(self.path)}


class NestedZipError(PathError):
    @staticmethod
    def name() -> str:
        return "NESTED_ZIP"
