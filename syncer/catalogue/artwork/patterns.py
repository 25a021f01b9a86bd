"""Stuff that things are made of: batik, weaving, knots, leather, wood, mosaic; each a square of ``SIDE`` pixels."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from syncer.catalogue.artwork.palette import SIDE, Colour, Palette, tone


def batik(palette: Palette) -> Image.Image:
    """Kawung with a border at its edges, the oldest of patterns."""
    cloth = tiled(kawung(palette, 150, palette.dark, palette.pale), (SIDE, SIDE))
    border = batik_border(palette)
    for edge in (0, SIDE - 64):
        cloth.paste(border.crop((0, 560, SIDE, 624)), (0, edge))
    return cloth


def batik_border(palette: Palette) -> Image.Image:
    """Rows of teeth, as at the end of a long cloth."""
    cloth = Image.new("RGB", (SIDE, SIDE), palette.main)
    pen = ImageDraw.Draw(cloth)
    for row, y in enumerate(range(0, SIDE, 80)):
        for x in range(-32 * (row % 2), SIDE, 64):
            pen.polygon([(x, y + 64), (x + 32, y + 8), (x + 64, y + 64)], fill=palette.pale)
            pen.ellipse((x + 26, y + 40, x + 38, y + 52), fill=palette.dark)
    return cloth


def kawung(palette: Palette, side: int, ground: Colour, figure: Colour) -> Image.Image:
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


def tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Lay a tile over and over."""
    cloth = Image.new("RGB", size)
    for y in range(0, size[1], tile.height):
        for x in range(0, size[0], tile.width):
            cloth.paste(tile, (x, y))
    return cloth


