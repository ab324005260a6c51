# Switchboard's commands. `make` alone lists them. Needs Python >= 3.11, git and make.
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
PORT ?=
REGIONS ?=
STAGE ?= dev
REGION ?=
AREA ?= foundation
SCALE ?= default
MUTANTS ?=
BASE_URL ?=
KEY ?=

.DEFAULT_GOAL := help
.PHONY: help env lock up down reset logs redeploy demo check test bench prove openapi synth diff deploy
export PORT REGIONS STAGE REGION AREA SCALE MUTANTS BASE_URL KEY
export PATH := $(CURDIR)/.venv/bin:$(PATH)
LOCAL := .venv/bin/python -m infra.local

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: ## Python packages, Node and the CDK, from hash-pinned locks
	@$(PYTHON) -m infra.local.environment

lock: env ## refresh every lock from pyproject.toml
	@$(PYTHON) -m infra.local.locks

up: ## the whole stack on this machine: PORT=8080 REGIONS=us-east-1,eu-west-1
	@$(PYTHON) -m infra.local.environment --ministack
	@$(LOCAL) up

down: ## stop the stack; its data stays
	@$(PYTHON) -m infra.local down

reset: ## stop the stack and forget its data
	@$(PYTHON) -m infra.local reset

logs: ## follow the logs of the stack and its functions
	@$(LOCAL) logs

redeploy: ## put changed code into the running stack
	@$(LOCAL) redeploy

demo: ## drive the four jobs with third-party clients: BASE_URL= KEY=
	@$(PYTHON) -m infra.local.environment --ministack
	@.venv/bin/python -m tests.demo

check: env ## lint, types, rooms and unit tests, in under a minute
	@.venv/bin/python -m infra.local.check

test: ## everything, alone, on a fresh clone
	@$(PYTHON) -m infra.local.environment --ministack
	@.venv/bin/python -m infra.local.check all

bench: ## figures of one area: AREA=foundation
	@$(PYTHON) -m infra.local.environment --ministack
	@.venv/bin/python -m tests.bench.$(AREA)

prove: ## the fault campaign of one area: AREA=foundation SCALE=full MUTANTS=1
	@$(PYTHON) -m infra.local.environment --ministack
	@.venv/bin/python -m tests.faults.$(AREA)

openapi: env ## regenerate docs/openapi.json from the routes
	@.venv/bin/python -m infra.local.openapi

synth: env ## CloudFormation of one stage and region: STAGE=dev REGION=us-east-1
	@.venv/bin/python -m infra.local.cloud synth

diff: env ## what a deploy would change: STAGE= REGION=
	@.venv/bin/python -m infra.local.cloud diff

deploy: env ## deploy one stage and region to AWS: STAGE= REGION=
	@.venv/bin/python -m infra.local.cloud deploy
