# What a person types here: make demo | install | test | test-long | lint | bench | lock | migration | settings |
# manual | format | clean
# Each target makes its own virtual environment from a lock file with hashes; nothing else is needed but
# Python 3.11 or newer, make and git.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# The first interpreter that is new enough; PYTHON=/path/to/python overrides it.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; exit; }; done)

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED = --require-hashes --only-binary :all:
EDITABLE = --no-deps --no-build-isolation --editable .

.PHONY: demo install test test-long lint bench lock migration settings manual format clean

# ONCE=1 waits until everything is live, compares both shops with the catalogue, and ends.
demo: $(VENV)/.runtime
	$(BIN)/syncer demo $(if $(filter-out 0 no false,$(ONCE)),--once)

# What running Syncer needs, into $(VENV); then the command is $(VENV)/bin/syncer.
install: $(VENV)/.runtime

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(ARGS)

test-long: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses $(WORKERS) -m long --timeout 1800 $(ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only "$(ONLY)") $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --severity-level medium --configfile pyproject.toml --recursive syncer connectors config

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Until the first release there is one migration; it follows syncer/store/tables.py.
migration: $(VENV)/.dev
	$(BIN)/python -m syncer.store.migrations.regenerate
	$(BIN)/ruff format syncer/store/migrations/versions
	$(BIN)/ruff check --fix syncer/store/migrations/versions

# .env.example and docs/settings.md follow the table in config/settings.py.
settings: $(VENV)/.dev
	$(BIN)/python -m config.settings

# docs/cli.md follows the commands in syncer/cli.
manual: $(VENV)/.dev
	$(BIN)/python -m syncer.cli.manual

# The lock files name no registry, so they work with whichever one pip is set up for.
PIP_COMPILE = $(VENV)-lock/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

lock: $(VENV)-lock/.made
	$(PIP_COMPILE) $(ARGS) --extra build --output-file requirements.lock pyproject.toml
	$(PIP_COMPILE) $(ARGS) --extra build --extra test --extra lint --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) $(VENV)-lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .demo

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Syncer needs Python 3.11 or newer; say where: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what Syncer needs (once) ..."
	$(PIP_INSTALL) $(LOCKED) --requirement requirements.lock
	$(PIP_INSTALL) $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what the tests and checks need (once) ..."
	$(PIP_INSTALL) $(LOCKED) --requirement requirements-dev.lock
	$(PIP_INSTALL) $(EDITABLE)
	@touch $@ $(VENV)/.runtime

$(VENV)-lock/.made:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@touch $@
