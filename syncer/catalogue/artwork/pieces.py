"""Single pieces: jewellery, leather, wood, paper, masks."""

from __future__ import annotations

import math

from PIL import Image

from syncer.catalogue.artwork import patterns
from syncer.catalogue.artwork.palette import BRASS, CREAM, LEAF, SILVER, Colour, Palette, tone
from syncer.catalogue.artwork.scene import Scene, arc, band, ellipse, hole, polygon, rounded, turned

_VELVET: Colour = (52, 44, 58)
_BEAD: Colour = (132, 78, 50)
_EYE: Colour = (34, 26, 24)


def _sparkle(scene: Scene, *points: tuple[int, int, int]) -> None:
    for x, y, reach in points:
        scene.pen.line((x - reach, y, x + reach, y), fill=(255, 255, 255), width=4)
        scene.pen.line((x, y - reach, x, y + reach), fill=(255, 255, 255), width=4)


def ring(palette: Palette) -> Image.Image:
    """A silver ring with a cut stone."""
    scene = Scene(palette.dark)
    for thick, colour in ((46, (120, 124, 132)), (34, SILVER), (10, (245, 247, 250))):
        scene.pen.arc((230, 330, 670, 770), 0, 360, fill=colour, width=thick)
    scene.pen.polygon([(450, 140), (540, 220), (505, 350), (395, 350), (360, 220)], fill=palette.accent, outline=CREAM)
    scene.pen.polygon([(450, 140), (450, 350), (360, 220)], fill=palette.light)
    scene.pen.polygon([(450, 140), (540, 220), (450, 240)], fill=palette.pale)
    _sparkle(scene, (545, 190, 60), (300, 450, 40), (640, 600, 34))
    return scene.picture


def necklace(palette: Palette) -> Image.Image:
    """A string of beads with a tassel, on a bust."""
    scene = Scene(palette.pale)
    bust = turned((90, 90), (270, 84), (410, 300), (640, 280), (850, 190))
    scene.lay(tone(palette.light, 1.05), bust, depth=0.4)
    beads = arc((450, 330), (205, 330), 200, -20, 46)
    for number, (x, y) in enumerate(beads):
        colour = palette.accent if number % 9 == 4 else _BEAD
        scene.pen.ellipse((x - 19, y - 16, x + 21, y + 22), fill=tone(palette.light, 0.8))
        scene.pen.ellipse((x - 19, y - 19, x + 19, y + 19), fill=colour)
        scene.pen.ellipse((x - 10, y - 12, x - 2, y - 4), fill=tone(colour, 1.7))
    scene.lay(palette.accent, ellipse((422, 650, 478, 706)))
    for number in range(-4, 5):
        scene.lay(palette.main, band([(450 + number * 2, 700), (450 + number * 7, 800)], 6), shadow=False)
    return scene.picture


def earrings(palette: Palette) -> Image.Image:
    """A pair of silver flowers of fine wire."""
    scene = Scene(_VELVET)
    for x in (290, 610):
        scene.pen.arc((x - 44, 130, x + 44, 260), 150, 40, fill=SILVER, width=9)
        scene.pen.line((x, 255, x, 320), fill=SILVER, width=6)
        for turn in range(5):
            angle = math.radians(turn * 72 - 90)
            px, py = x + math.cos(angle) * 86, 490 + math.sin(angle) * 86
            for size in (72, 50, 28):
                scene.pen.ellipse((px - size, py - size, px + size, py + size), outline=SILVER, width=7)
        scene.lay(palette.accent, ellipse((x - 34, 456, x + 34, 524)))
        for drop in (-50, 0, 50):
            scene.pen.line((x + drop, 630, x + drop, 700), fill=SILVER, width=4)
            scene.lay(SILVER, ellipse((x + drop - 14, 696, x + drop + 14, 740)))
    _sparkle(scene, (350, 430, 34), (560, 560, 28))
    return scene.picture


def wallet(palette: Palette) -> Image.Image:
    """A leather wallet, half open, with a card."""
    scene = Scene(CREAM)
    hide = patterns.hide(palette)
    scene.lay((226, 232, 236), rounded((220, 170, 640, 400), 20))
    scene.pen.rectangle((220, 215, 640, 255), fill=palette.light)
    scene.lay(hide, rounded((140, 260, 760, 720), 40), depth=0.4)
    scene.lay(tone(palette.main, 0.95), rounded((140, 470, 760, 720), 40), depth=0.3)
    scene.stitches([(172, 500), (728, 500)], CREAM)
    scene.stitches([(172, 690), (728, 690)], CREAM)
    scene.lay(BRASS, ellipse((424, 446, 476, 498)))
    return scene.picture


