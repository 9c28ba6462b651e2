"""`mien`: the command line of the device."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from mien_device.commands.parser import build_parser
from mien_device.config import Config
from mien_device.config.load import find_config, find_password, load_config
from mien_device.folders import hand_over
from mien_device.heaps import share_heaps
from mien_device.leave import leave
from mien_models.errors import ConfigError, run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mien` with the given arguments (those of the process by default) and return its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        code = run_command("mien", lambda: _COMMANDS[arguments.command](arguments))
    finally:
        hand_over()
    return leave(code) if argv is None else code  # who calls us from Python goes on afterwards


def _demo(arguments: argparse.Namespace) -> int:
    # Imported here and below so that --help does not wait for OpenCV and the runtime.
    from mien_device.demo.show import run_demo

    log_to_stderr("info" if arguments.verbose else "error")
    return run_demo(arguments.camera, arguments.port, arguments.seconds, as_json=arguments.as_json)


def _watch(arguments: argparse.Namespace) -> int:
    from mien_device.commands.watch import run_watch

    log_to_stderr("warning")
    config = load_config(find_config(arguments.config))
    return run_watch(config, arguments.film, arguments.out, as_json=arguments.as_json)


def _simulate(arguments: argparse.Namespace) -> int:
    from mien_device.simulate.run import list_traces, run_simulation

    log_to_stderr("error")
    if arguments.list_traces:
        return list_traces(as_json=arguments.as_json)
    return run_simulation(arguments.trace, arguments.port, as_json=arguments.as_json, verbose=arguments.verbose)


def _check(arguments: argparse.Namespace) -> int:
    from mien_device.commands.check import run_check

    log_to_stderr("error")  # what a part would log stands in the report
    return run_check(arguments.config, as_json=arguments.as_json)


def _models(arguments: argparse.Namespace) -> int:
    from mien_device.commands import models

    installing = arguments.names[:1] == ["install"]
    if installing and len(arguments.names) != 2:
        raise ConfigError("mien models install: name one model: yunet")
    if installing:
        return models.install_model(arguments.names[1], arguments.source, as_json=arguments.as_json)
    if arguments.source:
        raise ConfigError("--from belongs to `mien models install yunet`")
    return models.show_models(arguments.names, as_json=arguments.as_json)


def _config(arguments: argparse.Namespace) -> int:
    from mien_device.commands import config

    if arguments.action == "init":
        return config.init_config(arguments.out, to_stdout=arguments.to_stdout)
    if arguments.action == "check":
        return config.check_config(arguments.config, as_json=arguments.as_json)
    return config.show_config(load_config(find_config(arguments.config)), as_json=arguments.as_json)


def _discovery(arguments: argparse.Namespace) -> int:
    from mien_device.commands import discovery

    path = find_config(arguments.config)
    config = load_config(path)
    if arguments.action == "show":
        return discovery.show_discovery(config, as_json=arguments.as_json)
    password = find_password(config.mqtt, path)
    return discovery.purge_discovery(config, password, arguments.device, as_json=arguments.as_json)


def _library(arguments: argparse.Namespace) -> int:
    from mien_device.commands.library import run_library

    log_to_stderr("warning")
    return run_library(arguments)


def _upkeep(arguments: argparse.Namespace) -> int:
    log_to_stderr("error")
    file, config, state, as_json = arguments.file, arguments.config, arguments.state, arguments.as_json
    if arguments.command == "support":
        from mien_device.commands.support import run_support

        return run_support(file, config, state, as_json=as_json)
    from mien_device.commands.backup import run_backup, run_restore

    if arguments.command == "backup":
        return run_backup(file, config, state, credentials=arguments.credentials, as_json=as_json)
    return run_restore(file, config, state, as_json=as_json)


def _run(arguments: argparse.Namespace) -> int:
    from mien_device.commands.config import with_camera

    path = find_config(arguments.config)

    def load() -> Config:
        config = load_config(path)
        return with_camera(config, arguments.camera) if arguments.camera else config

    log_to_stderr(load().log.level)
    share_heaps()
    from mien_device.daemon import run_daemon

    return run_daemon(load, seconds=arguments.seconds)


def log_to_stderr(level: str) -> None:
    """One line a message; systemd's journal and a terminal both read standard error."""
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "watch": _watch,
    "simulate": _simulate,
    "check": _check,
    "models": _models,
    "config": _config,
    "discovery": _discovery,
    "library": _library,
    "backup": _upkeep,
    "restore": _upkeep,
    "support": _upkeep,
}


if __name__ == "__main__":
    sys.exit(main())
