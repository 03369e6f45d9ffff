# Two commands: `make evolve` runs the main job, `make test` passes or fails the project.
# Both set everything up first. tools/setup.sh and tools/check.sh do the work.

.PHONY: help evolve golden test test-slow test-strict test-3.11 test-gpu lint format docs bench setup lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

evolve: setup ## evolve agents, and ask whether they use their senses (runs/)
	@run=$$(.venv/bin/koki2 evo chemotaxis-l0.2 --json | .venv/bin/python -c \
	  'import json, sys; print(json.load(sys.stdin)["run"])') && \
	  .venv/bin/koki2 probe "$$run" --episodes 512 --seed 424242

golden: setup ## does koki2's own golden set come out the same on this machine?
	@.venv/bin/koki2 golden check tests/golden/set/koki2.toml

test: setup ## everything that must pass: format, lint, types, imports, strict bits, tests
	@sh tools/check.sh

test-slow: setup ## the tests that take minutes: 10,000 bad inputs, 400 kills, ...
	@sh tools/check.sh slow

test-strict: setup ## bit-for-bit promises, under the strict XLA flags
	@sh tools/check.sh strict

test-3.11: setup ## the tests once more, on Python 3.11 and its older JAX
	@sh tools/check.sh py311

test-gpu: setup ## our GPU kernels, compiled for an H200 where there is none
	@sh tools/check.sh gpu

lint: setup ## format, lint, types and the floors of the architecture
	@sh tools/check.sh format lint types imports

format: setup ## rewrite the code in house format
	@.venv/bin/ruff check --quiet --select I --fix . && .venv/bin/ruff format --quiet .

docs: setup ## the documentation as a site, in site/
	@sh tools/check.sh docs

bench: setup ## every benchmark, the quick way
	@set -e; for file in $$(grep -l __main__ tools/bench/*.py); do \
	  .venv/bin/python "$$file" --quick || [ $$? = 2 ]; done # 2: it needs peers that are not here

setup: ## .venv from requirements/dev.lock (PYTHON=... chooses the interpreter)
	@sh tools/setup.sh .venv 3.12 3.11 any

COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)
IN = pyproject.toml requirements/gold.in

lock: setup ## requirements/*.lock anew (UPGRADE=--upgrade takes newer versions)
	@$(COMPILE) $(IN) -o requirements/base.lock
	@set -e; for extra in bench cuda13; do \
	  $(COMPILE) --extra $$extra $(IN) -o requirements/$$extra.lock; done
	@$(COMPILE) --extra dev --extra docs $(IN) -o requirements/dev.lock

clean: ## remove environments and caches, never runs/
	@rm -rf .venv .venv-3.11 .venv-gpu site .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
