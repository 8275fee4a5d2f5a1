# Everything a contributor or CI runs. `make` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL_VENV := .venv-wheel
FOREIGN_VENV := .venv-foreign
PROGRAMS_VENV := .venv-programs
SOURCES := heroku_inference langchain_heroku llama_index_heroku heroku_emulator distributions examples bench notebooks tests docs/hooks

# uv installs in seconds; without it, plain pip does the same.
UV := $(shell command -v uv 2>/dev/null)
ifeq ($(UV),)
make_venv = $(PYTHON) -m venv $(1)
install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check
else
make_venv = uv venv --quiet --allow-existing --python $$($(PYTHON) -c 'import sys; print(sys.executable)') $(1)
# Copies, not links: nltk refuses to read the data in LlamaIndex's wheel through a hard link.
install = VIRTUAL_ENV=$(1) uv pip install --quiet --link-mode copy
endif

# As constraints too: some pips ignore the pin of `sqlalchemy` when they resolve `sqlalchemy[asyncio]`.
pinned = -r $(1) -c $(1)

# Only `make lock` and `make newest` need uv: pip cannot resolve for every platform at once.
compile = uv pip compile --quiet --universal --python-version 3.11 --no-header pyproject.toml
UPGRADE ?= --upgrade

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types coverage wheel foreign programs docs bench bench-peers notebooks notebooks-check live lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Name a newer one with PYTHON=..."; exit 1; }
	$(call make_venv,$(VENV))

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	$(call install,$(VENV)) $(call pinned,requirements/demo.txt)
	$(call install,$(VENV)) --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(call install,$(VENV)) $(call pinned,requirements/dev.txt)
	$(call install,$(VENV)) --no-deps -e .
	@touch $@ $(VENV)/.demo

setup: $(VENV)/.dev ## Create .venv with everything for development

demo: $(VENV)/.demo ## Ask three questions about real documents: embed, store, retrieve, rerank, answer
	@echo "== LangChain: examples/rag.py =="
	@$(BIN)/python examples/rag.py
	@echo
	@echo "== LlamaIndex: examples/rag_llama_index.py =="
	@$(BIN)/python examples/rag_llama_index.py

# All of them on every core; a file or two start sooner in one process.
TESTS ?= -n auto
PROGRAMS ?= tests/programs

test: setup ## Run the tests
	$(BIN)/python -m pytest $(TESTS)

check: lint types coverage wheel package foreign app-test docs notebooks-check ## Everything CI checks

format: setup ## Format the code
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lint: setup ## Check format, style, spelling and the imports between the packages
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/codespell
	$(BIN)/lint-imports

types: setup ## Check the types
	$(BIN)/mypy

coverage: setup ## Run the tests with branch coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

wheel: dist ## Build sdist and wheel, and run the tests against the installed wheel
	rm -rf $(WHEEL_VENV)
	$(call make_venv,$(WHEEL_VENV))
	$(call install,$(WHEEL_VENV)) $(call pinned,requirements/dev.txt)
	$(call install,$(WHEEL_VENV)) --no-deps dist/heroku_inference-*.whl
	sh tests/run_against_wheel.sh $(WHEEL_VENV)

foreign: programs ## Run other clients against the emulator, with another openai than the tests
	$(call make_venv,$(FOREIGN_VENV))
	$(call install,$(FOREIGN_VENV)) $(call pinned,requirements/foreign.txt)
	$(call install,$(FOREIGN_VENV)) --no-deps -e .
	$(FOREIGN_VENV)/bin/python -m pytest tests/foreign tests/openai_sdk tests/emulator/test_mcp_toolkit.py

programs: ## Run small programs of others on our classes; PROGRAMS=file for one
	$(call make_venv,$(PROGRAMS_VENV))
	$(call install,$(PROGRAMS_VENV)) --no-compile $(call pinned,requirements/programs.txt)
	$(call install,$(PROGRAMS_VENV)) --no-deps -e .
	$(PROGRAMS_VENV)/bin/python -m pytest $(PROGRAMS)

docs: setup ## Build the documentation into site/, without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: setup ## Measure speed side by side with other clients, and write docs/performance.md
	$(BIN)/python -m bench --save bench/figures.json
	$(BIN)/python -m bench.page

bench-peers: ## Install the packages that docs/performance.md and docs/comparison.md compare with
	$(call make_venv,.venv-peers)
	$(call install,.venv-peers) llama-index-llms-heroku llama-index-embeddings-heroku \
		llama-index-postprocessor-cohere-rerank langchain-cohere -e .

notebooks: setup ## Run the notebooks, and store what they print and draw; NOTEBOOKS=03 for one
	$(BIN)/python notebooks/outputs.py $(NOTEBOOKS)

notebooks-check: setup ## Run the notebooks, and change no file
	$(BIN)/python notebooks/outputs.py --check $(NOTEBOOKS)

live: setup ## Run the tests that talk to Heroku, then the probe; needs INFERENCE_KEY and INFERENCE_URL
	@test -n "$$INFERENCE_KEY" || { echo "make live calls Heroku. Set INFERENCE_KEY and INFERENCE_URL."; exit 2; }
	@status=0; \
	$(BIN)/python -m pytest -m live --override-ini addopts="-ra --import-mode=importlib" || status=$$?; \
	$(BIN)/python -m heroku_inference probe --yes --report probe-report.md || status=$$?; \
	exit $$status

lock: ## Resolve the dependencies anew; UPGRADE= keeps the pins that still fit
	$(compile) --generate-hashes $(UPGRADE) --extra all --group dev -o requirements/dev.txt
	$(compile) --generate-hashes $(UPGRADE) -c requirements/dev.txt --extra demo -o requirements/demo.txt
	$(compile) --generate-hashes $(UPGRADE) --extra openai --extra langchain --extra llama-index --extra emulator --group test --group foreign -o requirements/foreign.txt
	$(compile) --generate-hashes $(UPGRADE) --extra langchain --extra llama-index --extra anthropic --extra emulator --group test --group programs -o requirements/programs.txt
	$(compile) --generate-hashes $(UPGRADE) -c requirements/dev.txt --group proof -o requirements/proof.txt
	$(compile) --generate-hashes $(UPGRADE) --extra ray --extra langchain --extra llama-index --extra emulator --group test --group ray -o requirements/ray.txt
	$(compile) --generate-hashes $(UPGRADE) --extra demo --group app -o requirements/app.txt
	$(compile) --generate-hashes $(UPGRADE) --resolution lowest-direct --extra all --group test --group recipes -o requirements/lowest.txt

include packaging.mk proof.mk app.mk

clean: ## Remove everything that make built
	rm -rf $(VENV) .venv-* dist site .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
