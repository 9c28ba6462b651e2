"""The settings of the broker that must fit together, and the TLS context that follows from them."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from mien_device.config.schema import MqttConfig
from mien_models.errors import ConfigError

log = logging.getLogger(__name__)


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho 2.2 leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def check_settings(config: MqttConfig, password: str | None) -> None:
    """See that no setting would be passed over in silence.

    Raises:
        ConfigError: a setting has no effect without another one.

    """
    if password is not None and not config.username:
        raise ConfigError("a password for the broker is given but 'mqtt.username' is not; set it")
    if not config.tls:
        for key in ("ca_file", "client_cert_file", "client_key_file", "tls_insecure"):
            if getattr(config, key):
                raise ConfigError(f"'mqtt.{key}' is set but 'mqtt.tls' is not; set tls = true, or take it out")
    if config.client_key_file and not config.client_cert_file:
        raise ConfigError("'mqtt.client_key_file' is set but 'mqtt.client_cert_file' is not; set both")


def tls_context(config: MqttConfig) -> ssl.SSLContext | None:
    """The context to connect with, None without TLS.

    Raises:
        ConfigError: a certificate or key file is missing or cannot be used; the text names the file and the setting.

    """
    if not config.tls:
        return None
    for key in ("ca_file", "client_cert_file", "client_key_file"):
        _check_readable(key, getattr(config, key))
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
    except ssl.SSLError:
        raise ConfigError(f"{config.ca_file}: 'mqtt.ca_file': not a certificate in PEM form") from None
    context.sslsocket_class = _TidySocket
    if config.client_cert_file is not None:
        try:
            # An empty pass phrase makes a protected key an error; without it OpenSSL would ask on the terminal and wait.
            context.load_cert_chain(config.client_cert_file, config.client_key_file, password="")
        except ssl.SSLError:
            key_file = config.client_key_file or config.client_cert_file
            raise ConfigError(
                f"{config.client_cert_file}: 'mqtt.client_cert_file': cannot be used with the key in {key_file}; "
                "both must be in PEM form, belong together, and the key must have no pass phrase"
            ) from None
    if config.tls_insecure:
        context.check_hostname = False
        log.warning(
            "mqtt.tls_insecure is set: the broker's NAME IS NOT CHECKED, anyone on the way can pose as the broker"
        )
    return context


def _check_readable(key: str, path: Path | None) -> None:
    if path is None:
        return
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(
            f"{path}: 'mqtt.{key}': {error.strerror}; check the path, and that mien may read it"
        ) from None
