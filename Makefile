# Everything a newcomer types: `make demo` and `make test`. The work is in scripts/, so that CI does exactly the same.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint soak bench clean
export PYTHON
# Tests that start browsers and databases share what cores there are; more workers than cores only queue.
WORKERS ?= 2

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile | expand -t 14

demo: ## three years of a fictional ledger, from nothing: imports, tablets on cut networks, reviews, a verified report
	@scripts/venv.sh central
	@.venv/bin/python main.py demo

test: ## style, types, walls and the quick tier of the tests; installs what is missing
	@scripts/venv.sh dev
	@scripts/lint.sh
	@scripts/system.sh
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: ## ruff, mypy, import-linter
	@scripts/venv.sh dev
	@scripts/lint.sh

soak: ## all tests, long loops and large random searches included (hours)
	@scripts/venv.sh dev
	@scripts/system.sh
	@HYPOTHESIS_PROFILE=soak .venv/bin/python -m pytest -n $(WORKERS) --dist loadgroup -m "" $(ARGS)

bench: ## what must be fast, each beside its yardstick
	@scripts/venv.sh bench
	@scripts/system.sh
	@.venv/bin/python -m benchmarks

clean: ## what was made here: .venv, build/, caches; never var/, where a ledger may lie
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
