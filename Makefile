# `make lab` opens the workbench on a fresh machine, `make test` runs every check; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
JS := workbench/widgets/js
BUNDLE := workbench/widgets/static/workbench.js
JS_SOURCES := $(shell find $(JS) \( -name node_modules -o -name test \) -prune -o \( -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.json' \) -print 2>/dev/null)

LAB_ARGS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
CRASH_KILLS ?= 200

# At a terminal pip shows what it does; in a log only what goes wrong.
PIP := $(BIN)/python -m pip --disable-pip-version-check$(if $(CI), --quiet --quiet)
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
say = @printf '\033[1m==> %s\033[0m\n'

# Without bytecode JupyterLab and every kernel take seconds longer to start.
unexport PYTHONDONTWRITEBYTECODE
export npm_config_cache := $(abspath $(VENV))/.npm
# Jupyter and pip write to the home folder; without a usable one they get one here.
ifeq ($(shell test -n "$$HOME" && test -d "$$HOME" && test -w "$$HOME" && echo usable),)
export HOME := $(abspath $(VENV))/home
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test check test-js test-py browser js protos bench crash format clean distclean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

lab: $(STAMPS)/lab $(BUNDLE) ## set up and open JupyterLab on notebooks/ (options for it: LAB_ARGS="--no-browser --port=8899")
	$(say) "Opening JupyterLab on notebooks/"
	@mkdir -p "$$HOME" notebooks
	@PATH="$(abspath $(BIN)):$$PATH" exec $(BIN)/python -m jupyterlab $(AS_ROOT) --ServerApp.root_dir=notebooks $(LAB_ARGS)

test: check test-js test-py ## lint, types, JavaScript and Python tests

check: $(STAMPS)/test
	$(say) "Import contracts"
	@$(BIN)/lint-imports --no-logo
	$(say) "Lint and format"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	$(say) "Types"
	@$(BIN)/mypy

test-js: $(STAMPS)/test $(BUNDLE) ## only the JavaScript tests
	$(say) "JavaScript tests"
	@cd $(JS) && "$(abspath $(BIN))/node" --test

test-py: $(STAMPS)/test $(BUNDLE) browser ## only the Python tests (options for pytest: PYTEST_ARGS="-k mailbox")
	$(say) "Python tests"
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

browser:
	@build_support/ensure-browser.sh

js: $(BUNDLE) ## build the widgets' browser bundle

protos: $(STAMPS)/test ## generate the code of protos/ anew
	@$(BIN)/python build_support/protos.py

bench: $(STAMPS)/bench ## measure against peers (options: BENCH_ARGS)
	@$(BIN)/python -m tests.benchmarks $(BENCH_ARGS)

crash: $(STAMPS)/test ## kill a kernel CRASH_KILLS times and check what survived
	@$(BIN)/python -m tests.crash --kills $(CRASH_KILLS)

format: $(STAMPS)/test ## mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

clean: ## remove what was built; the environment stays
	rm -rf build dist *.egg-info workbench/widgets/static .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find runtime workbench tests build_support -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV) $(JS)/node_modules

# --- the environment: each stamp is one installation, made again when pyproject.toml changes ----------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "This needs Python 3.11 or newer; $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(say) "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/pip: | $(BIN)/python
	@$(PIP) install --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/js: pyproject.toml $(STAMPS)/pip
	$(say) "Installing Node.js into $(VENV), for the browser bundle"
	@$(PIP) install --group js
	@touch $@

$(BUNDLE): $(JS_SOURCES) | $(STAMPS)/js
	$(say) "Building the browser bundle"
	@$(BIN)/python build_support/js_bundle.py

$(STAMPS)/lab: pyproject.toml $(STAMPS)/pip | $(BUNDLE)
	$(say) "Installing the workbench and JupyterLab into $(VENV) (the first time takes a few minutes)"
	@$(PIP) install --editable '.[lab,notebooks]'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib runtime workbench > /dev/null || true
	@touch $@

$(STAMPS)/test: pyproject.toml $(STAMPS)/pip | $(BUNDLE)
	$(say) "Installing the workbench and what its tests need into $(VENV)"
	@$(PIP) install --editable '.[lab,notebooks,postgres,mysql]' --group test
	@touch $@

$(STAMPS)/bench: $(STAMPS)/test
	$(say) "Installing the peers to measure against"
	@$(PIP) install --group bench
	@touch $@
