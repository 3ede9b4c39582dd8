# `make` lists what there is. Each target does its own set-up, and says so; the first run takes a minute or two, later
# ones none.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# 3.11 at least; the functions run on 3.13. With ensurepip, which makes environments.
PYTHON ?= $(shell sh layers/find_python.sh 3.11+ ensurepip)
VENV := .venv
BIN := $(VENV)/bin
# SAM CLI has an environment of its own: it pins what others need newer.
SAM_VENV := .venv/sam
# Schemathesis has its own, too.
FUZZ_VENV ?= .venv/fuzz
# MiniStack, which enforces IAM, and the AWS CLI; its functions run in its own Python, so it is the one that they are for.
MINISTACK_VENV := .venv/ministack
# And checkov, which pins much, with pip-audit.
SCAN_VENV := .venv/scan
SAM ?= $(CURDIR)/$(SAM_VENV)/bin/sam
# AWS's own DynamoDB Local, which this package on npm brings; the tests of the store run against it, too.
DYNAMODB_LOCAL := .venv/dynamodb-local
DYNAMODB_LOCAL_PACKAGE := amplify-dynamodb-simulator@2.9.30
DYNAMODB_LOCAL_SHA256 := 3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9
# What judges the policies, from npm: a tool of the gate, which is neither shipped nor part of the bridge.
export POLICY_ENGINE ?= $(CURDIR)/.venv/policies
LOCKS := tests/requirements

export SAM_CLI_TELEMETRY := 0
# Tools that look for a region, and would else look for an account.
export AWS_DEFAULT_REGION ?= ap-southeast-1

.PHONY: help demo run sam-local test test-all test-sam-local test-deployed simulate bench cost growth fault-matrix mutate mutate-changed fuzz audit policies check format lint types template openapi build lock api-key doctor check-evidence clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# --- the whole bridge on one machine ---------------------------------------------------------------------------------

demo: $(VENV)/.sandbox ## one verification from link to final record, each step printed
	@$(BIN)/python -m tests.sandbox demo

run: $(VENV)/.sandbox ## the bridge, an embedded AWS and the fake vendor, until interrupted
	@$(BIN)/python -m tests.sandbox run

sam-local: $(VENV)/.sandbox build ## the same bridge by `sam local start-api` (needs Docker)
	@SAM=$(SAM) $(BIN)/python -m tests.sandbox sam-local

# --- the gate --------------------------------------------------------------------------------------------------------

test: $(VENV)/.dev $(DYNAMODB_LOCAL)/.done ## the tests for every day, in four minutes: all but the slow ones
	$(BIN)/python -m pytest -m "not slow and not sam_local and not deployed"

# How much of the code they reach is judged here, where all of them run.
test-all: $(VENV)/.dev $(DYNAMODB_LOCAL)/.done
	$(BIN)/python -m pytest -m "not sam_local and not deployed" --cov --cov-report=term

test-sam-local: $(VENV)/.dev build ## the tests through `sam local` (needs Docker)
	SAM=$(SAM) $(BIN)/python -m pytest -m sam_local

test-deployed: $(VENV)/.dev $(SAM_VENV)/.done $(MINISTACK_VENV)/.done ## a real `sam build` and `sam deploy`, onto an emulator that enforces IAM
	$(BIN)/python -m pytest -m deployed tests/deployed
	@# With the AWS CLI, which the same environment has.
	$(BIN)/python -m pytest tests/contract/test_commands.py -k "aws_cli or dead_letters"

simulate: $(VENV)/.dev ## the simulation: SEED=… VERIFICATIONS=… MINUTES=…
	@$(BIN)/python -m tests.simulation

cost: $(VENV)/.dev ## what 1 000 verifications and an idle month cost (WRITE=1: into docs/cost.md)
	@$(BIN)/python -m tests.tools.cost $(if $(WRITE),--write)

growth: $(VENV)/.dev ## what a sweep does while ever more verifications are open, into docs/growth.svg
	@$(BIN)/python -m tests.tools.cost.growth docs/growth.svg

