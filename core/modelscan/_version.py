"""The version as modelscan 0.8 had it: `from modelscan._version import __version__`."""

from modelscan.version import version

__version__ = version()
