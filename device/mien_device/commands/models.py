"""`mien models`: what is at hand, tested as the daemon tests it, and what can be installed."""

from __future__ import annotations

import json
from pathlib import Path

from mien_device.commands import say
from mien_device.faces.install import install_yunet
from mien_device.folders import models_folder
from mien_models.errors import ConfigError
from mien_models.finder import ModelFinder
from mien_models.manifest import FinderManifest, Manifest, MusicManifest, read_kind
from mien_models.runner import Classifier
from mien_models.selftest import self_test, self_test_finder
from mien_models.shipped import find_model, shipped_models


def show_models(names: list[str], *, as_json: bool) -> int:
    """Say what the named models (all shipped ones without a name) are, after opening and testing them as the daemon does."""
    manifests = [_opened(find_model(name)) for name in names or shipped_models()]
    if as_json:
        say(json.dumps([manifest.model_dump(mode="json") for manifest in manifests], indent=2))
        return 0
    for manifest in manifests:
        how = "numpy" if isinstance(manifest, MusicManifest) else "int8"
        size = f"{manifest.file.bytes / 1e3:.0f} kB"
        say(f"{manifest.name} {manifest.version}: {manifest.kind}, {how}, {size}, {manifest.licence}")
        say(f"  {_what_it_does(manifest)}; sha256 {manifest.file.sha256[:16]}…")
        for key, value in manifest.metrics.items():
            say(f"  {key}: {value:.4g}")
    return 0


def _opened(directory: Path) -> Manifest | FinderManifest | MusicManifest:
    kind = read_kind(directory)
    if kind == "music":
        from mien_models.listening.listen import Listener

        return Listener.open(directory).manifest
    if kind == "faces":
        finder = ModelFinder.open(directory)
        self_test_finder(finder)
        return finder.manifest
    classifier = Classifier.open(directory)
    self_test(classifier)
    return classifier.manifest


def _what_it_does(manifest: Manifest | FinderManifest | MusicManifest) -> str:
    if isinstance(manifest, MusicManifest):
        return f"hears valence and arousal of songs, from features of version {manifest.features}"
    if isinstance(manifest, FinderManifest):
        _, height, width, _ = manifest.input.shape
        return f"finds faces in {width}x{height}, from score {manifest.start:.2f}, holds them from {manifest.hold:.2f}"
    heads = ", ".join(output.head for output in manifest.outputs)
    return f"heads: {heads}; answers with {manifest.answer}"


def install_model(name: str, source: str | None, *, as_json: bool) -> int:
    """Fetch a model that is not mien's own, when its user asks for it."""
    if name != "yunet":
        raise ConfigError(f"{name}: nothing of that name can be installed; yunet can")
    path = install_yunet(models_folder(), source)
    if as_json:
        say(json.dumps({"name": name, "file": str(path)}))
    else:
        say(f'{path}: installed; set faces.finder = "yunet" to use it')
    return 0
