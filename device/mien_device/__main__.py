"""`mien`: the command line of the device."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mien_device.config.load import find_config, load_config
from mien_models import __version__
from mien_models.errors import ConfigError, run_command

_EXAMPLES = """\
examples:
  mien demo                          look at it first: no camera, broker, sound card or network needed
  mien check                         what is here, what is missing, and how to mend it
  mien config init                   write a configuration with every setting explained
  mien run                           the daemon, with the configuration it finds (or none)
  mien run --camera replay:party.mp4 the daemon on a video instead of a camera
  mien discovery show                what Home Assistant is told of this device

Exit codes are listed in docs/exit-codes.md. Everything stays on this device: no picture is written, and none is sent
unless you set privacy.snapshot.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mien` with the given arguments (those of the process by default) and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command("mien", lambda: _dispatch(arguments))


def build_parser() -> argparse.ArgumentParser:
    """Every command and option."""
    parser = argparse.ArgumentParser(
        prog="mien",
        description="Reads the mood of the people in front of the camera, answers with music, and tells the home over MQTT.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_demo(commands)
    _add_check(commands)
    _add_models(commands)
    _add_config_command(commands)
    _add_discovery(commands)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="the daemon", description="Run until SIGTERM or Ctrl-C.")
    _add_config(run)
    run.add_argument(
        "--camera", metavar="SOURCE", help="instead of camera.source: auto, opencv:0, replay:PATH, demo, …"
    )
    run.add_argument("--seconds", type=_seconds, metavar="N", help="stop cleanly after N seconds")


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="the daemon with nothing attached",
        description="Run the very daemon with generated scenes, synthesised music and a broker of its own on 127.0.0.1; "
        "print each mood as it comes back over MQTT. Exit code 10 if none came.",
    )
    demo.add_argument("--seconds", type=_seconds, metavar="N", help="stop after N seconds (default: at Ctrl-C)")
    demo.add_argument(
        "--camera",
        metavar="SOURCE",
        default="demo",
        help="a real camera instead of the scenes: auto, opencv:0, replay:PATH",
    )
    demo.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="port of the demo's broker on 127.0.0.1 (default: a free one)",
    )
    demo.add_argument("--verbose", action="store_true", help="show the daemon's log as well")
    _add_json(demo, "one JSON object a line")


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="what is found, and how to mend what is not",
        description="The exit code is that of the first thing that must be mended.",
    )
    _add_config(check)
    _add_json(check)


def _add_models(commands: Any) -> None:
    models = commands.add_parser(
        "models",
        help="the models at hand, and `models install yunet`",
        description="Check the shipped models (or those named) and describe them; or `mien models install yunet`: fetch the "
        "face finder YuNet (233 kB, MIT) from OpenCV's model zoo, or with --from.",
    )
    models.add_argument("names", nargs="*", metavar="MODEL", help="a shipped model's name or a model directory")
    models.add_argument(
        "--from",
        dest="source",
        metavar="PLACE",
        help="with install: another address, or a file; size and hash are checked",
    )
    _add_json(models)


def _add_config_command(commands: Any) -> None:
    config = commands.add_parser("config", help="write, check or show the configuration")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    init = actions.add_parser("init", help="write a file with every setting explained")
    init.add_argument("--out", type=Path, metavar="FILE", help="where (default: your own configuration folder)")
    init.add_argument("--print", action="store_true", dest="to_stdout", help="print it instead")
    for name, words in (
        ("check", "name every mistake in it"),
        ("show", "print the settings in force, without secrets"),
    ):
        action = actions.add_parser(name, help=words)
        _add_config(action)
        _add_json(action)


def _add_discovery(commands: Any) -> None:
    discovery = commands.add_parser("discovery", help="how Home Assistant learns of this device")
    actions = discovery.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print what Home Assistant is told")
    purge = actions.add_parser(
        "purge",
        help="take the device out of Home Assistant and out of the broker",
        description="For a device that is no longer used, or whose id was changed. It must not be running. Takes some "
        "seconds; Home Assistant should be running.",
    )
    purge.add_argument("--device", metavar="ID", type=_device_id, help="another device's id (default: this one's)")
    for action in (show, purge):
        _add_config(action)
        _add_json(action)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="default: $MIEN_CONFIG, ~/.config/mien/mien.toml, /etc/mien/mien.toml, else built-in defaults",
    )


def _add_json(parser: argparse.ArgumentParser, words: str = "print JSON") -> None:
    parser.add_argument("--json", action="store_true", dest="as_json", help=words)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _device_id(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,32}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a device id")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _dispatch(arguments: argparse.Namespace) -> int:
    # Imported here and below so that --help does not wait for OpenCV and the runtime.
    match arguments.command:
        case "models":
            return _models(arguments)
        case "config":
            return _config(arguments)
        case "discovery":
            return _discovery(arguments)
        case "demo":
            from mien_device.demo.show import run_demo

            log_to_stderr("info" if arguments.verbose else "error")
            return run_demo(arguments.camera, arguments.port, arguments.seconds, as_json=arguments.as_json)
        case "check":
            from mien_device.commands.check import run_check

            log_to_stderr("error")  # what a part would log stands in the report
            return run_check(arguments.config, as_json=arguments.as_json)
        case _:
            return _run(arguments)


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

    config = load_config(find_config(arguments.config))
    if arguments.action == "show":
        return discovery.show_discovery(config, as_json=arguments.as_json)
    return discovery.purge_discovery(config, arguments.device, as_json=arguments.as_json)


def _run(arguments: argparse.Namespace) -> int:
    from mien_device.commands.config import with_camera

    config = load_config(find_config(arguments.config))
    if arguments.camera:
        config = with_camera(config, arguments.camera)
    log_to_stderr(config.log.level)
    from mien_device.daemon import run_daemon

    return run_daemon(config, seconds=arguments.seconds)


def log_to_stderr(level: str) -> None:
    """One line a message; systemd's journal and a terminal both read standard error."""
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


if __name__ == "__main__":
    sys.exit(main())
