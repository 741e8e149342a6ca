# Each verb makes what it needs in .venv and reuses it, so that each is one command on a fresh machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo notebooks test lint format check bench fuzz promises zoo docs screenshots clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/.demo ## scan real models, see a poisoned one refused in a notebook, write build/tour.html
	$(PY) tools/demo.py

notebooks: $(VENV)/.test ## build notebooks/*.ipynb from their sources
	$(PY) tools/build_notebooks.py

test: $(VENV)/.test ## run all tests
	$(PY) -m pytest

lint: $(VENV)/.lint ## check style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) tools/build_reference.py --check
	$(PY) tools/build_commands.py --check

format: $(VENV)/.lint ## rewrite the sources in house style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

check: lint test docs ## everything that CI runs

bench: $(VENV)/.test ## time scans and guarded loads against bare loads, in interleaved pairs
	$(PY) -m benchmarks
	$(PY) -m benchmarks.guarded
	$(PY) -m benchmarks.calls
	$(PY) -m benchmarks.pools
	$(PY) -m benchmarks.hostile
	$(PY) -m benchmarks.large
	$(PY) -m benchmarks.graphs
	$(PY) -m benchmarks.commands
	$(PY) -m benchmarks.notebooks
	$(PY) -m benchmarks.extension

fuzz: $(VENV)/.test ## hold the pickle machine against every Python there is, then damage files until loads crash (FOR="--minutes 5")
	$(PY) -m tests.fuzz --cases 1000000 $(FOR)
	$(PY) -m tests.fuzz.crashes --cases 1000000 $(FOR)

promises: $(VENV)/.test ## use every trusted name with hostile arguments and tell which promise is broken
	$(PY) -m tests.promises

zoo: $(VENV)/.test ## write ordinary files of all that is installed, tell how many are refused, and load them guarded (SETS="fifth sixth")
	$(PY) tools/zoo $(SETS) --load

docs: $(VENV)/.docs ## build the documentation into build/docs
	$(PY) tools/build_reference.py
	$(PY) tools/build_commands.py
	$(PY) -m sphinx -W --keep-going -b html docs build/docs

screenshots: $(VENV)/.test ## draw docs/images in JupyterLab, light and dark (needs Chromium)
	$(PY) tools/screenshot.py

clean: ## remove what the verbs made
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(PY):
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip

$(VENV)/.%: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --editable ".[$*]"
	@touch $@
