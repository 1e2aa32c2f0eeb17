# Every target works on a fresh Debian 12 with python3, python3-venv and make; what it needs comes from PyPI, once.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# JavaScript clients for the system tests, where there is npm.
NODE = $(if $(shell command -v npm),tests/system/node/node_modules/.done)
export PYTHONPATH := $(CURDIR)

.PHONY: run test check unit lint types debian12 fuzz bench clean

# Set up the demonstration in var/ and serve it in the foreground; Ctrl-C stops it.
run: $(VENV)/.run
	@exec $(BIN)/python -m cgpymail.demo var

# All tests. Leaves out the system tests whose programs are missing, and says which.
test: $(VENV)/.test $(NODE)
	$(BIN)/python tests/run.py

# Lint, types, unit tests: under two minutes.
check: lint types unit

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint
	$(BIN)/mypy

unit: $(VENV)/.test
	$(BIN)/python -m pytest tests/unit -n 2

# The unit, contract, transcript and system tests on the versions that Debian 12 ships.
debian12: .venv-debian12/.test $(NODE)
	.venv-debian12/bin/python tests/run.py --protocols

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	touch $@ $(VENV)/.run

$(VENV)/.lint: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,lint]"
	touch $@ $(VENV)/.test $(VENV)/.run

.venv-debian12/.test: setup.cfg tests/debian12.txt
	$(PYTHON) -m venv .venv-debian12
	.venv-debian12/bin/python -m pip install --quiet --disable-pip-version-check -r tests/debian12.txt
	.venv-debian12/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

# Fuzz everything that parses, each target for SECONDS (default 60); TARGETS="imap-search mbox" names some.
SECONDS ?= 60
fuzz: .venv-fuzz/.fuzz
	.venv-fuzz/bin/python -m tests.fuzz.run --seconds $(SECONDS) $(TARGETS)

.venv-fuzz/.fuzz: setup.cfg
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check -e ".[test]" atheris
	touch $@

# cgpymail beside Dovecot (docs/benchmarks.md): ten minutes, or two with QUICK=1. OPTIONS="--only noop" for a part.
bench: $(VENV)/.run
	$(BIN)/python -m benchmarks.comparison $(if $(QUICK),--quick) $(OPTIONS)

$(NODE): tests/system/node/package.json
	npm install --prefix tests/system/node --no-package-lock --no-audit --no-fund --silent
	touch $@

clean:
	rm -rf tests/system/node/node_modules .venv .venv-debian12 .venv-fuzz .fuzz .coverage* .hypothesis .mypy_cache .ruff_cache build *.egg-info
