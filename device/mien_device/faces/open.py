"""Which face finder."""

from __future__ import annotations

from mien_device.config.schema import FacesConfig
from mien_device.faces import FaceFinder
from mien_device.faces.haar import HaarFinder


def open_finder(config: FacesConfig) -> FaceFinder:
    """The finder that the configuration names.

    Raises:
        MissingDependencyError: it is not on this machine.

    """
    return HaarFinder(config.min_height)  # "auto" and "haar": there is no other yet