fault-matrix: $(VENV)/.dev ## the fault matrix, into docs/reliability.md
	@$(BIN)/python -m tests.simulation.matrix --write

bench: $(VENV)/.dev build ## what it costs, beside a bare handler: ROUNDS=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m tests.tools.benchmarks

mutate: $(VENV)/.mutation ## mutation testing of domain, store and use cases (an hour)
	$(BIN)/python -m tests.tools.mutation

# Not a part of check: a changed use case takes longer than all of its tests.
mutate-changed: $(VENV)/.mutation ## the same for the files that differ from origin/main; at least 96 % must be killed
	$(BIN)/python -m tests.tools.mutation --changed

fuzz: $(VENV)/.dev $(FUZZ_VENV)/.done ## cases made from docs/openapi.yaml against the running bridge: MAX_EXAMPLES=… SEED=…
	@PYTHONPATH=layers/bridge SCHEMATHESIS=$(CURDIR)/$(FUZZ_VENV)/bin/schemathesis $(BIN)/python -m tests.tools.fuzz

policies: $(VENV)/.dev $(POLICY_ENGINE)/.done ## role, bucket and key policies, judged by an engine from npm (needs Node)
	$(BIN)/python -m pytest tests/policies

# With the engine there, the tests judge the policies, too.
check: lint types template $(POLICY_ENGINE)/.done test-all ## the one gate: format, lint, types, template, policies, all tests

format: $(VENV)/.dev ## formats the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

template: $(VENV)/.dev $(SAM_VENV)/.done $(SCAN_VENV)/.done
	$(BIN)/cfn-lint template.yaml
	$(SAM) validate --lint
	$(SCAN_VENV)/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download

audit: $(VENV)/.dev $(SCAN_VENV)/.done ## known vulnerabilities in what is locked, where their data can be reached
	@PIP_AUDIT=$(SCAN_VENV)/bin/pip-audit $(BIN)/python -m tests.tools.advisories

# --- deployment ------------------------------------------------------------------------------------------------------

build: $(SAM_VENV)/.done ## `sam build`: what `sam deploy` uploads
	$(SAM) build

api-key: $(VENV)/.sandbox ## makes an API key: make api-key PRINCIPAL=web [SCOPES="…"] [EXPIRES=…] [SECRET=arn…]
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.api_keys "$(PRINCIPAL)" $(if $(SECRET),--secret "$(SECRET)") $(if $(EXPIRES),--expires "$(EXPIRES)") $(SCOPES)

doctor: $(VENV)/.sandbox ## how a real vendor account differs from what the bridge assumes: make doctor [SECRET=arn…]
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.doctor $(if $(SECRET),--secret "$(SECRET)")

check-evidence: $(VENV)/.sandbox ## whether evidence was changed: make check-evidence ID=ver_… TABLE=… BUCKET=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.check_evidence "$(ID)" --table "$(TABLE)" --bucket "$(BUCKET)"

# --- what is made from something else --------------------------------------------------------------------------------

openapi: $(VENV)/.dev ## docs/openapi.yaml with the version of pyproject.toml, and functions/about/openapi.json from it
	$(BIN)/python -m tests.contract.openapi

lock: $(VENV)/.dev ## the lock files from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --python-version 3.13 \
	  pyproject.toml --output-file layers/bridge/requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --python-version 3.13 \
	  --group jwt --output-file layers/jwt/pure.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --python-version 3.13 \
	  --no-emit-package pycparser --group jwt-compiled --output-file layers/jwt/compiled.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --constraint layers/bridge/requirements.txt pyproject.toml --group dev --output-file $(LOCKS)/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --constraint $(LOCKS)/dev.txt pyproject.toml --group sandbox --output-file $(LOCKS)/sandbox.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --group sam --output-file $(LOCKS)/sam.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --group fuzz --output-file $(LOCKS)/fuzz.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --constraint $(LOCKS)/dev.txt --group mutation --output-file $(LOCKS)/mutation.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --group scan --output-file $(LOCKS)/scan.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.13 \
	  --group deployed --output-file $(LOCKS)/ministack.txt

