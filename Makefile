# Every command a person needs. `make` alone lists them.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# One more than the two cores of a small machine: tests wait for browsers, servers and processes of their own.
WORKERS ?= 3
# A file stays on one worker, for the sake of what its tests share, in the order of tests/conftest.py.
FILES  := $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# What shares nothing goes to whoever is free, one test at a time.
ONES   := $(BIN)/python -m pytest -q -n $(WORKERS) --dist load --maxschedchunk 1

.PHONY: help demo serve test suites unit check lint types audit e2e fuzz bench docs clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.server: requirements.txt pyproject.toml
	@echo "Installing what the portal runs on (once; a minute or two) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.server
	@echo "Installing what tests and linters need (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

# Fetched, not kept here. Without npm or a network nothing is made, and the test of these vectors says so.
$(VENV)/cctv-age.tgz: $(VENV)/.dev tests/vectors/cctv_age.py
	@$(BIN)/python -m tests.vectors.cctv_age $@

demo: $(VENV)/.server  ## the whole life of a gated release, for real, on this machine
	@$(BIN)/python manage.py demo

serve: $(VENV)/.server  ## keep the demo's portal open in the browser
	@$(BIN)/python manage.py demo --serve

# Types are one process, and take longer than the other linters together: they are read beside the first tests.
test: $(VENV)/.dev $(VENV)/cctv-age.tgz lint  ## everything: linters, tests on SQLite and on PostgreSQL, the browser
	@$(MAKE) --no-print-directory --jobs 2 types suites

suites:
	@$(FILES) -m "not browser"
	@$(ONES) tests/browser
	@$(BIN)/python -m tests.with_postgres $(FILES) -m database

unit: $(VENV)/.dev $(VENV)/cctv-age.tgz  ## the quick tests alone
	@$(BIN)/python -m pytest -q -n $(WORKERS) tests/unit

check: lint types  ## linters, types, import contracts, bandit, migrations, settings

types: $(VENV)/.dev
	@$(BIN)/mypy --no-fast-exit portal licenses weights_vault

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.audits
	@DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py makemigrations --check --dry-run
	@DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py check

# In an environment of its own: the auditor is no part of what it audits. Each name that the service does not
# know fails, so that a service out of reach, or a mirror without advisories, is never taken for a clean bill.
audit:  ## known vulnerabilities of every pinned package; asks PyPI, so it needs a network
	@test -x $(VENV)-audit/bin/pip-audit || $(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off \
		--requirement requirements.txt --requirement requirements-dev.txt \
		|| { echo "Not audited, or not clean: see the line above." >&2; exit 1; }

e2e: $(VENV)/.dev  ## browser tests alone
	@$(ONES) tests/browser

bench: $(VENV)/.dev  ## the ratio tables of docs/reference/benchmarks.md, beside their peers
	@$(BIN)/python -m tests.benchmarks

fuzz: $(VENV)/.dev  ## a million inputs for each reader of the sealed format; half an hour
	@$(BIN)/python -m tests.fuzz

docs: $(VENV)/.dev  ## write the generated pages of docs/reference again
	@DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py statemachine
	@$(BIN)/python -m tests.audits.pages
	@DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py rolematrix

clean:  ## remove what was made here: the virtual environment and var/
	rm -rf $(VENV) $(VENV)-audit var .mypy_cache .ruff_cache .hypothesis .import_linter_cache
