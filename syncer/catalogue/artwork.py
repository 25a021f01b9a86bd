"""Pictures drawn by code, for the demo: batik, weaving, glaze, leather, wood, by a hint in a few words.

Colours follow from a seed (a SKU), so that a product looks the same on every machine. Nothing is written on them.
"""

from __future__ import annotations

import colorsys
import hashlib
import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
_SIDE = 900
_CREAM: Colour = (246, 238, 222)


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


def draw(hint: str, seed: str, *, size: tuple[int, int] = (_SIDE, _SIDE)) -> Image.Image:
    """Return a picture for ``hint`` (such as "pola anyam silang") in the colours of ``seed``."""
    words = hint.casefold()
    palette = Palette(seed)
    painter = next((paint for key, paint in _PAINTERS if key in words), _batik)
    drawn = painter(palette)
    if size == drawn.size:
        return drawn
    if painter in _THINGS:
        ground = drawn.crop((2, 2, 3, 3)).tobytes()
        return ImageOps.pad(drawn, size, Image.Resampling.BILINEAR, color=tuple(ground))
    scale = max(size[0] / drawn.width, size[1] / drawn.height)
    grown = drawn.resize((math.ceil(drawn.width * scale), math.ceil(drawn.height * scale)), Image.Resampling.BILINEAR)
    left, top = (grown.width - size[0]) // 2, (grown.height - size[1]) // 2
    return grown.crop((left, top, left + size[0], top + size[1]))


def jpeg(picture: Image.Image, *, orientation: int | None = None, quality: int = 86) -> bytes:
    """Return ``picture`` as JPEG. ``orientation`` is written as EXIF, as a phone does for a turned photo."""
    out = io.BytesIO()
    if orientation is None:
        picture.save(out, "JPEG", quality=quality)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


# --- cloth ------------------------------------------------------------------------------------------------------


def _batik(palette: Palette) -> Image.Image:
    tile = _kawung(palette, 150, palette.dark, palette.pale)
    cloth = _tiled(tile, (_SIDE, _SIDE))
    pen = ImageDraw.Draw(cloth)
    for edge in (0, _SIDE - 64):
        pen.rectangle((0, edge, _SIDE, edge + 64), fill=palette.main)
        for x in range(0, _SIDE, 64):
            pen.polygon([(x, edge + 64), (x + 32, edge + 8), (x + 64, edge + 64)], fill=palette.pale)
            pen.ellipse((x + 26, edge + 40, x + 38, edge + 52), fill=palette.dark)
    return cloth


def _kawung(palette: Palette, side: int, ground: Colour, figure: Colour) -> Image.Image:
    """One tile of crossing petals with dots, the oldest of batik patterns."""
    big = side * 2
    tile = Image.new("RGB", (big, big), ground)
    pen = ImageDraw.Draw(tile)
    half = big // 2
    for turn in range(4):
        layer = Image.new("L", (big, big), 0)
        petal = ImageDraw.Draw(layer)
        petal.ellipse((half - big * 0.13, half * 0.10, half + big * 0.13, half * 0.92), fill=255)
        petal.ellipse((half - big * 0.055, half * 0.28, half + big * 0.055, half * 0.74), fill=0)
        turned = layer.rotate(45 + turn * 90, resample=Image.Resampling.BILINEAR)
        tile.paste(figure, (0, 0), turned)
    for x, y in ((0, half), (half, 0), (big, half), (half, big)):
        pen.ellipse((x - 22, y - 22, x + 22, y + 22), fill=palette.accent, outline=figure, width=5)
    for step in range(12):
        angle = step * math.pi / 6
        dot_x, dot_y = half + math.cos(angle) * half * 0.2, half + math.sin(angle) * half * 0.2
        pen.ellipse((dot_x - 5, dot_y - 5, dot_x + 5, dot_y + 5), fill=palette.light)
    return tile.resize((side, side), Image.Resampling.LANCZOS)


def _tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    cloth = Image.new("RGB", size)
    for y in range(0, size[1], tile.height):
        for x in range(0, size[0], tile.width):
            cloth.paste(tile, (x, y))
    return cloth


def _shirt(palette: Palette) -> Image.Image:
    picture = _backdrop(palette.pale)
    cloth = _tiled(_kawung(palette, 90, palette.main, palette.pale), picture.size)
    mask = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(mask)
    body = [(330, 170), (410, 205), (490, 205), (570, 170), (790, 290), (725, 440), (630, 395), (640, 780), (260, 780)]
    pen.polygon([*body, (270, 395), (175, 440), (110, 290)], fill=255)
    pen.ellipse((400, 140, 500, 232), fill=0)
    _drop(picture, mask, cloth)
    seam = ImageDraw.Draw(picture)
    seam.line((450, 232, 450, 780), fill=palette.dark, width=5)
    for y in range(280, 760, 90):
        seam.ellipse((441, y, 459, y + 18), fill=_CREAM, outline=palette.dark, width=3)
    return picture


