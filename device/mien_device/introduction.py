"""Says what this device is, and says it again when it has become something else."""

from __future__ import annotations

import platform
from collections.abc import Callable

from mien_device.home import Publisher
from mien_device.home.messages import Info, utc_now
from mien_device.parts import Parts
from mien_models import __version__
from mien_models.runtime import find_runtime


class Introduction:
    """The home gets it when the publisher starts, and after that whenever it changes."""

    def __init__(self, parts: Parts, publisher: Publisher, restart_required: Callable[[], tuple[str, ...]]) -> None:
        """`restart_required` names the settings that this process has not taken over yet."""
        self._parts = parts
        self._publisher = publisher
        self._restart_required = restart_required
        self._started_at = ""
        """The time of day, RFC 3339; empty before `begin`."""
        self._told: Info | None = None

    def begin(self) -> Info:
        """What the publisher is to start with. From now on changes are told."""
        self._started_at = utc_now()
        self._told = self._info()
        return self._told

    def renew(self) -> None:
        """Tell what has changed, if anything: with its health a device loses the accelerator or the sound card."""
        info = self._info()
        if self._started_at and info != self._told:
            self._told = info
            self._publisher.publish(info)

    def _info(self) -> Info:
        classifier = self._parts.reader.classifier
        manifest = classifier.manifest
        output = manifest.output(manifest.answer)
        return Info(
            version=__version__,
            model=f"{manifest.name} {manifest.version}",
            model_sha256=manifest.file.sha256,
            labels=output.labels if output else (),
            runtime=find_runtime().name,
            accelerator=classifier.accelerator,
            camera=self._parts.camera_name,
            finder=self._parts.finder.name,
            player=self._parts.player.name,
            os=platform.platform(terse=True),
            python=platform.python_version(),
            started_at=self._started_at,
            restart_required=self._restart_required(),
        )