def vines(palette: Palette) -> Image.Image:
    """Curls that grow in pairs, as on carved wood."""
    picture = Image.new("RGB", (SIDE, SIDE), palette.dark)
    pen = ImageDraw.Draw(picture)
    for row in range(4):
        for column in range(4):
            x, y = 112 + column * 225, 112 + row * 225
            _spiral(pen, (x, y), 96, palette, mirrored=(row + column) % 2 == 1)
    half = picture.crop((0, 0, SIDE // 2, SIDE))
    picture.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (SIDE // 2, 0))
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


def weave(palette: Palette) -> Image.Image:
    """Strips of bamboo, over two and under two."""
    strip = 60
    tile = Image.new("RGB", (strip * 4, strip * 4), palette.dark)
    pen = ImageDraw.Draw(tile)
    for row in range(4):
        for column in range(4):
            across = (row + column) % 4 < 2
            _strip(pen, column * strip, row * strip, strip, palette.light if across else palette.main, across=across)
    return _shaded(tiled(tile, (SIDE, SIDE)))


def _strip(pen: ImageDraw.ImageDraw, x: int, y: int, strip: int, colour: Colour, *, across: bool) -> None:
    pen.rectangle((x + 2, y + 2, x + strip - 3, y + strip - 3), fill=colour)
    for step in range(6, strip - 6, 9):
        fibre = tuple(max(part - 16 - step % 3 * 8, 0) for part in colour)
        ends = (x + 2, y + step, x + strip - 3, y + step) if across else (x + step, y + 2, x + step, y + strip - 3)
        pen.line(ends, fill=fibre, width=2)


def knots(palette: Palette) -> Image.Image:
    """Knots of yarn, one beside the other."""
    tile = Image.new("RGB", (150, 150), palette.pale)
    pen = ImageDraw.Draw(tile)
    for dx, dy in ((0, 0), (75, 75), (-75, 75), (75, -75), (150, 0), (0, 150), (150, 150)):
        for thick, colour in ((22, palette.dark), (15, palette.light), (5, palette.pale)):
            pen.arc((dx - 52, dy - 52, dx + 52, dy + 52), 20, 160, fill=colour, width=thick)
            pen.arc((dx - 52, dy - 52, dx + 52, dy + 52), 200, 340, fill=colour, width=thick)
        pen.ellipse((dx - 15, dy - 15, dx + 15, dy + 15), fill=palette.accent, outline=palette.dark, width=3)
    return _shaded(tiled(tile, (SIDE, SIDE)))


def mosaic(palette: Palette) -> Image.Image:
    """Scraps of many colours."""
    picture = Image.new("RGB", (SIDE, SIDE), palette.dark)
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


def _shaded(picture: Image.Image) -> Image.Image:
    """Let the light fall from one side."""
    fall = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)
    mask = fall.resize(picture.size).point(lambda value: value * 0.28)
    picture.paste((30, 20, 10), (0, 0), mask)
    return picture


def parang(palette: Palette) -> Image.Image:
    """Slanting rows of waves: batik by a copper stamp."""
    tile = Image.new("RGB", (300, 300), palette.dark)
    pen = ImageDraw.Draw(tile)
    for row in range(-2, 4):
        shift = row * 150
        pen.line([(x, x + shift) for x in (-20, 320)], fill=palette.pale, width=8)
        for step in range(-1, 5):
            x, y = step * 75 + 20, step * 75 + shift + 75
            pen.chord((x - 34, y - 34, x + 34, y + 34), 45, 225, fill=palette.light)
            pen.ellipse((x - 4, y - 24, x + 24, y + 4), fill=palette.dark)
            pen.ellipse((x + 6, y - 14, x + 14, y - 6), fill=palette.pale)
    return tiled(tile, (SIDE, SIDE))


def flowers(palette: Palette) -> Image.Image:
    """Orchids with leaves, strewn over the cloth: batik by hand."""
    cloth = Image.new("RGB", (SIDE, SIDE), palette.pale)
    pen = ImageDraw.Draw(cloth)
    for x in range(0, SIDE, 36):
        for y in range(0, SIDE, 36):
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=palette.light)
    for row in range(6):
        for column in range(6):
            x, y = column * 180 + (row % 2) * 90, row * 165 + 20
            for turn in range(5):
                angle = turn * math.tau / 5 + row
                leaf_x, leaf_y = x + math.cos(angle) * 34, y + math.sin(angle) * 34
                pen.ellipse((leaf_x - 24, leaf_y - 24, leaf_x + 24, leaf_y + 24), fill=palette.main)
                pen.ellipse((leaf_x - 11, leaf_y - 11, leaf_x + 11, leaf_y + 11), fill=palette.light)
            pen.ellipse((x - 13, y - 13, x + 13, y + 13), fill=palette.accent)
            pen.arc((x + 10, y + 10, x + 120, y + 90), 180, 300, fill=palette.dark, width=5)
    return cloth


def leaves(palette: Palette) -> Image.Image:
    """The prints that steamed leaves leave on cloth."""
    cloth = Image.new("RGB", (SIDE, SIDE), (236, 224, 200))
    for number in range(30):
        width, length = palette.random.randint(60, 110), palette.random.randint(120, 210)
        leaf = Image.new("L", (260, 260), 0)
        pen = ImageDraw.Draw(leaf)
        half, top = width / 2, 130 - length / 2
        sides = [(130 + half * math.sin(step / 12 * math.pi), top + length * step / 12) for step in range(13)]
        pen.polygon([*sides, *[(260 - x, y) for x, y in reversed(sides)]], fill=200)
        pen.line((130, top, 130, top + length), fill=60, width=4)
        for step in range(2, 11, 2):
            y, reach = top + length * step / 12, half * math.sin(step / 12 * math.pi) * 0.8
            pen.line((130 - reach, y - 22, 130, y, 130 + reach, y - 22), fill=90, width=3)
        turned = leaf.rotate(palette.random.randrange(360), Image.Resampling.BILINEAR)
        colour = (palette.dark, palette.main, palette.accent, (122, 88, 60))[number % 4]
        place = (number % 6 * 165 - 80 + palette.random.randint(-30, 30), number // 6 * 190 - 70)
        cloth.paste(colour, place, turned)
    return cloth


def crochet(palette: Palette) -> Image.Image:
    """Rows of yarn loops."""
    tile = Image.new("RGB", (48, 36), palette.main)
    pen = ImageDraw.Draw(tile)
    for x in (0, 24, 48):
        pen.line((x - 12, -2, x, 16, x + 12, -2), fill=palette.light, width=7)
        pen.line((x - 12, 16, x, 34, x + 12, 16), fill=palette.light, width=7)
        pen.line((x, 0, x, 18), fill=palette.dark, width=2)
    return _shaded(tiled(tile, (SIDE, SIDE)))


def grain(palette: Palette) -> Image.Image:
    """Wood along its fibres."""
    palette.earthen(0.075)
    picture = Image.new("RGB", (SIDE, SIDE), palette.colour(0.45, 0.74))
    pen = ImageDraw.Draw(picture)
    shift = palette.random.random() * 6
    for line in range(-6, 70):
        points = [
            (x, line * 15 + 26 * math.sin(x / 170 + shift) + 9 * math.sin(x / 47 + line * 0.7))
            for x in range(0, 901, 20)
        ]
        pen.line(points, fill=palette.colour(0.50, 0.48 + line % 4 * 0.07), width=2 + line % 3)
    return picture


def end_grain(palette: Palette) -> Image.Image:
    """Blocks of wood with their rings upwards, glued together."""
    palette.earthen(0.07)
    picture = Image.new("RGB", (SIDE, SIDE), palette.dark)
    pen = ImageDraw.Draw(picture)
    for row in range(11):
        for column in range(11):
            x, y = column * 90 - row % 2 * 45, row * 90
            colour = palette.colour(0.5, palette.random.uniform(0.55, 0.8))
            pen.rectangle((x + 1, y + 1, x + 88, y + 88), fill=colour)
            for ring in range(20, 110, 14):
                far = (x + 1 - ring, y + 1 - ring, x + 1 + ring, y + 1 + ring)
                pen.arc(far, 0, 90, fill=tone(colour, 0.82), width=2)
    return picture


def hide(palette: Palette) -> Image.Image:
    """Leather with its pores."""
    palette.earthen(0.065)
    picture = Image.new("RGB", (SIDE, SIDE), palette.colour(0.62, 0.55))
    pen = ImageDraw.Draw(picture)
    for _ in range(2600):
        x, y = palette.random.randrange(SIDE), palette.random.randrange(SIDE)
        pen.point((x, y), fill=palette.dark)
    return _shaded(picture)


def newsprint(palette: Palette) -> Image.Image:
    """Old newspaper: columns of grey lines, with nothing to read."""
    paper = Image.new("RGB", (SIDE, SIDE), (232, 228, 216))
    pen = ImageDraw.Draw(paper)
    for column in range(0, SIDE, 130):
        for y in range(0, SIDE, 14):
            pen.line((column, y, column + 90 + palette.random.randrange(28), y), fill=(140, 138, 132), width=4)
    return paper
