# Everything a person or CI does with this repository. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV   := .venv
PYTHON := $(VENV)/bin/python
BENCH  := .venv-bench
DONE   := .setup

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: setup ## Start Flotilla: http://127.0.0.1:8000 (PORT=... for another port)
	@exec $(VENV)/bin/flotilla run

.PHONY: setup
setup: $(DONE)/backend $(DONE)/kernel $(DONE)/page ## Install everything and build the page

.PHONY: test
test: setup $(DONE)/dev ## Run every check and test
	@CHECKS="$(CHECKS)" scripts/test

.PHONY: bench
bench: setup $(DONE)/bench ## Measure beside the peers, in one table (ONLY=backtest: one group)
	@cd backend && ../$(BENCH)/bin/python -m pytest -q -c benchmarks/pytest.ini --rootdir . benchmarks$(if $(ONLY),/test_$(ONLY).py)

.PHONY: soak
soak: setup $(DONE)/dev ## Trade an hour at 60 times speed with 1,000 bots (MINUTES=10: shorter)
	@cd backend && ../$(PYTHON) -m benchmarks.soak --minutes $(or $(MINUTES),60)

.PHONY: soak-crash
soak-crash: setup $(DONE)/dev ## Kill the engine a thousand times in the middle of its work (KILLS=, SEED=)
	@cd backend && ../$(PYTHON) -m pytest -q -s tests/integration/soak_crashes.py

.PHONY: api
api: $(DONE)/backend $(DONE)/modules ## Generate openapi.json and the page's client from the backend
	$(VENV)/bin/flotilla openapi > frontend/openapi.json
	cd frontend && npm run --silent api

.PHONY: format
format: $(DONE)/dev ## Format the code
	cd backend && ../$(VENV)/bin/ruff check --fix --quiet . ../e2e; ../$(VENV)/bin/ruff format --quiet . ../e2e
	cd frontend && npm run --silent lint -- --fix

.PHONY: lock
lock: $(DONE)/dev ## Resolve the Python dependencies anew into backend/requirements/
	scripts/lock

.PHONY: clean
clean: ## Remove what setup and builds made (the data folder stays)
	rm -rf $(VENV) $(BENCH) $(DONE) frontend/node_modules frontend/dist

# --- what setup consists of; each step leaves a stamp and is redone when its inputs change --------

$(DONE)/python: scripts/find-python
	@mkdir -p $(DONE)
	@python=$$(scripts/find-python) && { [ -x $(PYTHON) ] || "$$python" -m venv $(VENV); }
	@touch $@

$(DONE)/backend: $(DONE)/python backend/requirements/run.txt backend/pyproject.toml
	@echo "Installing the backend ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements/run.txt
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -e backend
	@touch $@

# What is compiled is named by these sources: another version of them is compiled anew.
KERNEL_SOURCES := $(wildcard backend/flotilla/domain/kernel/*.py backend/flotilla/research/model/*.py) \
	backend/flotilla/domain/codes.py backend/flotilla/research/timeline.py

$(DONE)/kernel: $(DONE)/backend $(KERNEL_SOURCES)
	@echo "Compiling the decision kernel ..."
	@$(VENV)/bin/flotilla warm
	@touch $@

$(DONE)/dev: $(DONE)/backend backend/requirements/dev.txt
	@echo "Installing the development tools ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements/dev.txt
	@touch $@

# The peers have an environment of their own: nothing else may come to need them.
$(DONE)/bench: $(DONE)/python backend/requirements/bench.txt backend/pyproject.toml
	@echo "Installing what is measured beside ours ..."
	@[ -x $(BENCH)/bin/python ] || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements/bench.txt
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e backend
	@touch $@

$(DONE)/node: scripts/check-node
	@mkdir -p $(DONE)
	@scripts/check-node
	@touch $@

$(DONE)/modules: $(DONE)/node frontend/package-lock.json
	@echo "Installing the page's packages ..."
	@cd frontend && npm ci --silent --no-audit --no-fund
	@touch $@

PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)

$(DONE)/page: $(DONE)/modules $(PAGE_SOURCES)
	@echo "Building the page ..."
	@cd frontend && npm run --silent build -- --logLevel warn
	@touch $@
