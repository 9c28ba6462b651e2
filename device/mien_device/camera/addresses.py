"""Camera sources as they may be shown: what a person typed may hold passwords, tokens and names of folders."""

from __future__ import annotations

import re
from pathlib import Path


def without_secrets(source: str) -> str:
    """The source as its owner may see it printed: of a stream only scheme and host."""
    kind, _, rest = source.partition(":")
    return f"{kind}:{stream_host(rest)}" if kind == "opencv" else source


def public_name(source: str) -> str:
    """The source as it may be published: as in `without_secrets`, and of a file only its name."""
    kind, _, rest = source.partition(":")
    return f"{kind}:{Path(rest).name}" if kind == "replay" else without_secrets(source)


def stream_host(address: str) -> str:
    """A stream's scheme and host. User, password, path and query are left out: all of them may hold secrets.

    An ellipsis is the host of an address with an at sign behind the place where its host should end: a user or a password may
    hold a slash, and nobody can tell where it begins.
    """
    match = re.match(r"(\w+://)([^/?#]*)(.*)", address, re.DOTALL)
    if match is None:
        return address
    scheme, authority, rest = match.groups()
    host = re.fullmatch(r"(\[[^\]]*\]|[^:&]*)(:\d*)?", authority.rpartition("@")[2])
    return scheme + (host[1] if host and ("@" in authority or "@" not in rest) else "…")
