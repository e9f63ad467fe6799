# Every target does its own set-up: it needs Python 3.11 or newer, make, and nothing else.
# All paths are relative and programs start as `.venv/bin/python -m …`, because a
# checkout may lie in a path with spaces, where neither make nor a script's first line
# can name it.

PY := .venv/bin/python

# A caller's Python environment must not reach into ours.
unexport PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help demo test coverage chaos rebuilds bench bench-scale check format constraints clean prepare

help: ## list what there is
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

demo: prepare ## run the whole main job once, on an embedded PostgreSQL, and report
	@$(PY) -m eventlog demo

test: prepare ## run the tests on the embedded PostgreSQL 18, then on 15 where it is installed
	@sh .ci/test $(ARGS)

coverage: prepare ## say how much of the code the tests run, on PostgreSQL 18, with what they start; ARGS as for test
	@rm -f .coverage .coverage.*
	@$(PY) -m coverage run -m pytest -q -n 2 $(ARGS); code=$$?; \
	    $(PY) -m coverage combine -q && $(PY) -m coverage report; exit $$code

chaos: prepare ## play SCHEDULES (100) random fault schedules by their seeds and check all that must hold
	@$(PY) -m tests.faults.chaos --schedules $(or $(SCHEDULES),100)

rebuilds: prepare ## rebuild REBUILDS (100) times under live traffic while readers poll, by 1, 2 and 8 workers
	@$(PY) -m tests.faults.rebuilds --rebuilds $(or $(REBUILDS),100)

bench: prepare ## measure each step from the disk to the whole job, in one run; ARGS=--quick to try it
	@$(PY) -c 'import matplotlib' 2>/dev/null || $(PY) -m pip install -qq --constraint constraints.txt matplotlib || true
	@$(PY) -m tests.benchmarks.ladder $(ARGS)

bench-scale: prepare ## measure what changes with topics, payloads, duplicates, processes; goes on where it was
	@$(PY) -m tests.benchmarks.scale $(ARGS)

check: prepare ## lint, format, types, layers, Dockerfile and compose file
	@sh .ci/check

format: prepare ## let ruff format the code and mend what it can
	@$(PY) -m ruff check --fix-only --quiet
	@$(PY) -m ruff format

constraints: ## pin the newest versions of everything anew (needs the network)
	@sh .ci/pin

clean: ## remove the virtual environment, caches and builds
	rm -rf .venv .venv-pin dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

prepare:
	@sh .ci/prepare
