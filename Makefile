# Everything a person runs. `make help` lists the targets.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
FRONTEND := $(wildcard frontend/package-lock.json)
NPM := npm --prefix frontend
EXPORT := export --system-certs --quiet --all-extras --format requirements-txt --no-emit-project --no-header --python 3.11
# Node brings its own list of certificates; a company's proxy is in the system's.
SYSTEM_CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(SYSTEM_CERTIFICATES),)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_CERTIFICATES)
endif

.DEFAULT_GOAL := help
.PHONY: help setup setup-python setup-dev setup-frontend setup-programs lock run demo dev test test-backend test-frontend test-browser test-scenarios check format openapi bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: setup-python setup-frontend ## install everything that Teppan needs

setup-python: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev setup-frontend ## the same, with what tests and checks need

$(VENV)/.installed: requirements.lock
	$(call install,requirements.lock)
	@rm -f $@-dev

$(VENV)/.installed-dev: requirements-dev.lock
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.installed

# Installs exactly what a lock names.
define install
	@$(PYTHON) -c 'import sys; sys.exit("Teppan needs Python 3.11; set PYTHON=/path/to/python3.11") if sys.version_info[:2] != (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --system-certs --quiet --compile-bytecode --python $(BIN)/python --require-hashes $(1)
	@touch $@
endef

lock: setup-dev ## write both lock files from pyproject.toml
	@$(BIN)/uv $(EXPORT) --no-default-groups > requirements.lock
	@$(BIN)/uv $(EXPORT) --all-groups > requirements-dev.lock

setup-frontend: $(if $(FRONTEND),frontend/dist/.built)

frontend/node_modules/.installed: $(FRONTEND)
	@command -v npm >/dev/null || { echo "The dashboard needs Node 20 with npm; install them and run make again."; exit 1; }
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/.built: frontend/node_modules/.installed docs/openapi.json $(shell find frontend/src frontend/public -type f 2>/dev/null) $(wildcard frontend/*.json frontend/*.ts frontend/index.html)
	@$(NPM) run --silent build
	@touch $@

setup-programs: ## find or install the programs that the tests need beside Python and Node
	@sh scripts/ensure-programs chromium chromedriver nginx php soffice

run: setup ## start Teppan at http://127.0.0.1:8000 (Ctrl-C stops it)
	@$(BIN)/python manage.py up

demo: setup ## the same, with a demo account already scraping the simulated Reddit
	@$(BIN)/python manage.py up --demo

dev: setup ## the stack with the dashboard's development server on port 5173
	@$(BIN)/python manage.py up & stack=$$!; trap 'kill $$stack' EXIT INT TERM; $(NPM) run dev

test: setup-dev test-backend test-frontend test-browser test-scenarios ## run all suites: both engines, dashboard, browser

test-backend: setup-dev setup-programs
	@rm -f var/scenarios-*.json var/dashboard.json var/browser.json
	@$(BIN)/python -m pytest --engine sqlite
	@$(BIN)/python -m pytest --engine postgres

test-frontend: $(if $(FRONTEND),frontend/node_modules/.installed)
	@$(if $(FRONTEND),$(NPM) run --silent test)

test-browser: setup-dev setup-programs
	@$(if $(FRONTEND),$(NPM) run --silent e2e)

test-scenarios: setup-dev
	@$(BIN)/python -m tests.scenarios

check: setup-dev ## lint, format, types, import rules, schema drift, sizes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py spectacular --format openapi-json --validate --fail-on-warn --file $(VENV)/openapi.json
	@diff -u docs/openapi.json $(VENV)/openapi.json || { echo "docs/openapi.json is not that of the code: make openapi"; exit 1; }
	@$(if $(FRONTEND),$(NPM) run --silent check && $(NPM) run --silent size)

format: setup-dev ## put the code into its format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

openapi: setup-dev ## write docs/openapi.json, and the dashboard's types, from the code
	@$(BIN)/python manage.py spectacular --format openapi-json --validate --fail-on-warn --file docs/openapi.json
	@$(if $(wildcard frontend/node_modules),$(NPM) run --silent api)

bench: setup-dev ## all benchmarks; each prints one JSON line
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.sources || true
	@for name in ingest live_latency fanout cancel recovery bulk api_list webhooks export; do \
	  for engine in sqlite postgres; do $(BIN)/python -m benchmarks.$$name --engine $$engine || true; done; \
	done

clean: ## remove what was installed and built; your data in var/ stays
	rm -rf $(VENV) frontend/node_modules frontend/dist staticfiles
