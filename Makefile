# `make` lists the targets. Each target installs what it needs on its first run, which takes a minute or two.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Python 3.11 or newer with ensurepip, which venv needs. The functions run on 3.13.
PYTHON ?= $(shell sh layers/find_python.sh 3.11+ ensurepip)
VENV := .venv
BIN := $(VENV)/bin
# SAM CLI has its own environment, because it pins older versions of shared packages.
SAM_VENV := .venv/sam
# Schemathesis has its own environment, too.
FUZZ_VENV ?= .venv/fuzz
# MiniStack, which enforces IAM, and the AWS CLI. MiniStack runs the functions in its own Python, so that must be 3.13.
MINISTACK_VENV := .venv/ministack
# checkov, which pins many packages, and pip-audit.
SCAN_VENV := .venv/scan
SAM ?= $(CURDIR)/$(SAM_VENV)/bin/sam
# AWS's DynamoDB Local, from a package on npm. The tests of the store also run against it.
DYNAMODB_LOCAL := .venv/dynamodb-local
DYNAMODB_LOCAL_PACKAGE := amplify-dynamodb-simulator@2.9.30
DYNAMODB_LOCAL_SHA256 := 3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9
# The IAM policy engine, from npm. Only tests use it.
export POLICY_ENGINE ?= $(CURDIR)/.venv/policies
# What the Node receiver of docs/webhooks.md imports, from npm; where that cannot be had, its test is skipped.
export RECEIVERS ?= $(CURDIR)/.venv/receivers
# From npm: the linter of docs/openapi.yaml, which also makes its page, and the compiler of its TypeScript types.
export OPENAPI_TOOLS ?= $(CURDIR)/.venv/openapi-tools
# Redocly reports its use to its makers otherwise, and looks for newer versions.
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
# What the browser tests drive; Debian's is one of these.
export CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
# axe-core, which finds faults of accessibility, and the HTML checker of the W3C, from npm.
export PAGE_TOOLS ?= $(CURDIR)/.venv/page-tools
LOCKS := tests/requirements

export SAM_CLI_TELEMETRY := 0
# Tools need a region, and would otherwise look for an AWS account.
export AWS_DEFAULT_REGION ?= ap-southeast-1

.PHONY: help demo run sam-local test test-all test-browser browser test-sam-local test-deployed simulate bench cost growth fault-matrix mutate mutate-changed fuzz audit policies check format lint types template openapi docs build lock api-key webhook webhook-rotate webhook-remove webhook-enable webhooks redeliver doctor check-evidence replay clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# --- The whole bridge on one machine ---------------------------------------------------------------------------------

demo: $(VENV)/.sandbox ## run one verification from link to final record and webhook, and print each step
	@$(BIN)/python -m tests.sandbox demo

run: $(VENV)/.sandbox ## run the bridge, an embedded AWS, a fake vendor and a demo frontend until interrupted [PORT=…] [WEBHOOK_URL=…]
	@$(BIN)/python -m tests.sandbox run

sam-local: $(VENV)/.sandbox build ## run the bridge with `sam local start-api` (needs Docker)
	@SAM=$(SAM) $(BIN)/python -m tests.sandbox sam-local

# --- Tests and checks --------------------------------------------------------------------------------------------------------

# Three programs at once, for two cores. The policies are tested with the calls that the integration tests made. Tests
# of the network mostly wait.
EVERYDAY = $(BIN)/python -m pytest -m "not slow and not browser and not sam_local and not deployed"
NETWORK = $(wildcard $(addprefix tests/integration/test_,aws_clients.py public_post.py vendor_*.py))
INTEGRATION = tests/integration tests/policies
test: $(VENV)/.dev $(DYNAMODB_LOCAL)/.done ## run all tests except slow ones, in four minutes on two idle cores
	@mkdir -p build
	@$(EVERYDAY) -p no:cacheprovider $(INTEGRATION:%=--ignore=%) >build/others.log 2>&1 & others=$$!; \
	  $(EVERYDAY) -p no:cacheprovider $(NETWORK) >build/network.log 2>&1 & network=$$!; \
	  $(EVERYDAY) $(INTEGRATION) $(NETWORK:%=--ignore=%); status=$$?; \
	  wait $$network || status=1; wait $$others || status=1; cat build/network.log build/others.log; exit $$status

