# Everything runs in .venv, which is made on first use: Python 3.11+, make and git are all it takes. The demo alone needs
# a tenth of what the tests need: without .venv it has a small environment of its own.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEMO := demo
LEAN := .venv-demo
DEMO_ENV := $(if $(wildcard $(STAMP)),.venv,$(LEAN))

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check bench format golden docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sparkify needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(LEAN)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sparkify needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(LEAN)
	$(LEAN)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(LEAN)/bin/pip install --quiet --disable-pip-version-check --no-deps .
	@touch $@

demo: $(DEMO_ENV)/.installed ## simulate a month of events, load it, look at it
	$(DEMO_ENV)/bin/sparkify demo $(DEMO)

test: $(STAMP) ## run the tests
	$(BIN)/pytest -n auto --dist worksteal -m "not long"

test-long: $(STAMP) ## run the tests with thousands of examples
	SPARKIFY_TEST_LONG=1 $(BIN)/pytest -n auto --dist worksteal

check: $(STAMP) ## format and lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## measure every budget; BENCH="--only M day" names some (benchmarks/budgets.py)
	$(BIN)/python -m benchmarks.budgets $(BENCH)

format: $(STAMP) ## format the code, fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(STAMP) ## write the golden files again; read their diff
	SPARKIFY_WRITE_GOLDEN=1 $(BIN)/pytest tests/golden

docs: $(STAMP) ## build the documentation as a site, in site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

clean: ## remove the environment and the caches
	rm -rf .venv $(LEAN) site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis $(DEMO)