def _vines(palette: Palette) -> Image.Image:
    picture = Image.new("RGB", (_SIDE, _SIDE), palette.dark)
    pen = ImageDraw.Draw(picture)
    for row in range(4):
        for column in range(4):
            x, y = 112 + column * 225, 112 + row * 225
            _spiral(pen, (x, y), 96, palette, mirrored=(row + column) % 2 == 1)
    half = picture.crop((0, 0, _SIDE // 2, _SIDE))
    picture.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (_SIDE // 2, 0))
    return picture


def _spiral(
    pen: ImageDraw.ImageDraw, centre: tuple[int, int], radius: int, palette: Palette, *, mirrored: bool
) -> None:
    side = -1 if mirrored else 1
    points: list[tuple[float, float]] = []
    for step in range(72):
        angle, reach = step * 0.16, radius * (1 - step / 78)
        points.append((centre[0] + side * reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    pen.line(points, fill=palette.light, width=9, joint="curve")
    for step in range(4, 60, 8):
        x, y = points[step]
        pen.ellipse((x - 15, y - 9, x + 15, y + 9), fill=palette.accent, outline=palette.pale, width=3)
    pen.ellipse((centre[0] - 12, centre[1] - 12, centre[0] + 12, centre[1] + 12), fill=palette.pale)


# --- weaving and knots ------------------------------------------------------------------------------------------


def _weave(palette: Palette) -> Image.Image:
    strip = 60
    tile = Image.new("RGB", (strip * 4, strip * 4), palette.dark)
    pen = ImageDraw.Draw(tile)
    for row in range(4):
        for column in range(4):
            across = (row + column) % 4 < 2
            _strip(pen, column * strip, row * strip, strip, palette.light if across else palette.main, across=across)
    return _shaded(_tiled(tile, (_SIDE, _SIDE)))


def _strip(pen: ImageDraw.ImageDraw, x: int, y: int, strip: int, colour: Colour, *, across: bool) -> None:
    pen.rectangle((x + 2, y + 2, x + strip - 3, y + strip - 3), fill=colour)
    for step in range(6, strip - 6, 9):
        fibre = tuple(max(part - 16 - step % 3 * 8, 0) for part in colour)
        ends = (x + 2, y + step, x + strip - 3, y + step) if across else (x + step, y + 2, x + step, y + strip - 3)
        pen.line(ends, fill=fibre, width=2)


def _knots(palette: Palette) -> Image.Image:
    tile = Image.new("RGB", (150, 150), palette.pale)
    pen = ImageDraw.Draw(tile)
    for dx, dy in ((0, 0), (75, 75), (-75, 75), (75, -75), (150, 0), (0, 150), (150, 150)):
        for thick, colour in ((22, palette.dark), (15, palette.light), (5, palette.pale)):
            pen.arc((dx - 52, dy - 52, dx + 52, dy + 52), 20, 160, fill=colour, width=thick)
            pen.arc((dx - 52, dy - 52, dx + 52, dy + 52), 200, 340, fill=colour, width=thick)
        pen.ellipse((dx - 15, dy - 15, dx + 15, dy + 15), fill=palette.accent, outline=palette.dark, width=3)
    return _shaded(_tiled(tile, (_SIDE, _SIDE)))


# --- clay, leather, wood, stone ---------------------------------------------------------------------------------


def _glaze(palette: Palette) -> Image.Image:
    picture = _backdrop(_CREAM)
    _shadow(picture, (190, 230, 770, 800))
    pen = ImageDraw.Draw(picture)
    rings = 12
    for ring in range(rings):
        inset = ring * 22
        colour = (palette.main, palette.light, palette.accent, palette.pale)[(ring + palette.random.randrange(2)) % 4]
        pen.ellipse((160 + inset, 160 + inset, 740 - inset, 740 - inset), fill=colour)
        pen.arc((160 + inset, 160 + inset, 740 - inset, 740 - inset), 200, 250, fill=(255, 255, 255), width=3)
    for _ in range(160):
        angle, reach = palette.random.random() * math.tau, palette.random.random() ** 0.5 * 280
        x, y = 450 + math.cos(angle) * reach, 450 + math.sin(angle) * reach
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=palette.dark)
    shine = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shine).ellipse((270, 240, 430, 360), fill=130)
    picture.paste((255, 255, 255), (0, 0), _soft(shine, 24))
    return picture


def _leather(palette: Palette) -> Image.Image:
    palette.hue = 0.065 + palette.random.random() * 0.02
    hide, dark = palette.colour(0.62, 0.55), palette.colour(0.66, 0.36)
    picture = _backdrop(_CREAM)
    _shadow(picture, (150, 230, 770, 760))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((130, 190, 770, 710), 46, fill=hide, outline=dark, width=6)
    for _ in range(900):
        x, y = palette.random.randrange(145, 755), palette.random.randrange(205, 695)
        pen.point((x, y), fill=dark)
    pen.rounded_rectangle((130, 190, 770, 430), 46, fill=palette.colour(0.60, 0.62), outline=dark, width=5)
    for y in (222, 400, 678):
        for x in range(170, 730, 26):
            pen.line((x, y, x + 14, y), fill=_CREAM, width=5)
    pen.ellipse((424, 396, 476, 448), fill=(214, 178, 94), outline=(150, 116, 48), width=5)
    return picture


def _wood(palette: Palette) -> Image.Image:
    palette.hue = 0.075 + palette.random.random() * 0.02
    picture = _backdrop(_CREAM)
    _shadow(picture, (150, 190, 780, 790))
    grain = Image.new("RGB", picture.size, palette.colour(0.45, 0.74))
    pen = ImageDraw.Draw(grain)
    shift = palette.random.random() * 6
    for line in range(-6, 70):
        points = [
            (x, line * 15 + 26 * math.sin(x / 170 + shift) + 9 * math.sin(x / 47 + line * 0.7))
            for x in range(0, 901, 20)
        ]
        pen.line(points, fill=palette.colour(0.50, 0.48 + line % 4 * 0.07), width=2 + line % 3)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((130, 160, 770, 760), 80, fill=255)
    ImageDraw.Draw(mask).ellipse((660, 200, 715, 255), fill=0)
    picture.paste(grain, (0, 0), mask)
    return picture


def _mosaic(palette: Palette) -> Image.Image:
    picture = Image.new("RGB", (_SIDE, _SIDE), palette.dark)
    pen = ImageDraw.Draw(picture)
    step = 75

    def corner(column: int, row: int) -> tuple[float, float]:
        chance = random.Random(column * 97 + row * 31)  # noqa: S311 - a drawing
        return column * step + chance.uniform(-20, 20), row * step + chance.uniform(-20, 20)

    for row in range(-1, 13):
        for column in range(-1, 13):
            around = [corner(column + dx, row + dy) for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))]
            middle = (sum(x for x, _ in around) / 4, sum(y for _, y in around) / 4)
            inner = [(x + (middle[0] - x) * 0.09, y + (middle[1] - y) * 0.09) for x, y in around]
            shift = palette.random.choice((0, 0.04, -0.05, 0.45, 0.5))
            pen.polygon(
                inner,
                fill=palette.colour(0.3 + palette.random.random() * 0.4, 0.6 + palette.random.random() * 0.35, shift),
            )
    return picture


# --- things on a table ------------------------------------------------------------------------------------------


def _pouch(palette: Palette) -> Image.Image:
    picture = _backdrop(palette.pale)
    _shadow(picture, (250, 190, 690, 820))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((240, 130, 660, 780), 30, fill=palette.main)
    pen.rectangle((240, 170, 660, 196), fill=palette.dark)
    for x in range(244, 656, 14):
        pen.line((x, 134, x, 166), fill=palette.light, width=3)
    pen.rounded_rectangle((290, 300, 610, 660), 18, fill=_CREAM, outline=palette.dark, width=5)
    leaf = _kawung(palette, 150, _CREAM, palette.accent)
    picture.paste(leaf, (375, 340))
    for number, width in enumerate((220, 160, 190)):
        y = 530 + number * 36
        pen.rounded_rectangle((450 - width // 2, y, 450 + width // 2, y + 14), 7, fill=palette.light)
    return picture


def _jewel(palette: Palette) -> Image.Image:
    picture = _backdrop(palette.dark)
    pen = ImageDraw.Draw(picture)
    for thick, colour in ((46, (120, 124, 132)), (34, (196, 200, 208)), (10, (245, 247, 250))):
        pen.arc((230, 330, 670, 770), 0, 360, fill=colour, width=thick)
    gem = [(450, 140), (540, 220), (505, 350), (395, 350), (360, 220)]
    pen.polygon(gem, fill=palette.accent, outline=_CREAM)
    pen.polygon([(450, 140), (450, 350), (360, 220)], fill=palette.light)
    pen.polygon([(450, 140), (540, 220), (450, 240)], fill=palette.pale)
    glow = Image.new("L", picture.size, 0)
    spark = ImageDraw.Draw(glow)
    for x, y, reach in ((545, 190, 60), (300, 450, 40), (640, 600, 34)):
        spark.line((x - reach, y, x + reach, y), fill=255, width=5)
        spark.line((x, y - reach, x, y + reach), fill=255, width=5)
    picture.paste((255, 255, 255), (0, 0), _soft(glow, 4))
    return picture


def _shade(palette: Palette) -> Image.Image:
    picture = _backdrop(palette.light)
    _shadow(picture, (220, 260, 760, 820))
    cloth = _tiled(_kawung(palette, 120, palette.pale, palette.main), picture.size)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).polygon([(300, 180), (600, 180), (730, 690), (170, 690)], fill=255)
    picture.paste(cloth, (0, 0), mask)
    pen = ImageDraw.Draw(picture)
    pen.line([(300, 180), (600, 180), (730, 690), (170, 690), (300, 180)], fill=palette.dark, width=7)
    for x in range(180, 730, 24):
        pen.line((x, 694, x, 740), fill=palette.accent, width=4)
    return picture


def _blocks(palette: Palette) -> Image.Image:
    picture = _backdrop(_CREAM)
    pen = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate(((200, 560), (390, 560), (580, 560), (295, 390), (485, 390), (390, 220))):
        front = palette.colour(0.6, 0.8, number * 0.17)
        top, side = palette.colour(0.45, 0.92, number * 0.17), palette.colour(0.65, 0.6, number * 0.17)
        pen.polygon([(x, y), (x + 40, y - 40), (x + 210, y - 40), (x + 170, y)], fill=top)
        pen.polygon([(x + 170, y), (x + 210, y - 40), (x + 210, y + 120), (x + 170, y + 160)], fill=side)
        pen.rectangle((x, y, x + 170, y + 160), fill=front)
        pen.ellipse((x + 55, y + 50, x + 115, y + 110), fill=top)
    return picture


# --- light ------------------------------------------------------------------------------------------------------


def _backdrop(colour: Colour) -> Image.Image:
    """A plain ground, lighter in the middle, as a cloth on a table."""
    small = Image.new("RGB", (30, 30), colour)
    light = Image.new("L", (30, 30), 0)
    ImageDraw.Draw(light).ellipse((8, 7, 22, 21), fill=120)
    small.paste((255, 255, 255), (0, 0), _soft(light, 3))
    return small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _shadow(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    small = Image.new("L", (picture.width // 10, picture.height // 10), 0)
    ImageDraw.Draw(small).ellipse(tuple(side // 10 for side in box), fill=120)
    mask = _soft(small, 4).resize(picture.size, Image.Resampling.BICUBIC)
    picture.paste((70, 58, 50), (0, 0), mask)


def _drop(picture: Image.Image, mask: Image.Image, cloth: Image.Image) -> None:
    """Lay ``cloth`` in the form of ``mask`` on the picture, with its shadow."""
    small = mask.resize((90, 90)).point(lambda value: value * 0.45)
    picture.paste((70, 58, 50), (16, 22), _soft(small, 2).resize(picture.size, Image.Resampling.BICUBIC))
    picture.paste(cloth, (0, 0), mask)


def _shaded(picture: Image.Image) -> Image.Image:
    """Let the light fall from one side."""
    fall = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)
    mask = fall.resize(picture.size).point(lambda value: value * 0.28)
    picture.paste((30, 20, 10), (0, 0), mask)
    return picture


def _soft(mask: Image.Image, radius: int) -> Image.Image:
    return mask.filter(ImageFilter.GaussianBlur(radius))


#: What a hint must hold, the first that fits.
_PAINTERS: tuple[tuple[str, Callable[[Palette], Image.Image]], ...] = (
    ("batik", _batik),
    ("siluet", _shirt),
    ("anyam", _weave),
    ("simpul", _knots),
    ("berkilau", _jewel),
    ("glasir", _glaze),
    ("jahitan", _leather),
    ("serat kayu", _wood),
    ("mozaik", _mosaic),
    ("sulur", _vines),
    ("bungkus", _pouch),
    ("bayangan", _shade),
    ("balok", _blocks),
)
#: Single things on a ground: in a picture of another shape they keep whole, and the ground grows.
_THINGS = frozenset((_shirt, _jewel, _glaze, _leather, _wood, _pouch, _shade, _blocks))
