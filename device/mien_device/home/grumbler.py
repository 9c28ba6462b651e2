"""Says what is wrong with the connection: each trouble once, not at every attempt."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Grumbler:
    """Used by the thread that keeps the connection."""

    def __init__(self) -> None:
        self.last_error: str | None = None
        """Why there is no connection, with the remedy; None while there is one."""
        self._refused: tuple[str, ...] = ()
        self._too_large: set[str] = set()
        self._unwritable_said = self._silence_said = False

    def content(self) -> None:
        """There is a new connection."""
        self.last_error = None
        self._unwritable_said = self._silence_said = False

    def failed(self, error: str) -> None:
        """An attempt failed; there will be others."""
        self._say(error, "trying again")

    def lost(self, wait_s: float, farewell: str | None, *, taken_over_as: str | None) -> None:
        """A connection ended: the broker's reason, if it gave one; if another device may have taken it, the client id."""
        remedy = "set another mqtt.device_id on one of them"
        if farewell is not None:
            error = f"MQTT: the broker ended the connection ({farewell})"
            if taken_over_as is not None:
                error += f"; another device uses the client id {taken_over_as}: {remedy}"
        elif taken_over_as is not None:
            error = (
                f"MQTT: connections end within seconds and the broker does not say why; perhaps another device uses the "
                f"client id {taken_over_as}: then {remedy}"
            )
        else:
            error = "MQTT: the connection to the broker was lost"
        self._say(error, f"next attempt in {wait_s:.0f} s")

    def refused(self, topics: tuple[str, ...]) -> None:
        """Subscriptions that the broker did not grant."""
        if topics and topics != self._refused:
            self._refused = topics
            log.warning(
                "MQTT: the broker does not let us read %s; allow it in the broker's access control", ", ".join(topics)
            )

    def unwritable(self, topics: tuple[str, ...]) -> None:
        """Topics of messages that the broker threw away; said once a connection."""
        if not topics or self._unwritable_said:
            return
        self._unwritable_said = True
        more = f" (and {len(topics) - 1} more)" if len(topics) > 1 else ""
        log.warning(
            "MQTT: the broker does not let us write %s%s; allow it in the broker's access control", topics[0], more
        )

    def silent(self, dropped: int) -> None:
        """So many events of this connection were dropped because the broker did not answer; said once a connection."""
        if dropped and not self._silence_said:
            self._silence_said = True
            log.warning("MQTT: the broker does not answer; events are dropped until it does")

    def too_large(self, sizes: Mapping[str, int], most: int | None) -> None:
        """Topics and bytes of messages that were not sent, as the broker takes `most`; each topic is said once."""
        for topic in sizes.keys() - self._too_large:
            self._too_large.add(topic)
            log.warning(
                "MQTT: %s has %d bytes and is not sent, the broker takes at most %s; raise the broker's max_packet_size",
                *(topic, sizes[topic], most),
            )

    def _say(self, error: str, outlook: str) -> None:
        level = logging.DEBUG if error == self.last_error else logging.WARNING
        log.log(level, "%s; %s", error, outlook)
        self.last_error = error
