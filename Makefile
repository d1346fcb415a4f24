# The front door. `make` alone lists what it does.
PYTHON ?= python3
PY := .venv/bin/python
BIN := .venv/bin
T ?= tests
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix rules assets protos migration docs keycloak bench clean pins

##@ Run
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: setup ## A province on this machine until Ctrl-C; ONCE=1: run, summarise, leave
	@$(PY) deploy/local/stack.py $(if $(ONCE),--once) $(DEMO)

##@ Build
setup: ## Everything into .venv from hashed pins (needs only Python 3.11+)
	@$(PYTHON) deploy/build/environment.py

assets: setup ## Bring the browser files with npm
	@$(PY) deploy/build/hatch_build.py assets

protos: setup ## Compile the gRPC modules
	@$(PY) deploy/build/hatch_build.py protos

migration: setup ## New migration: M="what it does" S=hub|node
	@$(PY) deploy/build/migration.py "$(S)" "$(M)"

docs: setup ## Rewrite the generated pages (conditions, configuration, schema diagrams)
	@$(PY) deploy/build/documents.py write

pins: setup ## Resolve requirements/*.in anew into hashed pins (needs uv)
	@$(PY) deploy/build/pins.py $(UP)

##@ Check
test: setup ## The tests; T=path picks some
	@$(PY) -m pytest -n $(JOBS) --dist loadfile $(T)

check: setup ## Everything CI runs: format, lint, types, architecture, rules, tests
	@$(PY) deploy/build/check.py

rules: setup ## The rule catalogue and its examples
	@$(PY) deploy/build/check.py rules examples lock

keycloak: ## Bring the Keycloak that tests start (needs Java 17 or newer, and Maven)
	@$(PYTHON) deploy/build/keycloak.py

bench: setup ## Measure speed against the targets; BENCH=name picks
	@$(PYTHON) deploy/build/environment.py bench
	@$(PY) tests/benchmarks/run.py $(BENCH)

fix: setup ## Format, and repair what ruff can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean: ## Remove what was built; the demo's data (.local) stays
	rm -rf .venv build dist shared/assets/node_modules shared/kuwei_shared/web/static/vendor
	find protos -name '*_pb2*.py*' -delete
	rm -f protos/kuwei/v1/.compiled
