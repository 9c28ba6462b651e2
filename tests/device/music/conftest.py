"""What every test of the music has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.device.music.studio import Studio


@pytest.fixture(autouse=True)
def _studios_are_closed() -> Iterator[None]:
    """Also those of a test that fails or is skipped: a recording left open is blamed on whichever test runs later."""
    yield
    while Studio.opened:
        Studio.opened.pop().player.close()