# Coverage is checked here, because only this target runs all tests. The simulation needs one core and no other
# program, so it runs beside the other tests.
COVERED = $(BIN)/python -m pytest -m "$(if $(WITHOUT_BROWSER),not browser and )not sam_local and not deployed" --cov --cov-report= --cov-fail-under=0
test-all: $(VENV)/.dev $(DYNAMODB_LOCAL)/.done $(if $(WITHOUT_BROWSER),,browser)
	@mkdir -p build && rm -f .coverage .coverage.*
	@COVERAGE_FILE=.coverage.simulation $(COVERED) -p no:cacheprovider tests/simulation >build/simulation.log 2>&1 & \
	  simulation=$$!; COVERAGE_FILE=.coverage.others $(COVERED) --ignore=tests/simulation; others=$$?; \
	  wait $$simulation; simulation=$$?; cat build/simulation.log; exit $$((others || simulation))
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-browser: browser ## run the tests of the pages in Chromium: CHROMIUM=…
	$(BIN)/python -m pytest -m browser tests/browser

# All that they need. Chromium is not installed here, because that takes the rights of an administrator.
browser: $(VENV)/.browser $(PAGE_TOOLS)/.done
	@test -x "$(CHROMIUM)" || { printf '%s\n' >&2 \
	  "The browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path." \
	  "WITHOUT_BROWSER=1 make check leaves them out."; exit 1; }

test-sam-local: $(VENV)/.dev build ## run the tests with `sam local` (needs Docker)
	SAM=$(SAM) $(BIN)/python -m pytest -m sam_local

test-deployed: $(VENV)/.dev $(SAM_VENV)/.done $(MINISTACK_VENV)/.done ## run `sam build` and `sam deploy` on an emulator that enforces IAM, and test the stack
	$(BIN)/python -m pytest -m deployed tests/deployed
	@# These need the AWS CLI of the same environment.
	$(BIN)/python -m pytest tests/contract/test_aws_commands.py

simulate: $(VENV)/.dev ## run the simulation: SEED=… VERIFICATIONS=… MINUTES=…
	@$(BIN)/python -m tests.simulation

cost: $(VENV)/.dev ## calculate the cost of 1 000 verifications and of an idle month (WRITE=1 updates docs/cost.md)
	@$(BIN)/python -m tests.tools.cost $(if $(WRITE),--write)

growth: $(VENV)/.dev ## measure the sweep with growing numbers of open verifications, and write docs/growth.svg
	@$(BIN)/python -m tests.tools.cost.growth docs/growth.svg

fault-matrix: $(VENV)/.dev ## write the fault matrix into docs/fault-matrix.md
	@$(BIN)/python -m tests.simulation.matrix --write

bench: $(VENV)/.dev build ## compare instructions, times and package size with bare handlers: ROUNDS=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m tests.tools.benchmarks

mutate: $(VENV)/.mutation ## run mutation testing of domain, store and use cases; TENTH=3 runs the mutants whose number ends in 3
	$(BIN)/python -m tests.tools.mutation $(TENTH:%=--tenth=%)

mutate-changed: $(VENV)/.mutation ## run mutation testing of the functions that differ from origin/main; at least 96 % must be killed
	$(BIN)/python -m tests.tools.mutation --changed

fuzz: $(VENV)/.dev $(FUZZ_VENV)/.done ## test the running bridge with cases generated from docs/openapi.yaml: MAX_EXAMPLES=… SEED=…
	@PYTHONPATH=layers/bridge SCHEMATHESIS=$(CURDIR)/$(FUZZ_VENV)/bin/schemathesis $(BIN)/python -m tests.tools.fuzz

policies: $(VENV)/.dev $(POLICY_ENGINE)/.done ## test role, bucket and key policies with an IAM engine from npm (needs Node)
	$(BIN)/python -m pytest tests/policies

# With what npm installs, test-all includes the tests of the policies, and those of the API document's tools.
check: $(if $(WITHOUT_BROWSER),,browser) lint types template $(POLICY_ENGINE)/.done $(RECEIVERS)/.done $(OPENAPI_TOOLS)/.done test-all mutate-changed ## run the gate: format, lint, types, template, policies, all tests, mutants of changed functions

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/mypy

