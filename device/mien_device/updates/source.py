"""Where new models come from: a folder that somebody drops a model directory into, or an address that one is fetched from.

Looking into the folder is all that happens by itself. The network is used only when somebody asks.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mien_device.updates import Offer
from mien_device.updates.store import signed_manifest
from mien_models.errors import DataError, MienError
from mien_models.manifest import MANIFEST_NAME
from mien_models.signing import LARGEST_SIGNATURE, SIGNATURE_NAME, verify

TIMEOUT_S = 10.0
"""So long a server may be silent."""
LONGEST_S = 600.0
"""So long a file may take."""
LARGEST_MANIFEST = 1 << 20
LARGEST_MODEL = 64 << 20
"""Bytes; far more than any model that a Pi runs ten times a second."""
_CHUNK = 1 << 16


def offers_in(folder: Path, keys: tuple[str, ...]) -> tuple[list[Offer], list[str]]:
    """Model directories in `folder`, or `folder` itself, that are signed; and in words why the others are none."""
    offers, troubles = [], []
    for place in (folder, *_below(folder)):
        try:
            manifest = _read(place / MANIFEST_NAME, LARGEST_MANIFEST)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            troubles.append(f"{place / MANIFEST_NAME}: {error.strerror}; make it readable for the user that runs mien")
            continue
        try:
            offers.append(_offer(manifest, _read(place / SIGNATURE_NAME, LARGEST_SIGNATURE), keys, str(place)))
        except MienError as error:
            troubles.append(str(error))
        except OSError as error:
            troubles.append(f"{place / SIGNATURE_NAME}: {error.strerror}; sign the model with `mien-convert sign`")
    return offers, troubles


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # nobody drops models here


def offer_at(address: str, keys: tuple[str, ...]) -> Offer:
    """The model directory at an https address: its manifest and its signature are fetched, nothing else.

    Raises:
        MienError: it cannot be fetched, or nobody who is trusted signed it.

    """
    manifest = b"".join(_get(address, MANIFEST_NAME, LARGEST_MANIFEST))
    signature = b"".join(_get(address, SIGNATURE_NAME, LARGEST_SIGNATURE))
    return _offer(manifest, signature, keys, address)


@contextmanager
def at_hand(
    offer: Offer,
    keys: tuple[str, ...],
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Path]:
    """The offered model as a folder on this disk, for as long as the block lasts.

    Raises:
        MienError: it cannot be fetched, is not signed any more, or is larger than its manifest says.

    """
    if not offer.place.startswith("https://"):
        yield Path(offer.place)
        return
    with tempfile.TemporaryDirectory(prefix="mien-model-") as temporary:
        folder = Path(temporary)
        for name, limit in ((MANIFEST_NAME, LARGEST_MANIFEST), (SIGNATURE_NAME, LARGEST_SIGNATURE)):
            (folder / name).write_bytes(b"".join(_get(offer.place, name, limit)))
        content = (folder / MANIFEST_NAME).read_bytes()
        verify(content, (folder / SIGNATURE_NAME).read_bytes(), keys, offer.place)
        file = signed_manifest(content, offer.place).file
        if file.bytes > LARGEST_MODEL:
            raise DataError(f"{offer.place}: {file.path} has {file.bytes} bytes, {LARGEST_MODEL} are the most")
        with (folder / file.path).open("wb") as target:
            for chunk in _get(offer.place, file.path, file.bytes):
                if stopped():
                    raise DataError(f"{offer.place}: not fetched to the end, mien stops")
                target.write(chunk)
        yield folder


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _offer(manifest: bytes, signature: bytes, keys: tuple[str, ...], where: str) -> Offer:
    verify(manifest, signature, keys, where)
    known = signed_manifest(manifest, where)
    return Offer(known.name, known.version, hashlib.sha256(manifest).hexdigest(), where)


class _NoWayBack(urllib.request.HTTPRedirectHandler):
    """Redirects lead to https only."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise urllib.error.URLError("redirected to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get(address: str, name: str, limit: int) -> Iterator[bytes]:
    """The file `name` below `address`, in chunks, at most `limit` bytes."""
    url = f"{address.rstrip('/')}/{urllib.parse.quote(name)}"
    deadline = time.monotonic() + LONGEST_S
    handler = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(handler, _NoWayBack)
    left = limit
    try:
        with opener.open(urllib.request.Request(url, headers={"User-Agent": "mien"}), timeout=TIMEOUT_S) as answer:  # noqa: S310 - https only, as the configuration demands
            while chunk := answer.read(_CHUNK):
                left -= len(chunk)
                if time.monotonic() > deadline:
                    raise DataError(f"{url}: not fetched within {LONGEST_S:.0f} s")
                if left < 0:
                    raise DataError(f"{url}: more than the {limit} bytes that it may have")
                yield chunk
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and TimeoutError are OSErrors
        if isinstance(error, DataError):
            raise
        status = error.code if isinstance(error, urllib.error.HTTPError) else None
        reason = f"HTTP status {status}" if status else getattr(error, "reason", None) or error
        raise DataError(f"{url}: cannot be fetched ({reason}); look at updates.url and the network") from None
