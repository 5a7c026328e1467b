# Each target does all its own set-up; nothing is asked of the machine but python3 (>= 3.11, venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RESULTS := var/bench.json
# Commas part the arguments of $(if …).
ALL := --among 1000,10000,100000 --beside 10000,100000,1000000

.PHONY: run test test-failed check check-static reference rehearsals bench bench-compare clean

run: $(STAMP)  ## run the main job on the example configuration (writes to var/)
	$(BIN)/python -m config.cli --config var/feedmill.toml init --if-missing
	$(BIN)/feedmill --config var/feedmill.toml run

test: $(STAMP)  ## the whole suite, in parallel
	$(BIN)/python -m pytest -n auto --dist worksteal -q

test-failed: $(STAMP)  ## what failed the last time, one after the other
	$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none

check: check-static  ## before each commit: lint, types, arrows, fast tests
	$(BIN)/python -m pytest -n auto --dist worksteal -q -m "not slow"

check-static: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: $(STAMP)  ## docs/settings.md, made anew of config/schema.py; fresh.sql of the revisions
	$(BIN)/python -m config.reference > docs/settings.md
	$(BIN)/python -m feeds.store.migrations.fresh > feeds/store/migrations/fresh.sql.new
	mv feeds/store/migrations/fresh.sql.new feeds/store/migrations/fresh.sql

rehearsals: $(STAMP)  ## a poller for each rule of etiquette that breaks it: each must be found out; ten minutes
	# Their hours are driven, their seconds are real: what a stalled machine spoiled is tried once more.
	$(BIN)/python -m pytest -q -m rehearsal tests/etiquette || \
		$(BIN)/python -m pytest -q -m rehearsal --last-failed tests/etiquette

bench: $(STAMP)  ## measured figures, against a named baseline; MOST=1: up to 100,000 sources, a million articles
	$(BIN)/python -m tests.benchmarks --json $(RESULTS) $(if $(MOST),$(ALL))
	$(BIN)/python -m tests.benchmarks.adding $(if $(MOST),,--articles 10000,100000)
	$(BIN)/python -m tests.benchmarks.cadence
	$(BIN)/python -m tests.benchmarks.desk --sources $(if $(MOST),10000,2000)

bench-compare: $(STAMP)  ## is it dearer than it was: make bench-compare OLD=… [NEW=…]
	$(BIN)/python -m tests.benchmarks.compare $(OLD) $(or $(NEW),$(RESULTS))

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Feedmill needs Python 3.11 or newer, this is {v[0]}.{v[1]}: set PYTHON=python3.x") if v < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