template: $(VENV)/.dev $(SAM_VENV)/.done $(SCAN_VENV)/.done
	$(BIN)/cfn-lint template.yaml
	$(SAM) validate --lint
	$(SCAN_VENV)/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download

audit: $(VENV)/.dev $(SCAN_VENV)/.done ## check the locked packages for known vulnerabilities, if the databases can be reached
	@PIP_AUDIT=$(SCAN_VENV)/bin/pip-audit $(BIN)/python -m tests.tools.advisories

# --- Deployment ------------------------------------------------------------------------------------------------------

build: $(SAM_VENV)/.done ## run `sam build`
	$(SAM) build

# The value of a variable as the shell's single-quoted text: neither make nor the shell reads a `$` in a URL.
given = '$(subst ','\'',$(value $(1)))'

api-key: $(VENV)/.sandbox ## create an API key: make api-key PRINCIPAL=web [SCOPES="…"] [EXPIRES=…] [SECRET=arn…]
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.api_keys $(call given,PRINCIPAL) $(if $(value SECRET),--secret $(call given,SECRET)) $(if $(value EXPIRES),--expires $(call given,EXPIRES)) $(SCOPES)

# Of an endpoint of webhooks: what each of the commands is given.
WEBHOOKS = PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.webhooks
ITS_SECRET = $(if $(value SECRET),--secret $(call given,SECRET))
ITS_TABLE = $(if $(value TABLE),--table $(call given,TABLE))

webhook: $(VENV)/.sandbox ## add or replace an endpoint: make webhook NAME=crm URL=https://… [EVENTS="…"] [PRINCIPAL=…] [SECRET=arn…]
	@$(WEBHOOKS) add $(call given,NAME) $(call given,URL) $(ITS_SECRET) $(if $(value PRINCIPAL),--principal $(call given,PRINCIPAL)) $(if $(EVENTS),--events $(EVENTS))

webhook-rotate: $(VENV)/.sandbox ## add a second secret to an endpoint: make webhook-rotate NAME=… SECRET=arn… (FINISH=1 drops the older one)
	@$(WEBHOOKS) rotate $(call given,NAME) $(ITS_SECRET) $(if $(FINISH),--finish)

webhook-remove: $(VENV)/.sandbox ## remove an endpoint: make webhook-remove NAME=… SECRET=arn…
	@$(WEBHOOKS) remove $(call given,NAME) $(ITS_SECRET)

webhook-enable: $(VENV)/.sandbox ## switch an endpoint on after a response 410: make webhook-enable NAME=… TABLE=…
	@$(WEBHOOKS) enable $(call given,NAME) $(ITS_TABLE)

webhooks: $(VENV)/.sandbox ## list the endpoints without their secrets: make webhooks SECRET=arn… [TABLE=…]
	@$(WEBHOOKS) list $(ITS_SECRET) $(ITS_TABLE)

redeliver: $(VENV)/.sandbox ## send webhooks that were set aside again: make redeliver QUEUE=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.redeliver $(call given,QUEUE)

doctor: $(VENV)/.sandbox ## compare a real vendor account with the bridge's assumptions: make doctor [SECRET=arn…]
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.doctor $(if $(value SECRET),--secret $(call given,SECRET))

check-evidence: $(VENV)/.sandbox ## check that evidence was not changed: make check-evidence ID=ver_… TABLE=… BUCKET=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.check_evidence $(call given,ID) --table $(call given,TABLE) --bucket $(call given,BUCKET)

replay: $(VENV)/.sandbox ## send events again: make replay FROM=2026-01-31T08:00Z TO=… TABLE=… BUS=…
	@PYTHONPATH=layers/bridge $(BIN)/python -m bridge.cli.replay $(call given,FROM) $(call given,TO) --table $(call given,TABLE) --bus $(call given,BUS)

# --- Generated files --------------------------------------------------------------------------------

openapi: $(VENV)/.dev ## copy the version of pyproject.toml to docs/openapi.yaml, and write functions/about/openapi.json
	$(BIN)/python -m tests.contract.openapi

docs: $(OPENAPI_TOOLS)/.done ## build a page about the API, build/api.html, from docs/openapi.yaml (needs Node)
	@# With its script inside, the page loads nothing from elsewhere.
	$(OPENAPI_TOOLS)/node_modules/.bin/redocly build-docs docs/openapi.yaml --inlineBundle --output build/api.html

