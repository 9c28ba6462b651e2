"""A cover for songs that have none: two colours and a letter, always the same for the same song."""

from __future__ import annotations

from hashlib import blake2b
from xml.sax.saxutils import escape

from mien_device.page import Cover

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">
<defs><radialGradient id="a" cx="{x}%" cy="{y}%" r="95%"><stop offset="0" stop-color="hsl({hue} 62% 62%)"/>
<stop offset=".55" stop-color="hsl({second} 55% 42%)"/><stop offset="1" stop-color="hsl({second} 60% 22%)"/></radialGradient></defs>
<rect width="400" height="400" fill="url(#a)"/>
<g fill="none" stroke="#fff" stroke-opacity=".13" stroke-width="2"><circle cx="200" cy="200" r="184"/><circle cx="200" cy="200" r="150"/>
<circle cx="200" cy="200" r="116"/></g>
<text x="200" y="206" fill="#fff" fill-opacity=".92" font-family="system-ui,sans-serif" font-size="150" font-weight="300"
 text-anchor="middle" dominant-baseline="central">{letter}</text></svg>
"""


def sleeve(title: str) -> Cover:
    """As SVG."""
    hue, step, x, y = blake2b(title.encode("utf-8", "replace"), digest_size=4).digest()
    letter = next((sign for sign in title if sign.isalnum()), "♪").upper()
    svg = _SVG.format(
        hue=hue * 360 // 256,
        second=(hue * 360 // 256 + 25 + step // 4) % 360,
        x=20 + x // 5,
        y=10 + y // 6,
        letter=escape(letter),
    )
    return Cover("image/svg+xml", svg.encode())
