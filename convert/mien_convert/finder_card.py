"""The card of a face finder: what it is for, how well it finds, and what it overlooks."""

from __future__ import annotations

from mien_models.manifest import FinderManifest

_TEXT = """\
# {name} {version}

Finds faces in a grey picture of {width}×{height} pixels, each with a box from hairline to chin and five landmarks (eyes, nose,
corners of the mouth). Full int8, one picture at a time, {kilobytes:.0f} kB (`{file}`); every operator is one of the Edge TPU's.
It sees no colours, so it finds as well with an infrared camera, and skin tone reaches it as brightness only.

A face counts from score {start:.2f} on, and while it is followed from {hold:.2f} on.

## Figures

Measured on the int8 file through the device's code. "scenes" are pictures that the training composed of what it held back.

| figure | value |
|---|---|
{figures}

`mien-train evaluate {name} --footage DIR --json` measures it on real footage.

## Data and licence

Trained on scenes composed of: {data}. Weights: {licence}. No picture of the data is part of this directory.

## Made with

```
{commands}
```

## Known limits

* Its teacher's limits are its own: boxes and landmarks were drawn by a network, which was itself trained on pictures from the web.
* Pictures of faces like these are mostly of adults, of men, of light skin, from the front. Children, dark skin, profiles, veils and
  masks are few or drawn over; tilts, darkness, side light, blur and hands are made by code. Expect more misses there.
* Faces on posters, screens, statues and shirts are faces to it, or may be.
* It finds faces and recognises nobody.
"""


def write_finder_card(manifest: FinderManifest) -> str:
    """The card's text."""
    _, height, width, _ = manifest.input.shape
    return _TEXT.format(
        name=manifest.name,
        version=manifest.version,
        width=width,
        height=height,
        kilobytes=manifest.file.bytes / 1000,
        file=manifest.file.path,
        start=manifest.start,
        hold=manifest.hold,
        figures="\n".join(f"| {key} | {value:.4g} |" for key, value in manifest.metrics.items()),
        data="; ".join(manifest.data),
        licence=manifest.licence,
        commands="\n".join(manifest.commands),
    )
