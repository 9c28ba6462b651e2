# The two commands of the README: `make demo` and `make test`. Both install what they need into .venv first.
.PHONY: help demo test test-all lint format docs clean
PYTHON ?= python3
SECONDS_OF_DEMO ?= 30
export PYTHON

help:
	@echo "make demo      mien with nothing attached: no camera, no broker, no sound card ($(SECONDS_OF_DEMO) seconds)"
	@echo "make test      the tests that need only light packages; says what it left out"
	@echo "make test-all  all tests, TensorFlow, Home Assistant and Node-RED included"
	@echo "make lint      ruff, mypy, import contracts"
	@echo "make docs      write docs/mqtt.md and the JSON Schemas anew, from the code"

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
	@echo "Left out where they are not installed: TensorFlow (training, conversion), Home Assistant, Node-RED, ffmpeg, gcc, real footage."
	@echo "'make test-all' installs all but the last (2 GB); MIEN_DATA names a folder with data/ and footage/."
endif

test-all:
	@sh scripts/ensure-system glib mosquitto openssl strace ffmpeg gcc
	@sh scripts/ensure-venv device,training,convert,jax,dev
# Without a Python 3.13, npm or redis their tests are skipped, and say why; with CI=true that is a failure.
	@sh scripts/ensure-home-assistant || [ "$(CI)" != true ]
	@sh scripts/ensure-node-red || [ "$(CI)" != true ]
	@sh scripts/ensure-cluster || [ "$(CI)" != true ]
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

docs:
	@sh scripts/ensure-venv device,dev
	.venv/bin/python -m mien_device.home.contract

clean:
	rm -rf .venv .home-assistant .home-assistant-uv .home-assistant-python .node-red benchmarks/cluster/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
