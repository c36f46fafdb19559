# `make lab` opens the workbench on a fresh machine, `make test` runs every check; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
JS := workbench/widgets/js

LAB_ARGS ?=
PYTEST_ARGS ?=
# One worker a core; a file stays on one of them, for what its tests share.
TEST_WORKERS ?= --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BENCH_ARGS ?=
GUARD_ARGS ?=
CRASH_KILLS ?= 200
MUTATE_MINUTES ?= 30
MUTATE_ARGS ?=

# pip says only what goes wrong, and shows how far it is where someone looks on.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
define install
@$(PIP) install $(1) || { printf '%s\n' "" "Installing $(2) failed; pip's message is above. What helps most often:" \
	"  no connection, or a proxy: set HTTPS_PROXY, and PIP_INDEX_URL where your company has a mirror of its own" \
	"  a certificate that is not trusted: set PIP_CERT to the file with your company's certificates" \
	"  no space: 1.1 GB are needed here" \
	"Then say make again; what was downloaded is kept." >&2; exit 1; }
endef
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
COMMA := ,
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
.PHONY: help lab test check test-js test-py browser js protos docs picture dist test-python test-lowest bench bench-guard crash mutate format clean distclean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

lab: $(STAMPS)/lab ## set up and open JupyterLab on notebooks/ (options for it: LAB_ARGS="--no-browser --port=8899")
	@mkdir -p "$$HOME" notebooks
	$(say) "Opening JupyterLab on notebooks/index.ipynb; Ctrl+C twice ends it"
	@PATH="$(abspath $(BIN)):$$PATH" exec $(BIN)/python -m jupyterlab $(AS_ROOT) --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/index.ipynb $(LAB_ARGS)

test: check test-js test-py ## lint, types, JavaScript and Python tests

check: $(STAMPS)/test
	$(say) "Import contracts"
	@$(BIN)/lint-imports --no-logo
	$(say) "Lint and format"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	$(say) "Types"
	@$(BIN)/mypy

test-js: $(STAMPS)/test ## only the JavaScript tests
	$(say) "The browser bundle and the JavaScript tests"
	@$(BIN)/python build_support/js_bundle.py --check
	@cd $(JS) && "$(abspath $(BIN))/node" --test

test-py: $(STAMPS)/test browser ## only the Python tests (options for pytest: PYTEST_ARGS="-k mailbox")
	$(say) "Python tests"
	@$(BIN)/python -m pytest $(TEST_WORKERS) $(PYTEST_ARGS)

browser:
	@build_support/ensure-browser.sh

js: $(STAMPS)/js ## build the widgets' browser bundle, which is committed
	@$(BIN)/python build_support/js_bundle.py

protos: $(STAMPS)/test ## generate the code of protos/ anew
	@$(BIN)/python build_support/protos.py

docs: $(STAMPS)/docs ## build the documentation into docs/_build; any warning fails
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html
	$(say) "Built docs/_build/html/index.html"

picture: $(STAMPS)/test browser ## draw README's picture anew, from a real JupyterLab
	@$(BIN)/python -m build_support.picture

dist: $(STAMPS)/test ## build wheel and sdist, check them, and run the notebooks from the wheel in a clean environment
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist . > /dev/null
	@$(BIN)/python -m twine check --strict dist/*
	@$(BIN)/python tests/packaging/dist_smoke.py

test-python: ## the Python tests with another Python: make test-python PYTHON_VERSION=3.14 (root where it comes from Debian)
	@$(PYTHON) build_support/other_python.py "$(PYTHON_VERSION)" $(PYTEST_ARGS)

test-lowest: ## the tests of the runtime with the lowest versions of everything that pyproject.toml allows
	@$(PYTHON) build_support/lowest.py $(VENV)-lowest

bench-guard: $(STAMPS)/test ## fail if a turn takes a tenth more processor time than committed (a few seconds; a new figure: GUARD_ARGS=--accept)
	@$(BIN)/python -m tests.benchmarks.guard $(GUARD_ARGS)

bench: $(STAMPS)/bench ## measure against peers (options: BENCH_ARGS)
	@$(BIN)/python -m tests.benchmarks $(BENCH_ARGS)

crash: $(STAMPS)/test ## kill a kernel CRASH_KILLS times and check what survived
	@$(BIN)/python -m tests.crash --kills $(CRASH_KILLS)

mutate: $(STAMPS)/mutate ## change the code for MUTATE_MINUTES and look whether a test fails (options: MUTATE_ARGS="engine --seed=1")
	@$(BIN)/python -m build_support.mutate --minutes $(MUTATE_MINUTES) $(MUTATE_ARGS)

format: $(STAMPS)/test ## mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

clean: ## remove what was built; the environment stays
	rm -rf build dist docs/_build docs/reference docs/tutorials *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find runtime workbench tests build_support -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV) $(VENV)-* $(JS)/node_modules

# --- the environment: each stamp is one installation, made again when pyproject.toml changes ----------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "This needs Python 3.11 or newer; $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(say) "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/pip: | $(BIN)/python
	$(call install,--upgrade 'pip>=25.1',a current pip)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/js: pyproject.toml $(STAMPS)/pip
	$(say) "Installing Node.js into $(VENV), for the browser bundle"
	$(call install,--group js,Node.js)
	@touch $@

# Bytecode is made by what is started first, and only of what that imports: half a minute less.
$(STAMPS)/lab: pyproject.toml | $(BIN)/python
	$(say) "Installing JupyterLab and the workbench into $(VENV): one to three minutes, once, 1 GB"
	$(call install,--no-compile --editable '.[lab$(COMMA)notebooks$(COMMA)kubernetes]',JupyterLab and the workbench)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: pyproject.toml $(STAMPS)/pip
	$(say) "Installing the workbench and what its tests need into $(VENV)"
	$(call install,--editable '.[lab$(COMMA)notebooks$(COMMA)kubernetes$(COMMA)postgres$(COMMA)mysql]' --group test,the workbench and what its tests need)
	@touch $@

$(STAMPS)/docs: $(STAMPS)/test
	$(say) "Installing Sphinx"
	$(call install,--group docs,Sphinx)
	@touch $@

$(STAMPS)/bench: $(STAMPS)/test
	$(say) "Installing the peers to measure against"
	$(call install,--group bench,the peers)
	@touch $@

$(STAMPS)/mutate: $(STAMPS)/test
	$(say) "Installing cosmic-ray"
	$(call install,--group mutate,cosmic-ray)
	@touch $@
