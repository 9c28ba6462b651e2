"""Says what is wrong with the connection: each trouble once, not at every attempt."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class Grumbler:
    """Used by the thread that keeps the connection."""

    def __init__(self) -> None:
        self.last_error: str | None = None
        """Why there is no connection, with the remedy; None while there is one."""
        self._refused: tuple[str, ...] = ()
        self._unwritable_said = self._silence_said = False

    def content(self) -> None:
        """There is a new connection."""
        self.last_error = None
        self._unwritable_said = self._silence_said = False

    def failed(self, error: str) -> None:
        """An attempt failed; there will be others."""
        self._say(error, "trying again")

    def lost(self, wait_s: float, *, taken_over_as: str | None) -> None:
        """A connection ended; if another device probably took it over, with what client id."""
        error = "MQTT: the connection to the broker was lost"
        if taken_over_as is not None:
            error = (
                f"MQTT: connections end within seconds; another device probably uses the client id {taken_over_as}: "
                "set another mqtt.device_id on one of them"
            )
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

    def _say(self, error: str, outlook: str) -> None:
        level = logging.DEBUG if error == self.last_error else logging.WARNING
        log.log(level, "%s; %s", error, outlook)
        self.last_error = error
