"""Faces by mien's own int8 network, on the processor or a Coral."""

from __future__ import annotations

from mien_models.finder import ModelFinder
from mien_models.preprocess import Box, Image


class MienFinder:
    """A face finder's model behind the convention of `FaceFinder`. Not safe to share between threads."""

    def __init__(self, finder: ModelFinder, min_height: int = 40) -> None:
        """Find with a model; faces lower than `min_height` pixels are left out."""
        self._finder = finder
        self._min_height = min_height
        manifest = finder.manifest
        self.name = f"{manifest.name} {manifest.version}, {finder.width}x{finder.height} (mien)"
        self.sure = manifest.start

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (height, width[, 3]), the surest first."""
        return [box for box in self._finder.find(image) if box.height >= self._min_height]

    def find_near(self, image: Image, box: Box) -> Box | None:
        """The face that was at `box`, if it still looks like one: in close surroundings, then in wider ones."""
        return self._finder.find_near(image, box) or self._finder.find_near(image, _wider(box))


def _wider(box: Box) -> Box:
    """Twice the size about the same middle: room for who moved quickly."""
    return Box(box.x - box.width / 2, box.y - box.height / 2, 2 * box.width, 2 * box.height, box.score)
