"""A thing on a table: forms laid over one another, each with its stuff, its light and its shadow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from syncer.catalogue.artwork.palette import SIDE, Colour

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Form = Callable[[ImageDraw.ImageDraw], None]
_SHADE: Colour = (58, 44, 36)


class Scene:
    """A picture that grows from back to front."""

    def __init__(self, ground: Colour) -> None:
        self.picture = backdrop(ground)
        self.pen = ImageDraw.Draw(self.picture)

    def lay(self, stuff: Colour | Image.Image, *forms: Form, shadow: bool = True, depth: float = 0.0) -> None:
        """Lay ``stuff``, cut to the ``forms``, on the picture.

        ``depth`` (0 to 1): how much it darkens to its sides, as what is round does.
        """
        mask = Image.new("L", self.picture.size, 0)
        for form in forms:
            form(ImageDraw.Draw(mask))
        if shadow:
            small = mask.resize((SIDE // 10, SIDE // 10)).point(lambda value: value * 0.42)
            soft_shadow = blur(small, 2).resize(self.picture.size, Image.Resampling.BICUBIC)
            self.picture.paste((70, 58, 50), (14, 20), soft_shadow)
        box = mask.getbbox()
        if box is None:
            return
        part = mask.crop(box)
        self.picture.paste(stuff if isinstance(stuff, tuple) else stuff.crop(box), box, part)
        if depth:
            fall = _round_light(part.size, depth)
            self.picture.paste(_SHADE, box, ImageChops.multiply(part, fall))

    def shine(self, box: Box, strength: int = 120, soft: int = 16) -> None:
        """Let light lie in an ellipse."""
        mask = Image.new("L", self.picture.size, 0)
        ImageDraw.Draw(mask).ellipse(box, fill=strength)
        self.picture.paste((255, 255, 255), (0, 0), blur(mask, soft))

    def shadow(self, box: Box, strength: int = 120) -> None:
        """Let a shadow lie in an ellipse."""
        small = Image.new("L", (SIDE // 10, SIDE // 10), 0)
        ImageDraw.Draw(small).ellipse(tuple(side / 10 for side in box), fill=strength)
        mask = blur(small, 3).resize(self.picture.size, Image.Resampling.BICUBIC)
        self.picture.paste((70, 58, 50), (0, 0), mask)

    def stitches(self, points: Sequence[Point], colour: Colour, *, every: float = 26, width: int = 5) -> None:
        """Sew along a line."""
        for start, end in itertools.pairwise(points):
            far = math.dist(start, end)
            for step in range(int(far / every)):
                near, off = step * every / far, (step + 0.55) * every / far
                ends = [tuple(a + (b - a) * part for a, b in zip(start, end, strict=True)) for part in (near, off)]
                self.pen.line([*ends[0], *ends[1]], fill=colour, width=width)


def polygon(*points: Point) -> Form:
    """The form between ``points``."""
    return lambda pen: pen.polygon(list(points), fill=255)


def ellipse(box: Box) -> Form:
    """An ellipse."""
    return lambda pen: pen.ellipse(box, fill=255)


def rounded(box: Box, radius: float) -> Form:
    """A rectangle with round corners."""
    return lambda pen: pen.rounded_rectangle(box, radius, fill=255)


def hole(box: Box) -> Form:
    """An ellipse that is left out."""
    return lambda pen: pen.ellipse(box, fill=0)


def band(points: Sequence[Point], width: int) -> Form:
    """A strap along a line."""

    def form(pen: ImageDraw.ImageDraw) -> None:
        pen.line(list(points), fill=255, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)

    return form


def turned(*rings: Point, middle: float = 450) -> Form:
    """A form as a potter turns it: (height, half of its width) from top to bottom, with smooth sides."""
    right: list[Point] = []
    for (top, wide), (low, narrow) in itertools.pairwise(rings):
        for step in range(12):
            part = step / 12
            ease = (1 - math.cos(part * math.pi)) / 2
            right.append((middle + wide + (narrow - wide) * ease, top + (low - top) * part))
    right.append((middle + rings[-1][1], rings[-1][0]))
    left = [(2 * middle - x, y) for x, y in reversed(right)]
    return polygon(*right, *left)


def arc(centre: Point, reach: Point, start: float, end: float, steps: int = 40) -> list[Point]:
    """Points of an arc, angles in degrees clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(centre[0] + reach[0] * math.cos(one), centre[1] + reach[1] * math.sin(one)) for one in angles]


def backdrop(colour: Colour) -> Image.Image:
    """A plain ground, lighter in the middle, as a cloth on a table."""
    small = Image.new("RGB", (30, 30), colour)
    light = Image.new("L", (30, 30), 0)
    ImageDraw.Draw(light).ellipse((8, 7, 22, 21), fill=120)
    small.paste((255, 255, 255), (0, 0), blur(light, 3))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def blur(mask: Image.Image, radius: int) -> Image.Image:
    """Soften a mask; a wide one is made small first, for speed."""
    if radius < 8 or mask.width < 400:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    small = mask.resize((mask.width // 6, mask.height // 6)).filter(ImageFilter.GaussianBlur(radius / 6))
    return small.resize(mask.size, Image.Resampling.BICUBIC)


def _round_light(size: tuple[int, int], depth: float) -> Image.Image:
    def dark(step: int) -> int:
        side = (step / 63 - 0.38) / 0.62
        return round(min(1.0, abs(side) ** 2) * depth * 170)

    return Image.frombytes("L", (64, 1), bytes(dark(step) for step in range(64))).resize(size)
