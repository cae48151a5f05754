# Everything a person or a machine does with a checkout. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help venv engine demo test check lock

PYTHON ?= python3
BIN := .venv/bin
# `command -v` alone would also find a shim that does not answer.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: .venv/stamp engine  ## make .venv from requirements.lock, with headstart in it

# Not in git: 14 MB that are not ours. Without npm it says so, and only `export --to web` is missing.
engine: .venv/stamp  ## fetch the engine of the web page with npm, if it is not there
	@$(BIN)/python hatch_build.py

demo: venv  ## compare all strategies on real photographs, without a model hub
	$(BIN)/headstart demo

test: venv  ## run the tests, without the slow ones
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow"

# pytest comes last, so that its closing line ends the output.
check: venv  ## everything that must hold: lint, types, layers, command reference, schema, all tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m headstart.cli.reference --check docs/commands.md
	$(BIN)/python -m headstart.records.schema --check docs/results.schema.json
	$(BIN)/python -m pytest -q -n auto --dist loadfile

lock: venv  ## write requirements.lock anew from pyproject.toml (needs uv)
	$(or $(UV),$(BIN)/uv) pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 pyproject.toml --extra demo \
	  --extra heif --extra serve --extra tensorboard --extra mlflow --extra wandb --group dev -o requirements.lock

# The stamp is written last: an interrupted installation is done again. Without uv on the PATH one is
# put into the venv; where that cannot be had either, pip reads the same lock, only slower.
.venv/stamp: requirements.lock pyproject.toml
	@$(if $(UV),"$(UV)" venv --quiet --allow-existing --python '>=3.11' .venv,$(PYTHON) -m venv .venv)
	@$(if $(UV),:,$(BIN)/python -m pip install --quiet uv || echo "uv cannot be had: pip installs instead")
	@uv="$(UV)"; if [ -z "$$uv" ] && [ -x $(BIN)/uv ]; then uv=$(BIN)/uv; fi; \
	if [ -n "$$uv" ]; then install="$$uv pip install --quiet --compile-bytecode --python $(BIN)/python"; \
	else install="$(BIN)/python -m pip install --quiet"; fi; \
	echo "installing what requirements.lock names into .venv"; \
	$$install --require-hashes --requirement requirements.lock && \
	$$install --no-deps --no-build-isolation --editable .
	@touch $@
