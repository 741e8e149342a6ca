"""`python -m modelscan`."""

from modelscan.cli import main

main()
