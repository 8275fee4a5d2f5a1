# Proof at length: what a run of every table, hours of inputs and thousands of calls say. The Makefile
# includes this; docs/reliability.md has the figures of the last run.

# Of `make fuzz` and `make soak`.
SECONDS ?=

.PHONY: proof hostile corpus ray ray-kills fuzz soak audit secrets

$(VENV)/.proof: requirements/proof.txt $(VENV)/.dev
	$(call install,$(VENV)) $(call pinned,requirements/proof.txt)
	@touch $@

proof: hostile corpus ray-kills fuzz soak audit secrets ## All of the proofs below, one after the other

hostile: setup ## Run every table of tests/hostile whole: faults, cuts at every byte, wrong types (10 minutes)
	$(BIN)/python -m pytest -m "not live" --hostile $(TESTS) tests/hostile

corpus: setup ## Run jobs over up to a million texts: their pace, memory and kills (10 minutes)
	$(BIN)/python -m pytest -m corpus tests/corpus

RAY_VENV := .venv-ray
RAY_TESTS ?=

ray: ## Embed with a real Ray, and kill its workers and drivers (7 minutes, 600 MB)
	$(call make_venv,$(RAY_VENV))
	$(call install,$(RAY_VENV)) $(call pinned,requirements/ray.txt)
	$(call install,$(RAY_VENV)) --no-deps -e .
	$(RAY_VENV)/bin/python -m pytest $(RAY_TESTS) tests/corpus/test_ray.py

ray-kills: ## The same at length: 100,000 texts, and ten kills each (10 minutes)
	@$(MAKE) --no-print-directory ray RAY_TESTS="-m corpus"

fuzz: $(VENV)/.proof ## Feed made-up bytes to all that reads bytes, for SECONDS=600; READERS=name for one
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600) $(READERS)

soak: setup ## Call everything at once over a server that fails, for SECONDS=1800
	$(BIN)/python -W ignore::DeprecationWarning -m tests.soak --seconds $(or $(SECONDS),1800)

audit: $(VENV)/.proof ## Look for known vulnerabilities of the pinned packages
	$(BIN)/python tests/packaging/audit.py requirements/*.txt

secrets: $(VENV)/.proof ## Look for secrets in the tracked files
	$(BIN)/python tests/packaging/tracked_secrets.py .secrets.baseline
