# Needs Python >= 3.11, pip and make. `make demo` enlarges the sample photos; `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
CORE ?= .venv-core
# The exact pin gives a small CPU build where one is at hand; CPU users elsewhere set
# TORCH_INDEX="--index-url <PyTorch's CPU index>". `make TORCH=torch` takes the newest.
TORCH ?= torch==2.13.0
TORCH_INDEX ?=

.PHONY: demo test test-fast lint train-demo wheel clean

demo: $(CORE)/.ok
	$(CORE)/bin/python examples/demo.py

test: $(VENV)/.ok lint
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile

test-fast: $(VENV)/.ok
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not slow"

lint: $(VENV)/.ok
	$(VENV)/bin/ruff check src tests benchmarks examples
	$(VENV)/bin/ruff format --check src tests benchmarks examples
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

train-demo: $(VENV)/.ok
	$(VENV)/bin/wassr train demo

wheel: $(VENV)/.ok
	$(VENV)/bin/python -m build --wheel --no-isolation

$(CORE)/.ok: pyproject.toml
	$(PYTHON) -m venv $(CORE)
	$(CORE)/bin/pip install --quiet -e .
	touch $@

$(VENV)/.ok: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet "$(TORCH)" $(TORCH_INDEX)
	$(VENV)/bin/pip install --quiet -e ".[train,dev]" $(if $(filter torch==2.13.0,$(TORCH)),-c constraints.txt)
	touch $@

clean:
	rm -rf $(VENV) $(CORE) build dist results
