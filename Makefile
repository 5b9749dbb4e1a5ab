# `make help` lists what can be made. Everything is installed into .venv, and only when it changed.

PYTHON ?= python3
BIN := .venv/bin

# Two busy cores slow LightGBM down tenfold if its threads spin while they wait.
export OMP_WAIT_POLICY := PASSIVE

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock clean

help:  ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

demo: .venv/installed  ## a made-up shop: train, score and decide, and where to look next
	$(BIN)/nbatool demo demo

test: .venv/installed-dev  ## every test: the fast ones first
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow and not real_data"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "slow or real_data"

check: .venv/installed-dev  ## style, types, imports and the headers of SQL files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/gates/test_sql_headers.py tests/gates/test_sizes.py

bench: .venv/installed-dev  ## measure against the peers that are installed
	$(BIN)/python -m benchmarks

lock:  ## resolve the newest versions again and write them to requirements.lock
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install -q -e ".[dev,bench]"
	{ echo "# Versions nbatool is tested with; written by \`make lock\`."; \
	  .venv-lock/bin/pip list --format=freeze --exclude nbatool --exclude pip --exclude setuptools; } \
	  > requirements.lock
	rm -rf .venv-lock

clean:  ## remove what was built and cached
	rm -rf .venv .venv-lock build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml requirements.lock | .venv/bin/python
	$(BIN)/pip install -qq --disable-pip-version-check -c requirements.lock -e .
	@touch $@

.venv/installed-dev: pyproject.toml requirements.lock | .venv/bin/python
	$(BIN)/pip install -qq --disable-pip-version-check -c requirements.lock -e ".[dev]"
	@touch $@ .venv/installed