def belt(palette: Palette) -> Image.Image:
    """A rolled leather belt with its buckle."""
    scene = Scene(CREAM)
    hide = patterns.hide(palette)
    scene.lay(hide, ellipse((190, 170, 640, 620)), hole((262, 242, 568, 548)), depth=0.5)
    scene.lay(tone(palette.main, 0.9), ellipse((270, 250, 560, 540)), hole((322, 302, 508, 488)), depth=0.5)
    scene.lay(hide, rounded((380, 548, 800, 622), 36))
    scene.stitches([(400, 562), (660, 562)], CREAM, every=22, width=4)
    scene.stitches([(400, 608), (660, 608)], CREAM, every=22, width=4)
    for x in (560, 610, 660):
        scene.pen.ellipse((x - 8, 577, x + 8, 593), fill=palette.dark)
    scene.pen.rounded_rectangle((700, 520, 836, 650), 22, outline=BRASS, width=22)
    scene.pen.line((710, 585, 836, 585), fill=BRASS, width=14)
    return scene.picture


def board(palette: Palette) -> Image.Image:
    """A thick cutting board, its grain upwards."""
    scene = Scene(CREAM)
    wood = patterns.end_grain(palette)
    scene.lay(palette.dark, rounded((180, 250, 720, 812), 50))
    scene.lay(wood, rounded((180, 230, 720, 790), 50), rounded((380, 90, 520, 300), 50), hole((425, 125, 475, 175)))
    scene.pen.rounded_rectangle((225, 275, 675, 745), 30, outline=tone(palette.dark, 1.2), width=8)
    return scene.picture


def plank(palette: Palette) -> Image.Image:
    """A board along its grain."""
    scene = Scene(CREAM)
    scene.lay(patterns.grain(palette), rounded((130, 160, 770, 760), 80), hole((660, 200, 715, 255)), depth=0.3)
    return scene.picture


def lamp(palette: Palette) -> Image.Image:
    """A table lamp with a shade of thin slats."""
    scene = Scene(tone(palette.light, 0.9))
    scene.shine((170, 120, 730, 700), 120, 60)
    wood = patterns.grain(palette)
    scene.lay(wood, turned((560, 22), (720, 26), (750, 60), (780, 150), (806, 155)), depth=0.6)
    scene.lay((252, 224, 160), polygon((320, 150), (580, 150), (690, 560), (210, 560)), depth=0.5)
    for step in range(12):
        top, low = 320 + step * 260 / 11, 210 + step * 480 / 11
        scene.pen.line((top, 150, low, 560), fill=palette.main, width=12)
    for y, half in ((150, 134), (552, 244)):
        scene.lay(palette.dark, rounded((450 - half, y - 10, 450 + half, y + 14), 10), shadow=False)
    return scene.picture


def blocks(palette: Palette) -> Image.Image:
    """Coloured toy blocks, piled up."""
    scene = Scene(CREAM)
    for number, (x, y) in enumerate(((200, 560), (390, 560), (580, 560), (295, 390), (485, 390), (390, 220))):
        front = palette.colour(0.6, 0.8, number * 0.17)
        top, side = palette.colour(0.45, 0.92, number * 0.17), palette.colour(0.65, 0.6, number * 0.17)
        scene.pen.polygon([(x, y), (x + 40, y - 40), (x + 210, y - 40), (x + 170, y)], fill=top)
        scene.pen.polygon([(x + 170, y), (x + 210, y - 40), (x + 210, y + 120), (x + 170, y + 160)], fill=side)
        scene.pen.rectangle((x, y, x + 170, y + 160), fill=front)
        scene.pen.ellipse((x + 55, y + 50, x + 115, y + 110), fill=top)
    return scene.picture


def notebook(palette: Palette) -> Image.Image:
    """A notebook of handmade paper, tied with yarn."""
    scene = Scene(palette.pale)
    scene.lay((238, 226, 198), rounded((270, 140, 702, 790), 14))
    for x in range(690, 700, 3):
        scene.pen.line((x, 150, x, 780), fill=(206, 190, 156), width=1)
    cover = Scene((204, 172, 122))
    for _ in range(320):
        x, y = palette.random.randrange(900), palette.random.randrange(900)
        angle = palette.random.random() * math.tau
        end = (x + math.cos(angle) * 44, y + math.sin(angle) * 44)
        cover.pen.line((x, y, *end), fill=palette.random.choice(((150, 116, 74), (232, 208, 164))), width=3)
    scene.lay(cover.picture, rounded((230, 130, 680, 790), 18), depth=0.2)
    scene.lay(tone(palette.main, 0.9), rounded((230, 130, 300, 790), 18), shadow=False)
    for y in range(190, 780, 90):
        scene.pen.line((230, y, 300, y), fill=CREAM, width=6)
    scene.picture.paste(patterns.kawung(palette, 150, CREAM, palette.accent), (415, 280))
    scene.pen.rectangle((412, 277, 568, 433), outline=palette.dark, width=5)
    scene.lay(palette.dark, band([(640, 140), (640, 780)], 12), shadow=False)
    return scene.picture