lock: $(VENV)/.dev ## update the lock files from pyproject.toml
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
	  --constraint $(LOCKS)/dev.txt --group browser --output-file $(LOCKS)/browser.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --group scan --output-file $(LOCKS)/scan.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.13 \
	  --group deployed --output-file $(LOCKS)/ministack.txt

clean: ## delete everything that was built or installed
	rm -rf $(VENV) build .aws-sam .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# On stderr, because programs read the stdout of some targets.
say = @echo "$(1)" >&2
# Installs the lock file $(2) with the pip of $(1); one line for each package.
install = @set -o pipefail; $(1)/pip install --disable-pip-version-check --progress-bar off --require-hashes --requirement $(2) \
  | awk '/^Collecting/ { print "  " $$2; fflush() } /^Installing/ { print "  installing all of them"; fflush() }' >&2

$(BIN)/python:
	@test -n "$(PYTHON)"
	$(call say,Creating $(VENV) with $(PYTHON).)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.sandbox: $(LOCKS)/sandbox.txt | $(BIN)/python
	$(call say,Installing the packages of the sandbox. This takes a minute or two. Later runs skip it.)
	$(call install,$(BIN),$<)
	@touch $@

$(VENV)/.dev: $(LOCKS)/dev.txt | $(BIN)/python
	$(call say,Installing the packages of the tests. This takes a minute or two. Later runs skip it.)
	$(call install,$(BIN),$<)
	@touch $@ $(VENV)/.sandbox

$(VENV)/.mutation: $(LOCKS)/mutation.txt | $(VENV)/.dev
	$(call say,Installing mutmut.)
	$(call install,$(BIN),$<)
	@touch $@

$(VENV)/.browser: $(LOCKS)/browser.txt | $(VENV)/.dev
	$(call say,Installing Playwright and a reader of QR codes.)
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
	@node --version >/dev/null && npm --version >/dev/null || { echo "The policy engine needs Node 20 or newer, and npm." >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(RECEIVERS)/.done: tests/receivers/package.json tests/receivers/package-lock.json
	$(call say,Installing what a receiver of webhooks imports from npm.)
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@ \
	  || echo "The Node receiver is left out: it needs npm and its registry."

$(OPENAPI_TOOLS)/.done: $(LOCKS)/openapi/package.json $(LOCKS)/openapi/package-lock.json
	$(call say,Installing the tools of the API document from npm.)
	@npm --version >/dev/null || { echo "The tools of the API document need Node 20.19 or newer, and npm." >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE_TOOLS)/.done: $(LOCKS)/page_tools/package.json $(LOCKS)/page_tools/package-lock.json
	$(call say,Installing axe-core and the HTML checker from npm.)
	@npm --version >/dev/null || { echo "The browser tests need Node, and npm." >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(MINISTACK_VENV)/.done: $(LOCKS)/ministack.txt | $(BIN)/python
	$(call say,Installing MiniStack and the AWS CLI. This takes a minute.)
	"$$(sh layers/find_python.sh 3.13 ensurepip)" -m venv $(MINISTACK_VENV)
	$(call install,$(MINISTACK_VENV)/bin,$<)
	@touch $@

# Unpacks only the emulator, because the npm package has 200 dependencies. Without it, the tests use moto only.
$(DYNAMODB_LOCAL)/.done: | $(BIN)/python
	$(call say,Fetching DynamoDB Local if Java and npm are available.)
	@rm -rf $(@D) && mkdir -p $(@D)
	@{ java -version && npm pack --loglevel=error --fetch-retries=0 --pack-destination $(@D) $(DYNAMODB_LOCAL_PACKAGE); \
	  } >$(@D)/log 2>&1 && $(BIN)/python -c 'import hashlib, pathlib, sys; \
	    sys.exit(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest() != sys.argv[2])' \
	    $(@D)/*.tgz $(DYNAMODB_LOCAL_SHA256) && tar -xzf $(@D)/*.tgz -C $(@D) package/emulator && rm $(@D)/*.tgz && touch $@ \
	  || echo "DynamoDB Local is not used: it needs Java, npm and npm's registry. See $(@D)/log."
