"""The small commands of `mien`: models, config and discovery. Each prints to standard output and returns its exit code."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from mien_device.camera.addresses import without_secrets
from mien_device.config import CameraConfig, Config
from mien_device.config.load import PASSWORD_VARIABLE, default_paths, find_config, load_config, read_password
from mien_device.config.template import commented_template, effective
from mien_device.faces.install import install_yunet
from mien_device.features import features
from mien_device.home import discovery
from mien_device.home.announcer import FILE as DISCOVERY_FILE
from mien_device.home.announcer import Announced, load_announced
from mien_device.home.discovery import describe
from mien_device.home.entities import Feature
from mien_device.home.identity import device_id
from mien_device.home.tls import check_settings
from mien_device.state import models_folder, state_folder
from mien_models.errors import ConfigError
from mien_models.finder import ModelFinder
from mien_models.manifest import FinderManifest, Manifest, read_kind
from mien_models.runner import Classifier
from mien_models.selftest import self_test, self_test_finder
from mien_models.shipped import find_model, shipped_models
from mien_models.validation import explain


def show_models(names: list[str], *, as_json: bool) -> int:
    """Say what the named models (all shipped ones without a name) are, after opening and testing them as the daemon does."""
    manifests = [_opened(find_model(name)) for name in names or shipped_models()]
    if as_json:
        _print(json.dumps([manifest.model_dump(mode="json") for manifest in manifests], indent=2))
        return 0
    for manifest in manifests:
        _print(
            f"{manifest.name} {manifest.version}: {manifest.kind}, int8, {manifest.file.bytes / 1e3:.0f} kB, {manifest.licence}"
        )
        _print(f"  {_what_it_does(manifest)}; sha256 {manifest.file.sha256[:16]}…")
        for key, value in manifest.metrics.items():
            _print(f"  {key}: {value:.4g}")
    return 0


def _opened(directory: Path) -> Manifest | FinderManifest:
    if read_kind(directory) == "faces":
        finder = ModelFinder.open(directory)
        self_test_finder(finder)
        return finder.manifest
    classifier = Classifier.open(directory)
    self_test(classifier)
    return classifier.manifest


def _what_it_does(manifest: Manifest | FinderManifest) -> str:
    if isinstance(manifest, FinderManifest):
        _, height, width, _ = manifest.input.shape
        return f"finds faces in {width}x{height}, from score {manifest.start:.2f}, holds them from {manifest.hold:.2f}"
    heads = ", ".join(output.head for output in manifest.outputs)
    return f"heads: {heads}; answers with {manifest.answer}"


def install_model(name: str, source: str | None, *, as_json: bool) -> int:
    """Fetch a model that is not mien's own, when its user asks for it: the one time that mien uses the internet."""
    if name != "yunet":
        raise ConfigError(f"{name}: nothing of that name can be installed; yunet can")
    path = install_yunet(models_folder(), source)
    if as_json:
        _print(json.dumps({"name": name, "file": str(path)}))
    else:
        _print(f'{path}: installed; set faces.finder = "yunet" to use it')
    return 0


def init_config(target: Path | None, *, to_stdout: bool) -> int:
    """Write the commented template, never over a file that exists."""
    if to_stdout:
        _print(commented_template(), end="")
        return 0
    path = target or default_paths()[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(commented_template())
    except FileExistsError:
        raise ConfigError(f"{path}: exists already and was left alone; name another file with --out") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another file with --out") from None
    _print(f"wrote {path}")
    return 0


def check_config(named: Path | None, *, as_json: bool) -> int:
    """Read the configuration and see that its settings fit together; every mistake is in the error that this raises."""
    path = find_config(named)
    where = str(path) if path else None
    try:
        config = load_config(path)
        if config.mqtt.host:
            # Whether there is a password, not which: its file may be readable for the service's user only.
            has_password = config.mqtt.password_file is not None or PASSWORD_VARIABLE in os.environ
            check_settings(config.mqtt, "" if has_password else None)
    except ConfigError as error:
        if not as_json:
            raise
        _print(json.dumps({"file": where, "ok": False, "error": str(error)}, ensure_ascii=False))
        return error.exit_code
    _print(
        json.dumps({"file": where, "ok": True}) if as_json else f"{where or 'no file, built-in defaults'}: no mistakes"
    )
    return 0


def show_config(config: Config, *, as_json: bool) -> int:
    """Print the settings in force. Of a network camera's address, which may hold a password, only scheme and host."""
    camera = config.camera.model_copy(update={"source": without_secrets(config.camera.source)})
    config = config.model_copy(update={"camera": camera})
    _print(
        json.dumps(config.model_dump(mode="json"), indent=2) if as_json else effective(config),
        end="" if not as_json else "\n",
    )
    return 0


def show_discovery(config: Config, *, as_json: bool) -> int:
    """Print what Home Assistant is told of this device."""
    device = describe(config, device_id(config.mqtt.device_id, state_folder()), features(config))
    message, topic = discovery.message(device), discovery.topic(config.home_assistant.prefix, device.id)
    if as_json:
        _print(json.dumps({"topic": topic, "payload": message}, indent=2, ensure_ascii=False))
        return 0
    _print(f"{device.name} ({device.unique_id}), on {topic}:")
    for component in message["cmps"].values():
        if component["p"] == "device_automation":
            _print(f"  trigger  {component['type']} {component['subtype']}")
        else:
            hidden = "" if component.get("en", True) else " (not enabled until you do it)"
            _print(f"  {component['def_ent_id']}: {component['name']}{hidden}")
    left_out = sorted(feature.value for feature in Feature if feature not in device.features)
    _print(
        f"left out, because this device does not have it or it is not configured: {', '.join(left_out) or 'nothing'}"
    )
    return 0


def purge_discovery(config: Config, named: str | None, *, as_json: bool) -> int:
    """Take a device out of Home Assistant and out of the broker.

    Raises:
        ConfigError: there is no broker in the configuration, or the name is no device id.
        BrokerError: the broker cannot be used.
        OutcomeError: the device is running.

    """
    if not config.mqtt.host:
        raise ConfigError("'mqtt.host' is not set, so there is nothing to purge; name the broker in the configuration")
    folder = state_folder()
    own = device_id(config.mqtt.device_id, folder)
    identity = named or own
    device = describe(config, identity, frozenset(Feature))
    announced = load_announced(folder / DISCOVERY_FILE) if identity == own else Announced()
    from mien_device.home.purge import purge

    cleared = purge(config, read_password(config.mqtt), device, announced)
    if identity == own:
        (folder / DISCOVERY_FILE).unlink(missing_ok=True)
    if as_json:
        _print(json.dumps({"device": identity, "cleared": cleared}, indent=2))
    else:
        _print("\n".join(f"cleared {topic}" for topic in cleared))
    return 0


def with_camera(config: Config, source: str) -> Config:
    """The configuration with another camera.

    Raises:
        ConfigError: there is no such kind of source.

    """
    try:
        camera = config.camera.model_validate(config.camera.model_dump() | {"source": source})
    except ValidationError as error:
        raise ConfigError(f"--camera: {'; '.join(explain(error, CameraConfig))}") from None
    return config.model_copy(update={"camera": camera})


def _print(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
