# Two commands are all a newcomer needs: `make study` and `make test`. `make help` lists the rest.
#
#   make study ARGS="--no-browser --port 8899"     options go to JupyterLab (to pytest in `make test`, and so on)
#   make install PYTHON=/path/to/python3.12 VENV=.venv-3.12

# The first Python from 3.11 on that can make virtual environments; else the first from 3.11 on, to be told why not.
PYTHON ?= $(shell for need in 'import ensurepip, venv' pass; do for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c "import sys; sys.exit(sys.version_info < (3, 11)); $$need" >/dev/null 2>&1; then echo $$p; exit; fi; \
	done; done)
VENV ?= .venv
ARGS ?=

PY = $(VENV)/bin/python
SET_UP = python='$(PYTHON)'; if [ -z "$$python" ]; then \
	echo "The course needs Python 3.11 or later, and none was found: install one, or name it with PYTHON=/path/to/python3." >&2; \
	exit 1; fi; "$$python" install.py --venv '$(VENV)'

.PHONY: help install dev study test exercises results grade style lint bench prove red-team lock clean

help:            ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

install:         ## set up .venv from the lock, and nothing else
	@$(SET_UP)

dev:
	@$(SET_UP) --dev

study: install   ## open the course in JupyterLab, in your own folder my-work/
	@$(PY) -m course study $(ARGS)

test: dev        ## all tests; those in a browser skip, and say so, where Chromium is missing
	@$(PY) -m pytest -n 3 $(ARGS)

exercises: install  ## release exercises/ from solutions/ through nbgrader
	@$(PY) -m course exercises $(ARGS)

results: install  ## make recorded runs anew: those whose code has changed, or ARGS=NAME
	@$(PY) -m course results $(ARGS)

grade: install   ## make a class of simulated learners and grade it
	@$(PY) -m autograder demo $(ARGS)

style: dev       ## ruff, mypy and the order of rooms (import-linter)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

lint: style      ## the same, then the content linter
	@$(PY) -m course lint $(ARGS)

bench: dev       ## measure; the figures also go to bench.json
	@$(PY) tests/benchmarks/run.py $(ARGS)

prove: dev       ## try the claims of gate, record and grading at full counts, and print the figures: a quarter of an hour
	@ISOMETRY_PROVE=1 $(PY) -m pytest -n 2 -m prove -rP $(ARGS)

red-team: dev    ## (as root) every attack, on stock nbgrader and on this engine: writes the table; half an hour (ARGS=--ours: this engine only, minutes)
	@$(PY) -m tests.autograder.attacks.table $(ARGS)

lock:            ## (authors) resolve pyproject.toml anew into the two locks; ARGS="--system-certs" behind a proxy
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT INT TERM && \
	'$(PYTHON)' -m venv "$$tools" && "$$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	set -- --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate --quiet && \
	"$$tools/bin/uv" pip compile "$$@" pyproject.toml $(ARGS) -o requirements.lock && \
	"$$tools/bin/uv" pip compile "$$@" --extra dev -c requirements.lock pyproject.toml $(ARGS) -o requirements-dev.lock

clean:           ## remove what can be made again; never my-work/
	if [ -f '$(VENV)/pyvenv.cfg' ]; then rm -rf '$(VENV)'; fi
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis bench.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
