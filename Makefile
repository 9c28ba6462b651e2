# The two commands of the README: `make demo` and `make test`. Both install what they need into .venv first.
.PHONY: help demo test test-all lint format screenshots docs clean
PYTHON ?= python3
SECONDS_OF_DEMO ?= 30
export PYTHON
# Many tests wait (for a broker, a boot, a song's end), so three processes pay even on two cores.
WORKERS ?= 3
PYTEST = .venv/bin/python -m pytest
# What fails beside others is tried once more by itself, and both are printed: what fails twice is a failure. Many tests talk to
# real processes (a broker, a browser, Home Assistant), and on a busy machine each has its own way of being late. What did not
# even run (any other status than 1) is no failed test.
AGAIN = [ $$? -eq 1 ] && $(PYTEST) --last-failed --last-failed-no-failures none
MANY = $(PYTEST) --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/systemd
# Booted machines want the computer to themselves.
TESTS = { $(MANY) || { $(AGAIN) --ignore tests/systemd; }; } && { $(PYTEST) tests/systemd || { $(AGAIN) tests/systemd; }; }

help:
	@echo "make demo      mien with nothing attached: no camera, no broker, no sound card ($(SECONDS_OF_DEMO) seconds)"
	@echo "make test      the tests that need only light packages; says what it left out"
	@echo "make test-all  all tests, TensorFlow, Home Assistant, Node-RED and booted Debians included"
	@echo "make lint      ruff, mypy, import contracts, shellcheck"
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
	@sh scripts/ensure-system glib mosquitto openssl strace eatmydata
	@sh scripts/ensure-venv device,dev
	$(TESTS)
	@echo "Left out where they are not installed: TensorFlow (training, conversion), Home Assistant, Node-RED, machines to boot, ffmpeg, gcc, PulseAudio, a browser, real footage."
	@echo "'make test-all' installs all but the last (3 GB); MIEN_DATA names a folder with data/ and footage/."
endif

test-all:
	@sh scripts/ensure-system glib mosquitto openssl strace eatmydata ffmpeg gcc systemd pulseaudio chromium
	@sh scripts/ensure-venv device,aac,training,convert,jax,dev,browser
# Without a Python 3.13, npm, redis or the right to boot a system their tests are skipped, and say why; with CI=true that is a failure.
	@sh scripts/ensure-home-assistant || [ "$(CI)" != true ]
	@sh scripts/ensure-node-red || [ "$(CI)" != true ]
	@sh scripts/ensure-cluster || [ "$(CI)" != true ]
	@sh scripts/ensure-machines || [ "$(CI)" != true ]
	$(MAKE) lint
	$(TESTS)

lint:
	@sh scripts/ensure-venv device,dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy device models training convert
	.venv/bin/lint-imports
	.venv/bin/shellcheck --external-sources --check-sourced systemd/install scripts/ensure-*

format:
	@sh scripts/ensure-venv device,dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

screenshots:
	@sh scripts/ensure-system glib chromium
	@sh scripts/ensure-venv device,dev,browser
	.venv/bin/python -m scripts.page_screenshots

docs:
	@sh scripts/ensure-venv device,dev
	.venv/bin/python -m scripts.mqtt_page

clean:
	rm -rf .venv .home-assistant .home-assistant-uv .home-assistant-python .node-red .machines benchmarks/cluster/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
