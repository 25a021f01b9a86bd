"""Colours and chance that follow from a seed."""

from __future__ import annotations

import colorsys
import hashlib
import random

Colour = tuple[int, int, int]
SIDE = 900
"""Width and height of a drawing, in pixels."""
CREAM: Colour = (246, 238, 222)
CLAY: Colour = (178, 98, 62)
BRASS: Colour = (214, 178, 94)
SILVER: Colour = (196, 200, 208)
LEAF: Colour = (86, 128, 66)


class Palette:
    """Colours and chance that follow from a seed."""

    def __init__(self, seed: str) -> None:
        digest = hashlib.sha256(seed.encode()).digest()
        self.random = random.Random(digest)  # noqa: S311 - a drawing, not a secret
        #: Earthy hues: soga brown, indigo, moss, brick, plum.
        self.hue = (0.07, 0.60, 0.27, 0.02, 0.85, 0.11, 0.52)[digest[0] % 7] + (digest[1] - 128) / 6000
        self.dark = self.colour(0.62, 0.30)
        self.main = self.colour(0.55, 0.52)
        self.light = self.colour(0.32, 0.80)
        self.pale = self.colour(0.12, 0.94)
        self.accent = self.colour(0.68, 0.62, 0.45)

    def colour(self, saturation: float, value: float, shift: float = 0.0) -> Colour:
        """Return the palette's hue (moved by ``shift``) in another strength."""
        red, green, blue = colorsys.hsv_to_rgb((self.hue + shift) % 1, saturation, value)
        return round(red * 255), round(green * 255), round(blue * 255)

    def earthen(self, hue: float, spread: float = 0.02) -> Palette:
        """Move to the hue of a material (bamboo, leather, wood), a little by chance; returns the same palette."""
        self.hue = hue + self.random.random() * spread
        self.dark = self.colour(0.62, 0.34)
        self.main = self.colour(0.58, 0.60)
        self.light = self.colour(0.42, 0.82)
        self.pale = self.colour(0.16, 0.95)
        return self


def tone(colour: Colour, strength: float) -> Colour:
    """Return ``colour`` darker (below 1) or lighter (above)."""
    red, green, blue = (min(255, max(0, round(part * strength))) for part in colour)
    return red, green, blue
