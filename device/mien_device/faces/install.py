"""Putting YuNet's file in its place: from its address or from a file, and only if it is the one that was measured."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

from mien_device.faces import yunet
from mien_models.errors import DataError
from mien_models.files import user_path, write_atomically

_TIMEOUT_S = 30.0


def install_yunet(folder: Path, source: str | None = None) -> Path:
    """Write YuNet's file into `folder`, whole or not at all; where it is then.

    `source` is an address or a file, for a device without a network; by default OpenCV's own address.

    Raises:
        DataError: it cannot be read or written, or it is another file.

    """
    source = yunet.ADDRESS if source is None else source
    if not source.strip():
        raise DataError("--from is empty; give an address or a file, or leave --from out for OpenCV's own address")
    content = _download(source) if source.startswith(("https://", "http://")) else _read(user_path(source))
    if not yunet.is_known(content):
        digest = hashlib.sha256(content).hexdigest()
        raise DataError(
            f"{source}: not the file that mien knows ({len(content)} bytes or more with sha256 {digest[:12]}…, "
            f"it must be {yunet.SIZE} with {yunet.SHA256[:12]}…); give --from another address or file"
        )
    path = folder / yunet.FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); run as its owner, or set MIEN_STATE_DIR"
        ) from error
    return path


def _download(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s) only, checked above
            return bytes(answer.read(yunet.SIZE + 1))
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{address}: cannot be fetched ({reason}); fetch it elsewhere and give --from FILE") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(yunet.SIZE + 1)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; give --from an address or a file") from error
