"""Every command and option of `mien`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from mien_device.commands.library_parser import add_library
from mien_device.commands.options import add_config as _add_config
from mien_device.commands.options import add_json as _add_json
from mien_device.commands.upkeep_parser import add_upkeep
from mien_models import __version__

_EXAMPLES = """\
examples:
  mien demo                          look at it first: no camera, broker, sound card or network needed
  mien check                         what is here, what is missing, and how to mend it
  mien config init                   write a configuration with every setting explained
  mien run                           the daemon, with the configuration it finds (or none)
  mien run --camera replay:party.mp4 the daemon on a video instead of a camera
  mien watch party.mp4 --out seen.mp4
                                     what mien sees in a video, drawn over it
  mien library scan                  listen to the songs, and know the mood of each
  mien backup mien.zip               what cannot be made again, in one file; `mien restore` puts it back
  mien discovery show                what Home Assistant is told of this device

Exit codes are listed in docs/exit-codes.md. Everything stays on this device: no picture is sent unless you set
privacy.snapshot, and none is written unless you ask `mien watch` for a film.
"""


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
    _add_watch(commands)
    _add_simulate(commands)
    _add_check(commands)
    _add_models(commands)
    _add_config_command(commands)
    _add_discovery(commands)
    add_library(commands)
    add_upkeep(commands)
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


def _add_watch(commands: Any) -> None:
    watch = commands.add_parser(
        "watch",
        help="what mien sees in a video",
        description="Look at every frame of a video, a picture or a folder of pictures, and say when which mood began. With "
        "--out also write the video with boxes, readings and the mood drawn over it: the only way to have mien write "
        "pictures of people, so mind whose they are.",
    )
    watch.add_argument("film", type=Path, metavar="VIDEO")
    watch.add_argument("--out", type=Path, metavar="FILE.mp4", help="where to write it, without sound")
    _add_config(watch)
    _add_json(watch)


def _add_simulate(commands: Any) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="the daemon in a world where things break",
        description="Run the very daemon with a camera, a Coral, a sound card, a disk and a broker that break as TRACE says, and "
        "see whether all is well again in time. Exit code 10 if not. TRACE is a file, or the name of one that is shipped.",
    )
    what = simulate.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "trace", nargs="?", metavar="TRACE", help="a file as docs/faults.md has it, or a shipped trace's name"
    )
    what.add_argument("--list", action="store_true", dest="list_traces", help="the traces that are shipped")
    simulate.add_argument(
        "--port", type=_port, default=0, metavar="N", help="port of its broker on 127.0.0.1 (default: a free one)"
    )
    simulate.add_argument("--verbose", action="store_true", help="show the daemon's log as well")
    _add_json(simulate)


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
