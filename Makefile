# `make check` is what CI runs. Everything happens in .venv, installed from the hash-locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A process for each core, to which whole files are given, in the order in which they were collected.
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo test check format lint types contracts kafka kills bench ablation hours docs messages lock wheel clean

help: ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

setup: $(STAMP) ## install into .venv

demo: $(STAMP) ## replay a real recording through a real worker on an embedded broker
	$(BIN)/foreshock demo $(ARGS)

test: $(STAMP) ## every test that needs no Kafka
	$(BIN)/python -m pytest -m "not kafka and not benchmark" $(PARALLEL) --maxprocesses 4

check: lint types contracts test wheel ## what CI runs, but for the Kafka level

format: $(STAMP) ## format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/deptry .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports --no-cache

kafka: $(STAMP) ## the tests on a real Apache Kafka (Java 17 or later; the broker comes from Maven Central)
	$(BIN)/python -m pytest -m kafka tests/kafka $(PARALLEL) --maxprocesses 2

kills: $(STAMP) ## kill a worker 200 times between decision and receipt; ten to twenty minutes
	$(BIN)/python -m pytest -m kafka tests/kafka/test_kills.py --kills 200 -s

bench: $(STAMP) ## timings; they assert nothing
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks

ablation: $(STAMP) ## what each part adds and costs; CASES=DIR on labelled series and simulated hours too
	$(BIN)/python -m pytest -m benchmark -p no:randomly -s $(if $(CASES),--cases $(CASES)) tests/benchmarks/test_ablation.py

hours: $(STAMP) ## simulate hours of a system that fails, and what is found in them; ARGS="--system cards --seeds 0 1 2"
	$(BIN)/python -m tests.hours $(ARGS)

wheel: $(STAMP) ## build the wheel and try it in an environment of its own
	rm -rf build/wheel build/wheel-venv && mkdir -p build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel .
	$(PYTHON) -m venv build/wheel-venv
	build/wheel-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	build/wheel-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps build/wheel/*.whl
	cd build && wheel-venv/bin/foreshock check ../config/examples/minimal.yaml

lock: $(STAMP) ## resolve the requirements anew
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" pyproject.toml --extra dkim --extra postgres -o requirements/run.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" pyproject.toml --extra demo --extra dkim --extra parquet --extra postgres --group dev -o requirements/dev.txt

docs: $(STAMP) ## regenerate the generated pages
	$(BIN)/python -m streams.reference

messages: $(STAMP) ## bring the catalogues of letters and pages up to the code; what is to be translated is left empty or fuzzy
	$(BIN)/python -m streams.messages

clean:
	rm -rf $(VENV) build .hypothesis .mypy_cache .ruff_cache .pytest_cache
