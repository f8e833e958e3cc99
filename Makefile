# `make` alone prints this help.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
MIN ?= 10
PYTEST := $(BIN)/python -m pytest
# A core a process; what talks to a JACK server has the machine to itself.
TESTS = OMP_NUM_THREADS=1 $(PYTEST) -m 'not live' -n auto --maxprocesses 4 --dist loadfile && $(PYTEST) -m live
.DEFAULT_GOAL := help
.PHONY: help install play test check bench soak format screenshots clean

help: ## print this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(BIN)/python:
	@$(or $(PYTHON),false) -c '$(FITS)' || \
	  { echo "Ghostnote needs Python 3.11 or 3.12; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.play: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.play
	$(PIP) -e '.[train,dev,audio,web]'
	@touch $@

install: $(VENV)/.play ## set up what playing needs, in .venv

play: install ## open the instrument
	@$(BIN)/ghostnote

test: $(VENV)/.test ## set up all and run all tests
	$(TESTS)

check: $(VENV)/.test ## format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TESTS)

format: $(VENV)/.test ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## measure speed, lateness and size here
	$(BIN)/ghostnote bench

soak: install ## play for MIN minutes and report what drifted, hung or was late
	$(BIN)/ghostnote bench --only soak --seconds $$(( $(MIN) * 60 ))

screenshots: install ## draw the README's pictures anew
	$(BIN)/python -m instrument.tui.screenshot docs

clean: ## remove what was built
	rm -rf $(VENV) build dist *.egg-info
