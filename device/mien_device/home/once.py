"""A connection for a moment, beside that of the running daemon."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mien_device.config.schema import MqttConfig
from mien_device.home.client import V311, first_version
from mien_device.home.session import ANSWER_S, Session, UnspokenError
from mien_device.home.tls import check_settings, tls_context


@contextmanager
def connected(
    config: MqttConfig,
    password: str | None,
    purpose: str,
    *,
    on_message: Callable[[str, bytes, bool], None] | None = None,
    timeout_s: float = ANSWER_S,
) -> Iterator[Session]:
    """Connect, and hang up at the end. `purpose` is a word for the client id: a running mien keeps its connection.

    Raises:
        BrokerError: it did not work; one line with the remedy.
        ConfigError: the settings contradict each other, or a file that they name cannot be used.

    """
    check_settings(config, password)
    context, client_id = tls_context(config), f"mien-{purpose}-{secrets.token_hex(4)}"
    session = Session(config, password, context, client_id, version=first_version(config), on_message=on_message)
    try:
        try:
            session.open(timeout_s)
        except UnspokenError:
            if config.protocol == "5":
                raise
            session.close()
            session = Session(config, password, context, client_id, version=V311, on_message=on_message)
            session.open(timeout_s)
        yield session
    finally:
        session.close()


def try_connect(config: MqttConfig, password: str | None, timeout_s: float = ANSWER_S) -> None:
    """Connect once and hang up.

    Raises:
        BrokerError: it did not work; one line with the remedy.
        ConfigError: the settings contradict each other, or a file that they name cannot be used.

    """
    with connected(config, password, "check", timeout_s=timeout_s):
        pass
