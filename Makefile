# `make lab` is all a newcomer needs; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help lab env clean

PYTHON ?= python3
ARGS ?=
ifeq ($(OS),Windows_NT)
PY := .venv/Scripts/python.exe
else
PY := .venv/bin/python
endif

# Packages on another tool's PYTHONPATH would be found before the pinned ones.
unexport PYTHONPATH PYTHONHOME

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: ## Build .venv from the pins; renew it when they change
	@command -v $(PYTHON) >/dev/null || { echo "Setting up failed: there is no $(PYTHON); install Python 3.11 or newer, or name yours: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) tools/setup_env.py

lab: env ## Open the course in JupyterLab, e.g. make lab ARGS="--no-browser --port 8899"
	@$(PY) -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir="$(CURDIR)" \
	  --LabApp.default_url=/lab/tree/lectures/00_welcome.ipynb \
	  --LabApp.app_settings_dir="$(CURDIR)/tools/jupyterlab" $(ARGS)

# instructors only: `coursetools release` leaves this out
.PHONY: check test peers grading notebooks explorers site bench budgets binder-test
# Tests and notebooks at a time: each is on one thread, and takes up to 0.6 GB.
JOBS ?= 2
check: env ## Lint, types, built notebooks = sources, nothing leaked, links: under a minute
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@$(dir $(PY))lint-imports --no-cache
	$(PY) -m coursetools check

test: check ## All of check, the unit tests, every notebook run, the course in a browser
	$(PY) -m pytest -n $(JOBS) --dist loadgroup --ignore tests/browser --ignore tests/peers --ignore tests/coursetools/nbgrader
	$(PY) -m pytest -n $(JOBS) --dist loadfile --nbval-lax lectures labs solutions
	$(PY) -m pytest -rs tests/browser

peers: env ## The tests against other packages (diffusers), in an environment of their own
	@.ci/peers

grading: env ## The tests with nbgrader and nbgitpuller, in an environment of their own
	@.ci/grading

bench: env ## Speed beside the peers, quality, growth, start: writes benchmarks/RESULTS.md; half an hour
	@tools/bench $(PARTS)

budgets: ## What the notebooks took in the last `make test`: writes benchmarks/BUDGETS.md
	@$(PY) -m benchmarks.budgets

binder-test: env ## Every lecture and solution as on Binder: one core, 2 GB for all; not part of CI
	$(PY) -m benchmarks.binder $(ARGS)

explorers: ## Bundle the explorers of js/ into coursekit/explore/static; needs Node.js with npm
	npm ci --prefix js --silent
	node js/build.mjs

site: env ## The reader's site in build/site/html, from the lectures' outputs; runs what is missing
	@tools/site $(ARGS)

notebooks: env ## Build lectures, solutions and labs (*.ipynb) from their *.md
	$(PY) -m coursetools build

# end of instructors only
clean: ## Remove .venv and everything that is built and not committed
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