def paper_flower(palette: Palette) -> Image.Image:
    """A flower of rolled newspaper for a wall."""
    scene = Scene(palette.light)
    paper = patterns.newsprint(palette)
    for count, far, size in ((16, 280, 78), (12, 200, 72), (8, 120, 60)):
        for x, y in arc((450, 450), (far, far), 0, 360, count):
            away = math.atan2(y - 450, x - 450)
            wing = (math.sin(away) * size, -math.cos(away) * size)
            tip = (450 + math.cos(away) * (far + 90), 450 + math.sin(away) * (far + 90))
            petal = polygon((450, 450), (x + wing[0], y + wing[1]), tip, (x - wing[0], y - wing[1]))
            scene.lay(paper, petal, shadow=count == 16, depth=0.3)
    scene.lay(palette.accent, ellipse((375, 375, 525, 525)))
    for size in (60, 42, 24):
        scene.pen.ellipse((450 - size, 450 - size, 450 + size, 450 + size), outline=palette.dark, width=6)
    return scene.picture


def mask(palette: Palette) -> Image.Image:
    """A dancer's mask with a crown."""
    scene = Scene(palette.dark)
    scene.lay(BRASS, polygon((230, 330), (260, 150), (350, 230), (450, 90), (550, 230), (640, 150), (670, 330)))
    for x in (300, 375, 450, 525, 600):
        scene.lay((178, 52, 44), ellipse((x - 18, 252, x + 18, 288)), shadow=False)
    face: Colour = (244, 232, 212)
    scene.lay(face, turned((280, 215), (420, 235), (620, 190), (770, 90), (800, 40)), depth=0.6)
    scene.lay(_EYE, polygon((240, 300), (660, 300), (672, 345), (450, 400), (228, 345)), shadow=False)
    for side in (-1, 1):
        x = 450 + side * 100
        scene.pen.arc((x - 76, 400, x + 76, 500), 200, 340, fill=_EYE, width=13)
        scene.lay((255, 255, 255), ellipse((x - 62, 462, x + 62, 508)), shadow=False)
        scene.lay(_EYE, ellipse((x - 22, 462, x + 22, 506)), shadow=False)
        scene.lay((226, 150, 130), ellipse((x + side * 20 - 34, 560, x + side * 20 + 34, 610)), shadow=False)
    scene.pen.line([(440, 450), (425, 590), (475, 590)], fill=tone(face, 0.75), width=8)
    scene.lay(
        (172, 36, 36), polygon((370, 660), (430, 640), (450, 650), (470, 640), (530, 660), (450, 710)), shadow=False
    )
    scene.pen.line((372, 662, 528, 662), fill=_EYE, width=5)
    scene.pen.line([(395, 628), (450, 614), (505, 628)], fill=_EYE, width=9)
    return scene.picture


def puppet(palette: Palette) -> Image.Image:
    """The mountain of the shadow play: cut and painted leather on its stick."""
    scene = Scene((240, 214, 160))
    scene.shine((150, 120, 750, 700), 150, 80)
    scene.lay((104, 66, 40), band([(450, 520), (450, 860)], 16))
    leaf = turned((70, 3), (250, 90), (520, 235), (640, 190), (730, 215), (760, 205))
    scene.lay(BRASS, leaf)
    inner = turned((130, 3), (270, 70), (520, 205), (620, 165), (640, 160))
    scene.lay(patterns.vines(palette), inner, shadow=False)
    scene.lay((150, 44, 38), polygon((350, 640), (450, 520), (550, 640), (550, 730), (350, 730)), shadow=False)
    scene.lay(BRASS, rounded((410, 650, 490, 730), 10), shadow=False)
    scene.lay(tone(LEAF, 0.8), band([(450, 520), (450, 210)], 18), shadow=False)
    for y, reach in ((460, 120), (390, 95), (320, 66), (260, 40)):
        for side in (-1, 1):
            scene.lay(tone(LEAF, 0.8), band([(450, y + 30), (450 + side * reach, y)], 10), shadow=False)
            x = 450 + side * reach
            scene.lay((226, 190, 90), ellipse((x - 16, y - 16, x + 16, y + 16)), shadow=False)
    for side in (-1, 1):
        scene.pen.arc((450 + side * 180 - 40, 660, 450 + side * 180 + 40, 740), 0, 360, fill=(150, 44, 38), width=9)
    return scene.picture
