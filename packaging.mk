# The released packages, and the Pythons and versions that they run on. The Makefile includes this.

# The tests that `lowest` and `newest` run: the released packages, without examples and documentation.
BOUNDS_TESTS ?= tests/test_public_face.py tests/packaging tests/core tests/cli tests/langchain tests/llama_index tests/openai_sdk tests/adapters
# The core alone and each framework alone, by its own name; `make extras` also tries the others.
EXTRAS_IN_CHECK := [none] or [langchain-heroku] or [llama-index-heroku]
API := tests/packaging/api.txt
PICTURE := docs/assets/answer.svg

.PHONY: dist picture package pages extras lowest newest bounds matrix api

dist: setup ## Build the packages into dist/: wheel and sdist, and a name for each framework
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	for project in distributions/*/pyproject.toml; do $(BIN)/python -m build --wheel --outdir dist $${project%/*} || exit 1; done

package: dist ## Check what `make dist` builds, and each framework alone in a fresh environment
	$(BIN)/python -m pytest tests/packaging/test_distributions.py --distributions dist
	$(BIN)/python -m pytest tests/packaging/test_extras.py --distributions dist -k "$(EXTRAS_IN_CHECK)"

pages: dist ## Run the programs of each page in an environment that its install lines alone make
	$(BIN)/python -m pytest tests/packaging/test_pages.py --distributions dist

extras: dist ## Try every extra, alone and with the emulator, in a fresh environment; EXTRA=name for one
	$(BIN)/python -m pytest tests/packaging/test_extras.py --distributions dist $(if $(EXTRA),-k "[$(EXTRA)]")

lowest: ## Run the tests with the lowest versions allowed, on the lowest Python found
	@$(MAKE) --no-print-directory bounds BOUNDS=lowest REQUIREMENTS=requirements/lowest.txt \
		PYTHON="$$($(PYTHON) tests/packaging/interpreters.py --lowest)"

newest: ## Run the tests with the newest versions of today
	$(call make_venv,.venv-newest)
	$(compile) --upgrade --extra all --group dev -o .venv-newest/requirements.txt
	@$(MAKE) --no-print-directory bounds BOUNDS=newest REQUIREMENTS=.venv-newest/requirements.txt

bounds:
	$(call make_venv,.venv-$(BOUNDS))
	$(call install,.venv-$(BOUNDS)) $(call pinned,$(REQUIREMENTS))
	$(call install,.venv-$(BOUNDS)) --no-deps -e .
	.venv-$(BOUNDS)/bin/python -m pytest $(BOUNDS_TESTS)

matrix: ## Run the tests on each Python from 3.11 to 3.13 on this machine; TESTS=folder for a part
	@set -e; for found in $$($(PYTHON) tests/packaging/interpreters.py); do \
		echo "== Python $${found%%=*} =="; \
		$(MAKE) --no-print-directory test VENV=.venv-$${found%%=*} PYTHON="$${found#*=}"; \
	done

api: setup ## Record the public API anew; say in CHANGELOG.md what changed
	$(BIN)/python tests/packaging/public_api.py > $(API).new
	mv $(API).new $(API)

picture: setup ## Run the example, and draw the picture of the README
	$(BIN)/python tests/packaging/picture.py > $(PICTURE).new
	mv $(PICTURE).new $(PICTURE)
