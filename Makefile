# make report: the demo's reports.  make test: everything.  make lab: JupyterLab on the notebooks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
DEMO := data/demo/customers.csv

.PHONY: help env demo report test unit notebooks-test check lab notebooks data bench clean

help:
	@echo "make report     set up, make the demo market, run the reports -> reports/build/index.html"
	@echo "make test       set up and run everything: check, unit tests, notebooks"
	@echo "make env        the virtual environment in .venv"
	@echo "make lab        JupyterLab on the notebooks"
	@echo "make notebooks  re-run the notebooks and save them"
	@echo "make data       write the data dictionary and the templates from the contracts"
	@echo "make check      lint, types, layers"
	@echo "make bench      speed and slow evidence -> reports/evidence/"

env: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("clvlab needs Python 3.11 or later; make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(DEMO)

$(DEMO): $(VENV)/.ready $(wildcard src/clvlab/simulate/*.py)
	$(BIN)/clvlab demo --out data/demo

report: env demo
	$(BIN)/clvlab batch reports/monthly.toml --jobs $(JOBS)

test: check unit notebooks-test

unit: env demo
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope

notebooks-test: env demo
	$(BIN)/python -m pytest --nbval --nbval-current-env -n $(JOBS) --dist loadfile -p no:cacheprovider notebooks

check: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lab: env demo
	$(BIN)/clvlab lab

# Timings are left out, so that a second run saves the same file.
notebooks: env demo
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

data: env
	$(BIN)/python -m clvlab.records.dictionary

bench: env demo
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) data/demo reports/build
