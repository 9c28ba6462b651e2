"""Where the faces are in a picture, and which face is which from one picture to the next."""

from __future__ import annotations

from typing import Protocol

from mien_models.preprocess import Box, Image


class FaceFinder(Protocol):
    """Finds faces. Boxes follow one convention: hairline to chin (YuNet's), so that `crop_face` fits them all."""

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (height, width, 3), best first."""
