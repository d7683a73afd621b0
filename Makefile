# make run    the live window on the demo room     make test       all tests, on two processor cores
# make lint   style, types, layers                  make test-fast  what needs no phone, display or trainer
# make clean  removes .venv                         make coverage   all tests, and which lines they reach
# make torture SEED=7 KILLS=100    kill -9 at random moments of as many recordings, and check what is left
# make reproduce        the published claims tried again, in an hour at most; DATA="FOLDER ..." on recordings of your own
# make constraints      the newest releases of every dependency, written to constraints.txt
# Each sets up what it needs first. Another Python:  make run PYTHON=/usr/bin/python3.12

FITS := import sys, venv, ensurepip, ctypes; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	if "$$p" -c "$(FITS)" >/dev/null 2>&1; then echo "$$p"; break; fi; done)
BIN := .venv/bin
# Every dependency has a wheel; without one pip would try to compile, and fail far less clearly. constraints.txt names
# the versions, so that a new release of a dependency breaks nobody's first run.
INSTALL := $(BIN)/python -m pip install --only-binary :all: --constraint constraints.txt

# Three processes on two cores: one of them mostly waits for a phone or a window (tests/conftest.py orders the files).
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

SEED ?= $(shell date +%s)
KILLS ?= 100

.PHONY: run test test-fast coverage lint torture reproduce constraints clean

run: .venv/installed
	@$(BIN)/python app/system_libraries.py
	@$(BIN)/lidarlive view --source demo

test: .venv/installed-dev
	@$(BIN)/python app/system_libraries.py --tests
	$(PYTEST)

test-fast: .venv/installed-dev
	@$(BIN)/python app/system_libraries.py --tests
	$(PYTEST) -m 'not (slow or trainer or phone or display or real_data)' --hypothesis-profile=fast

# Child processes are measured too; what is killed writes nothing.
coverage: .venv/installed-dev
	@$(BIN)/python app/system_libraries.py --tests
	$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

torture: .venv/installed-dev
	@$(BIN)/python app/system_libraries.py --tests
	TORTURE_SEED=$(SEED) TORTURE_KILLS=$(KILLS) $(BIN)/python -m pytest tests/e2e/test_kill_at_random.py -q --capture=no

reproduce: .venv/installed-dev
	@$(BIN)/python app/system_libraries.py
	$(BIN)/python -m model.reproduce $(if $(DATA),--data $(DATA))

# A fresh environment without constraints; the comment at the top of the file stays.
constraints:
	"$(PYTHON)" -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --only-binary :all: --editable '.[dev]'
	{ grep '^#' constraints.txt; .venv-newest/bin/python -m pip freeze --all --exclude-editable --exclude pip \
		| sed 's/^PyQt5-Qt5==.*/&; sys_platform != "win32"/'; } > constraints.new
	mv constraints.new constraints.txt
	rm -rf .venv-newest

# A stamp is written last, so a set-up that was interrupted is done again.
.venv/installed: setup.cfg pyproject.toml constraints.txt | .venv/python
	$(INSTALL) --editable .
	@touch $@

.venv/installed-dev: setup.cfg pyproject.toml constraints.txt | .venv/python
	$(INSTALL) --editable '.[dev]'
	@touch .venv/installed $@

.venv/python:
	@"$(PYTHON)" -c "$(FITS)" 2>/dev/null || { \
		echo "lidarlive needs Python 3.11, 3.12 or 3.13 with its venv module. Received: '$(PYTHON)'"; \
		echo "On Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3.12"; \
		exit 1; } >&2
	@"$(PYTHON)" app/system_libraries.py
	@$(BIN)/python -m pip --version 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@touch $@

clean:
	rm -rf .venv
