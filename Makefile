# The two commands of the README: `make demo` and `make test`. Both install what they need into .venv first.
.PHONY: help demo test test-all lint format clean
PYTHON ?= python3
SECONDS_OF_DEMO ?= 30
export PYTHON

help:
	@echo "make demo      mien with nothing attached: no camera, no broker, no sound card ($(SECONDS_OF_DEMO) seconds)"
	@echo "make test      the tests that need only light packages; says what it left out"
	@echo "make test-all  all tests, TensorFlow included"
	@echo "make lint      ruff, mypy, import contracts"

demo:
	@sh scripts/ensure-system glib
	@sh scripts/ensure-venv device
	.venv/bin/mien demo --seconds $(SECONDS_OF_DEMO)

# With CI=true a test that is left out for want of data or a package is a failure, so everything is installed.
ifeq ($(CI),true)
test: test-all
else
test:
	@sh scripts/ensure-system glib mosquitto openssl strace
	@sh scripts/ensure-venv device,dev
	.venv/bin/python -m pytest
	@echo "Left out: what needs TensorFlow (training, conversion), ffmpeg, gcc or real footage. 'make test-all' installs the first three;"
	@echo "MIEN_DATA names a folder with data/ and footage/."
endif

test-all:
	@sh scripts/ensure-system glib mosquitto openssl strace ffmpeg gcc
	@sh scripts/ensure-venv device,training,convert,jax,dev
	$(MAKE) lint
	.venv/bin/python -m pytest

lint:
	@sh scripts/ensure-venv device,dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy device models training convert
	.venv/bin/lint-imports

format:
	@sh scripts/ensure-venv device,dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
