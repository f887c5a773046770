# `make help` lists the targets. Needs python3 >= 3.11, make and a network for the first run.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# uv reads the system's certificates, so that it works behind a company's own certificate authority.
UV := UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1 .tools/bin/uv --no-progress
# Nothing younger than this day enters the lock files: what was just published has not been looked at.
LOCK_BEFORE ?= 2026-11-10
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --exclude-newer $(LOCK_BEFORE)

TYPED := operator/ram_operator operator/ram_emulator lab tests/lab tests/support tests/deploy tests/histories tests/mutants tests/suites.py tests/timetable.py bench $(wildcard demo)
FORMATTED := operator lab tests bench scripts $(wildcard demo)

# Where it is set, each of the many processes of a run would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(READY) ## the locked virtual environment in .venv

.tools/bin/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(READY): .tools/bin/uv requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: .tools/bin/uv ## write the lock files anew from pyproject.toml (UPGRADE=1 takes newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra operator -o requirements/run.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml -c requirements/run.txt -o requirements/plugin.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra cloud -c requirements/run.txt -o requirements/plugin-cloud.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra operator --extra emulator --group dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --group go -o requirements/go.txt
	echo uv | $(LOCK) $(if $(UPGRADE),--upgrade) - -o requirements/uv.txt

.PHONY: check
check: static ## format, lint, types, import contracts, unit tests with coverage: under a minute
	@$(MAKE) --no-print-directory unit HYPOTHESIS_PROFILE=quick

.PHONY: static
static: venv ## what is checked without running anything: format, lint, types, imports, layout
	$(BIN)/ruff format --check --quiet $(FORMATTED)
	$(BIN)/ruff check --quiet $(FORMATTED)
	$(BIN)/mypy --no-error-summary $(TYPED)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest tests/structure

.PHONY: unit
unit: export HYPOTHESIS_PROFILE ?= ci
unit: covered ## unit tests with the coverage of the pure core, and property tests
	$(BIN)/python -m pytest tests/unit -m hypothesis

# Coverage makes all twice as slow or worse: so nothing else is measured, and no property is tried so.
.PHONY: covered
covered: export HYPOTHESIS_PROFILE ?= quick
covered: venv
	$(BIN)/python -m pytest tests/unit -m "not hypothesis" $$($(BIN)/python -m tests.structure.pure) --cov-report=
	$(BIN)/coverage report --fail-under=100

.PHONY: format
format: venv ## format the code and mend what ruff can mend
	$(BIN)/ruff format --quiet $(FORMATTED)
	$(BIN)/ruff check --quiet --fix $(FORMATTED)

.PHONY: assets
assets: venv ## kube-apiserver and etcd, built from source at the first use (about four minutes)
	$(BIN)/python -m lab assets

.PHONY: monitoring
monitoring: venv ## prometheus and promtool, built from source at the first use (about three minutes)
	$(BIN)/python -m lab assets --monitoring

.PHONY: rules
rules: monitoring ## write the PrometheusRule from deploy/monitoring/rules.yaml; RUNBOOKS=https://… says where its pages are
	$(if $(RUNBOOKS),$(BIN)/python scripts/runbook_urls.py $(RUNBOOKS))
	$(BIN)/python scripts/prometheus_rule.py

.PHONY: dashboard
dashboard: venv ## write the Grafana dashboard from scripts/dashboard_rows.py
	$(BIN)/python scripts/grafana_dashboard.py

.PHONY: manifests
manifests: venv ## dist/ram-operator: install.yaml and an overlay to copy; IMAGE=registry/name:tag, RUNBOOKS=https://…
	$(BIN)/python scripts/install_manifests.py dist/ram-operator $(if $(IMAGE),--image $(IMAGE)) $(if $(RUNBOOKS),--runbooks $(RUNBOOKS))

.PHONY: test
test: venv ## what every change has to pass: static, unit, emulator, cluster and scenarios on a real API server
	$(BIN)/python -m tests.suites test $(ARGS)

.PHONY: lanes
lanes: venv ## what is slow and rare: rows that test leaves out, long histories, a friendly cloud, the oldest Kubernetes
	$(BIN)/python -m tests.suites lanes $(ARGS)

.PHONY: oldest
oldest: venv ## the guard and the gate on the oldest supported Kubernetes, built at the first use
	RAM_OPERATOR_KUBERNETES=oldest $(BIN)/python -m pytest tests/gate/test_reduced_guard.py \
		tests/admission/test_variants.py -k "not where_admission_stamps and not the_stamps" $(ARGS)

.PHONY: times
times: venv ## the table of times of the last test and lanes
	@$(BIN)/python -m tests.suites table

.PHONY: histories
histories: assets ## random histories, COUNT of them from SEED on, then some while everything restarts
	HISTORIES_COUNT=$(or $(COUNT),5000) HISTORIES_SEED=$(or $(SEED),$$RANDOM) HISTORIES_LONG=1 \
		VOTES_COUNT=$(or $(COUNT),500) VOTES_SEED=$(or $(SEED),$$RANDOM) \
		$(BIN)/python -m pytest tests/histories -s $(ARGS)

.PHONY: faults
faults: assets ## every fault on every call of every story, and every kill (make test leaves out what is alike)
	FAULTS=all $(BIN)/python -m pytest tests/faults $(ARGS)

.PHONY: mutants
mutants: assets ## break the gate line by line, in a copy: a test has to notice each (ARGS: only those ids)
	$(BIN)/python -m tests.mutants $(ARGS)

.PHONY: demo
demo: assets ## the tour on a real API server and an emulated cloud (KEEP=1 leaves it up)
	$(BIN)/python -m demo tour $(if $(KEEP),--keep)

.PHONY: demo-stop
demo-stop: venv ## end a demo that was left up
	$(BIN)/python -m demo stop

.PHONY: bench
bench: assets ## cost and speed with N objects (default 1000, up to 10000), SWEEP=1 for the sweep's calls, REFERENCE=1 for a day of the reference account; ends in one JSON line
	@$(BIN)/python -m bench -n $(or $(N),1000) $(if $(SWEEP),--sweep) $(if $(REFERENCE),--reference $(ARGS))

.PHONY: clean
clean: ## remove what the other targets made here (what was built from source stays in the user's cache)
	@test ! -f .demo/stage.json || $(BIN)/python -m demo stop
	rm -rf $(VENV) .tools .cluster .demo build dist htmlcov .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find operator lab tests $(wildcard demo) -name __pycache__ -type d -prune -exec rm -rf {} +
