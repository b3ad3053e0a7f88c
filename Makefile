# Everything people and CI do here. CI calls only these targets.
# Variables: KAFKA_BOOTSTRAP_SERVERS uses that broker instead of starting one; PYTHON names the Python for .venv;
# STILLWATCH_CORPUS names a folder of labelled corpora that tests may use too; TESTS and PYTEST_ARGS narrow `make test`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
KAFKA := $(BIN)/python broker/kafka
TESTS ?= tests
PYTEST_ARGS ?=

.PHONY: help setup demo test lint format bench broker broker-stop lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv with the command stillwatch, fetch Kafka; installs what the machine lacks
	@scripts/setup.sh

demo: setup ## Watch alerts for an injected campaign arrive, through a real Kafka; leaves nothing running
	@$(KAFKA) run -- $(BIN)/stillwatch demo

test: setup ## Run all tests, on a real Kafka where they need one
	$(BIN)/python -m pytest $(TESTS) $(PYTEST_ARGS)

lint: setup ## Check style, types and layers; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup ## Rewrite the sources in the style that lint checks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure throughput on a real Kafka beside its peers, and the size of state; writes docs/benchmarks.md
	@bench/run.sh

broker: setup ## Start a Kafka that stays, print its address; `make broker-stop` ends it
	@$(KAFKA) start

broker-stop: ## Stop the Kafka of `make broker`, keeping its data
	@$(KAFKA) stop

lock: setup ## Pin the newest versions that pyproject.toml allows; LOCK_ARGS go to uv
	@scripts/lock.sh $(or $(LOCK_ARGS),--upgrade)

clean: ## Stop the Kafka of `make broker` and delete all that these targets made, also .venv and the fetched Kafka
	@[ ! -e .cache/broker/cluster.json ] || $(firstword $(wildcard $(BIN)/python) python3) broker/kafka stop --delete --data .cache/broker
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov build dist
	rm -rf docker/wheels *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

-include deploy.mk
