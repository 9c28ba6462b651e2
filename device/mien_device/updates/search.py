"""Which model is offered: the newest that may come, of those in the folder and at the address."""

from __future__ import annotations

import logging
from collections.abc import Collection

from mien_device.config.schema import UpdatesConfig
from mien_device.updates import Offer
from mien_device.updates.source import offer_at, offers_in
from mien_device.updates.versions import is_newer
from mien_models.errors import MienError
from mien_models.manifest import Manifest

log = logging.getLogger(__name__)


class Search:
    """Remembers what was found at the address, which is not asked again by itself, and what was complained of."""

    def __init__(self, config: UpdatesConfig) -> None:
        """Nothing is looked at yet."""
        self._config = config
        self._fetched: Offer | None = None
        self._complained: set[str] = set()
        self.trouble = ""
        """What is wrong with something that was found the last time."""

    def look(self, running: Manifest, rejected: Collection[str], *, ask_network: bool) -> Offer | None:
        """The offer, if there is one that is not older than what runs and did not fail here."""
        found, troubles = offers_in(self._config.folder, self._config.keys)
        if ask_network and self._config.url:
            self._fetched = None
            try:
                self._fetched = offer_at(self._config.url, self._config.keys)
            except MienError as error:
                troubles.append(str(error))
        if self._fetched is not None:
            found.append(self._fetched)
        self._complain(troubles)
        best = None
        for offer in found:
            if offer.sha256 in rejected or (
                offer.name == running.name and not is_newer(offer.version, running.version)
            ):
                continue
            if best is None or is_newer(offer.version, best.version):
                best = offer
        return best

    def _complain(self, troubles: list[str]) -> None:
        self.trouble = troubles[0] if troubles else ""
        for trouble in troubles:
            if trouble not in self._complained:
                log.warning("model update: %s", trouble)
        self._complained = set(troubles)
