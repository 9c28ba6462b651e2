"""What went wrong with the broker, in one line with its remedy. Never holds the password."""

from __future__ import annotations

import socket
import ssl

from mien_device import clock

# Numbers of X509_V_ERR_… in OpenSSL's x509_vfy.h; the ssl module gives no names for them.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
_WRONG_NAME = {62, 64}


def connection_trouble(error: OSError, host: str, port: int, timeout_s: float) -> str:
    """Why no connection was made."""
    texts: dict[type[OSError], str] = {
        socket.gaierror: f"the name '{host}' cannot be resolved; check mqtt.host, or give the broker's IP address",
        ConnectionRefusedError: "connection refused; check that the broker runs and listens there, and mqtt.port",
        TimeoutError: f"no answer within {timeout_s:g} s; check mqtt.host, the network and the firewall",
        ConnectionResetError: "the connection was closed at once; check mqtt.port and mqtt.tls",
    }
    if isinstance(error, ssl.SSLError):
        text = _tls_trouble(error, host)
    else:
        text = texts.get(type(error)) or f"{error.strerror or type(error).__name__}; check the network"
    return f"MQTT broker {host}:{port}: {text}"


def is_not_yet_valid(error: OSError) -> bool:
    """Whether the certificate is only valid from a later time on than this computer's clock shows."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == _NOT_YET_VALID


def _tls_trouble(error: ssl.SSLError, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_trouble(error, host)
    reason = (error.reason or type(error).__name__).replace("_", " ").lower()
    return f"TLS failed ({reason}); check mqtt.port and mqtt.tls (TLS is usually on 8883)"


def _certificate_trouble(error: ssl.SSLCertVerificationError, host: str) -> str:
    code = error.verify_code
    says = clock.utc().isoformat(timespec="minutes")
    if code == _NOT_YET_VALID:
        return f"the certificate is not valid yet; this computer's clock says {says}: set it (a Pi has none without network)"
    if code == _EXPIRED:
        return f"the certificate has expired; renew it (this computer's clock says {says})"
    if code in _UNKNOWN_AUTHORITY:
        return "the certificate comes from an unknown authority; name its file in mqtt.ca_file"
    if code in _WRONG_NAME:
        return f"the certificate is not for '{host}'; set mqtt.host to the name that is in it"
    return f"the certificate is not trusted ({error.verify_message}); check mqtt.ca_file"


def refusal_trouble(reason: str, host: str, port: int, username: str) -> str:
    """Why the broker said no. `reason` is MQTT's own word for it."""
    if reason in {"QoS not supported", "Retain not supported"}:
        return (
            f"MQTT broker {host}:{port}: refused the connection ({reason.lower()}); mien needs QoS 1 and retained messages: "
            "allow them in the broker's configuration (mosquitto: max_qos, retain_available)"
        )
    if reason not in {"Not authorized", "Bad user name or password"}:
        return f"MQTT broker {host}:{port}: refused the connection ({reason.lower()}); see the broker's log"
    if not username:
        return f"MQTT broker {host}:{port}: refused a client without a user name; set mqtt.username and the password"
    return (
        f"MQTT broker {host}:{port}: refused user '{username}' ({reason.lower()}); check mqtt.username and the password "
        "(mqtt.password_file, MIEN_MQTT_PASSWORD, or the systemd credential mqtt_password)"
    )


def silence_trouble(host: str, port: int, tls: bool, timeout_s: float, *, closed: bool) -> str:
    """Why a connection was made but MQTT was not spoken."""
    if not closed:
        return f"MQTT broker {host}:{port}: connected, but no answer within {timeout_s:g} s; is this an MQTT port?"
    remedy = (
        "if it wants a client certificate, set mqtt.client_cert_file and mqtt.client_key_file"
        if tls
        else "if this is its TLS port, set mqtt.tls"
    )
    return f"MQTT broker {host}:{port}: closed the connection before it answered; {remedy}"


def websocket_trouble(error: Exception, host: str, port: int, path: str) -> str:
    """Why the connection did not become a websocket. `error` is paho's own word for it."""
    return f"MQTT broker {host}:{port}: no websocket at {path} ({error}); check mqtt.port and mqtt.websocket_path"