clean: ## removes what was made and installed
	rm -rf $(VENV) .aws-sam .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

# On stderr: what some targets print is read by programs.
say = @echo "$(1)" >&2
# Installs the lock file $(2) with the pip of $(1); one line for each package.
install = @set -o pipefail; $(1)/pip install --disable-pip-version-check --progress-bar off --require-hashes --requirement $(2) \
  | awk '/^Collecting/ { print "  " $$2; fflush() } /^Installing/ { print "  installing all of them"; fflush() }' >&2

$(BIN)/python:
	@test -n "$(PYTHON)"
	$(call say,Making $(VENV) with $(PYTHON).)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.sandbox: $(LOCKS)/sandbox.txt | $(BIN)/python
	$(call say,Installing what the sandbox needs. This takes a minute or two; later runs skip it.)
	$(call install,$(BIN),$<)
	@touch $@

$(VENV)/.dev: $(LOCKS)/dev.txt | $(BIN)/python
	$(call say,Installing what the tests need. This takes a minute or two; later runs skip it.)
	$(call install,$(BIN),$<)
	@touch $@ $(VENV)/.sandbox

$(VENV)/.mutation: $(LOCKS)/mutation.txt | $(VENV)/.dev
	$(call say,Installing mutmut.)
	$(call install,$(BIN),$<)
	@touch $@

$(SAM_VENV)/.done: $(LOCKS)/sam.txt | $(BIN)/python
	$(call say,Installing the SAM CLI. This takes a minute.)
	$(PYTHON) -m venv $(SAM_VENV)
	$(call install,$(SAM_VENV)/bin,$<)
	@touch $@

$(FUZZ_VENV)/.done: $(LOCKS)/fuzz.txt | $(BIN)/python
	$(call say,Installing Schemathesis. This takes a minute.)
	$(PYTHON) -m venv $(FUZZ_VENV)
	$(call install,$(FUZZ_VENV)/bin,$<)
	@touch $@

$(SCAN_VENV)/.done: $(LOCKS)/scan.txt | $(BIN)/python
	$(call say,Installing checkov and pip-audit. This takes a minute.)
	$(PYTHON) -m venv $(SCAN_VENV)
	$(call install,$(SCAN_VENV)/bin,$<)
	@touch $@

$(POLICY_ENGINE)/.done: tests/policies/package.json tests/policies/package-lock.json
	$(call say,Installing the policy engine from npm.)
	@node --version >/dev/null && npm --version >/dev/null || { echo "Policies are judged by a package from npm: Node 20 or newer and npm are needed." >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(MINISTACK_VENV)/.done: $(LOCKS)/ministack.txt | $(BIN)/python
	$(call say,Installing MiniStack and the AWS CLI. This takes a minute.)
	"$$(sh layers/find_python.sh 3.13 ensurepip)" -m venv $(MINISTACK_VENV)
	$(call install,$(MINISTACK_VENV)/bin,$<)
	@touch $@

# Only the emulator is unpacked: installing the package would bring 200 others. Where it cannot be had, tests go without.
$(DYNAMODB_LOCAL)/.done: | $(BIN)/python
	$(call say,Fetching DynamoDB Local if Java and npm are here.)
	@rm -rf $(@D) && mkdir -p $(@D)
	@{ java -version && npm pack --loglevel=error --fetch-retries=0 --pack-destination $(@D) $(DYNAMODB_LOCAL_PACKAGE); \
	  } >$(@D)/log 2>&1 && $(BIN)/python -c 'import hashlib, pathlib, sys; \
	    sys.exit(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest() != sys.argv[2])' \
	    $(@D)/*.tgz $(DYNAMODB_LOCAL_SHA256) && tar -xzf $(@D)/*.tgz -C $(@D) package/emulator && rm $(@D)/*.tgz && touch $@ \
	  || echo "DynamoDB Local is left out: it needs Java, npm and npm's registry ($(@D)/log says more)."
