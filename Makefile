# Everything runs in .venv, which is made on first use: Python 3.11+, make and git are all it takes.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEMO := demo

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check format golden clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sparkify needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## simulate a month of events, load it, look at it
	$(BIN)/sparkify demo $(DEMO)

test: $(STAMP) ## run the tests
	$(BIN)/pytest -n auto --dist worksteal -m "not long"

test-long: $(STAMP) ## run the tests with thousands of examples
	SPARKIFY_TEST_LONG=1 $(BIN)/pytest -n auto --dist worksteal

check: $(STAMP) ## format and lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format the code, fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(STAMP) ## write the golden files anew; read their diff
	SPARKIFY_WRITE_GOLDEN=1 $(BIN)/pytest tests/golden

clean: ## remove the environment and the caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis $(DEMO)
