"""Who vouches for a model: an Ed25519 signature (RFC 8032) beside the manifest, by one of the keys that its user trusts.

What is signed is the manifest to the byte; it names the model's file with its size and sha256, so that nothing else of the
directory counts. Keys and signatures are lines of text, so that they can be pasted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mien_models.errors import DataError, SignatureError
from mien_models.files import write_atomically
from mien_models.manifest import MANIFEST_NAME

if TYPE_CHECKING:
    from nacl.signing import SigningKey

SIGNATURE_NAME = "manifest.sig"
PUBLIC, SECRET, SIGNATURE = "mien-key-1:", "mien-secret-1:", "mien-signature-1:"
_CONTEXT = b"mien model directory 1\n"
"""Signed in front of the manifest: what is signed for something else is no signature of a model."""
KEY_BYTES = 32
LARGEST_SIGNATURE = 1024
"""Bytes of its file."""


def make_key(path: Path) -> str:
    """Write a new secret key, never over a file that exists, and return its public key.

    Raises:
        DataError: there is a file already, or it cannot be written.

    """
    from nacl.signing import SigningKey

    key = SigningKey.generate()
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise DataError(f"{path}: exists already and was left alone; name another file") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(_line(SECRET, bytes(key)))
        file.flush()
        os.fsync(handle)
    return _line(PUBLIC, bytes(key.verify_key)).strip()


def public_key(path: Path) -> str:
    """The public key of the secret one in the file.

    Raises:
        DataError: it holds none.

    """
    return _line(PUBLIC, bytes(_read_key(path).verify_key)).strip()


def sign(directory: Path, key: Path) -> None:
    """Write the signature of the manifest in `directory`, by the secret key in the file `key`.

    Raises:
        DataError: the key cannot be read, or the signature not be written.

    """
    secret = _read_key(key)
    try:
        content = (directory / MANIFEST_NAME).read_bytes()
        signature = secret.sign(_CONTEXT + content).signature
        write_atomically(directory / SIGNATURE_NAME, _line(SIGNATURE, signature).encode("ascii"))
    except OSError as error:
        raise DataError(f"{error.filename or directory}: {error.strerror}") from None


def verify(manifest: bytes, signature: bytes, keys: Iterable[str], where: str) -> str:
    """See that one of `keys` signed these bytes of a manifest; which one, by its short name.

    Args:
        manifest: of `manifest.json`, as it is.
        signature: of `manifest.sig`, as it is.
        keys: public keys; see `check_key`.
        where: for the error.

    Raises:
        SignatureError: none of them did.

    """
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    signed = _parse(SIGNATURE, signature.decode("ascii", "replace"), 64)
    if signed is None:
        raise SignatureError(f"{where}: {SIGNATURE_NAME} holds no signature; sign the model with `mien-convert sign`")
    for key in keys:
        trusted = check_key(key)
        try:
            VerifyKey(trusted).verify(_CONTEXT + manifest, signed)
        except BadSignatureError:
            continue
        return short_name(trusted)
    raise SignatureError(
        f"{where}: not signed by a key of updates.keys, or changed since; add the key if you trust who signed, or sign it anew"
    )


def check_key(text: str) -> bytes:
    """The bytes (32) of a public key.

    Raises:
        SignatureError: it is none.

    """
    key = _parse(PUBLIC, text, KEY_BYTES)
    if key is None:
        raise SignatureError(f"no public key: {PUBLIC} and 44 more characters, as `mien-convert key` prints it")
    return key


def short_name(key: bytes) -> str:
    """Of a public key, for people."""
    return hashlib.sha256(key).hexdigest()[:8]


def _read_key(path: Path) -> SigningKey:
    from nacl.signing import SigningKey

    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; make a key with `mien-convert key {path}`") from None
    seed = _parse(SECRET, text, KEY_BYTES)
    if seed is None:
        raise DataError(f"{path}: no secret key; make one with `mien-convert key FILE`")
    return SigningKey(seed)


def _line(kind: str, content: bytes) -> str:
    return f"{kind}{base64.b64encode(content).decode('ascii')}\n"


def _parse(kind: str, text: str, length: int) -> bytes | None:
    text = text.strip()
    if not text.startswith(kind):
        return None
    try:
        content = base64.b64decode(text.removeprefix(kind), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if len(content) == length else None
