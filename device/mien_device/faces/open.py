"""Which face finder."""

from __future__ import annotations

from pathlib import Path

from mien_device.config.schema import FacesConfig
from mien_device.faces import FaceFinder
from mien_device.faces.haar import HaarFinder
from mien_device.faces.mien import MienFinder
from mien_device.faces.yunet import FILE, YuNetFinder
from mien_models.finder import ModelFinder
from mien_models.runtime import Accelerator, Opener
from mien_models.selftest import self_test_finder
from mien_models.shipped import find_model


def open_finder(
    config: FacesConfig, installed: Path, accelerator: Accelerator = Accelerator.CPU, opener: Opener | None = None
) -> FaceFinder:
    """The finder that the configuration names; `installed` is the folder that `mien models install` fills.

    `opener` opens what is to run on an Edge TPU.

    Raises:
        ConfigError, ModelError: it cannot be opened.
        MissingDependencyError: what runs it is not on this machine.

    """
    if config.finder in {"auto", "mien"}:
        finder = ModelFinder.open(find_model(config.model), accelerator, opener=opener)
        self_test_finder(finder)
        return MienFinder(finder, config.min_height)
    if config.finder == "yunet":
        return YuNetFinder(installed / FILE, config.min_height)
    return HaarFinder(config.min_height)
