"""`python -m modelscan`."""

from modelscan.cli import program

program()
