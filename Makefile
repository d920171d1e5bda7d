# Each target makes its own .venv; a machine needs only Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# One process per core. `pytest tests/...` by itself stays in one process.
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal

.PHONY: demo test check check-long fuzz bench bench-10m bench-100m docs lock clean

demo: $(STAMP)
	$(BIN)/finops demo

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST)

check: test

check-long: $(STAMP)
	FINOPS_LONG=1 $(PYTEST)

# Coverage-guided, for minutes; needs atheris, which nothing else does: .venv/bin/python -m pip install atheris
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz.otlp json -max_total_time=300 -timeout=20
	$(BIN)/python -m tests.fuzz.otlp proto -max_total_time=300 -timeout=20
	$(BIN)/python -m tests.fuzz.otlp signal -max_total_time=60 -timeout=20

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# Allocation of 10 and 100 million billing lines with a million calls a day; the latter takes 25 GB of disk and an hour.
bench-10m: $(STAMP)
	$(BIN)/python -m tests.bench.allocation 10000000 --calls 1000000 --memory 512MB

bench-100m: $(STAMP)
	$(BIN)/python -m tests.bench.allocation 100000000 --calls 1000000 --memory 512MB

docs: $(STAMP)
	$(BIN)/python -m tests.docs

# The lock file: every version with its hashes, no index named.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group dev pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "finops needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

clean:
	rm -rf .venv finops-demo
