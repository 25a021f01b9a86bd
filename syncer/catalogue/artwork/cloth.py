"""Things of cloth and yarn: folded cloth, scarves, shirts, lace, a plush rabbit, macrame."""

from __future__ import annotations

import math

from PIL import Image

from syncer.catalogue.artwork import patterns
from syncer.catalogue.artwork.palette import CREAM, LEAF, SIDE, Colour, Palette, tone
from syncer.catalogue.artwork.scene import Scene, arc, band, ellipse, hole, polygon, rounded

_YARN: Colour = (238, 228, 206)
_STICK: Colour = (146, 104, 66)


def _folded(palette: Palette, cloth: Image.Image) -> Image.Image:
    scene = Scene(CREAM)
    for number in range(3, 0, -1):
        off = number * 18
        edge = tone(palette.main, 0.7 + number * 0.12)
        scene.lay(edge, rounded((170 + off, 150 + off, 710 + off, 730 + off), 24), shadow=number == 3)
    scene.lay(cloth, rounded((170, 150, 710, 730), 24))
    scene.lay(patterns.batik_border(palette), rounded((170, 560, 710, 730), 24), shadow=False)
    scene.pen.line((170, 558, 710, 558), fill=tone(palette.dark, 0.8), width=5)
    scene.lay(tone(palette.light, 1.1), polygon((710, 150), (710, 290), (575, 150)))
    scene.lay(tone(palette.main, 0.9), polygon((575, 150), (710, 290), (590, 270)), shadow=False)
    return scene.picture


def batik_cloth(palette: Palette) -> Image.Image:
    """A folded length of batik with kawung."""
    return _folded(palette, patterns.batik(palette))


def stamped_cloth(palette: Palette) -> Image.Image:
    """A folded length of stamped batik."""
    return _folded(palette, patterns.parang(palette))


def flowered_cloth(palette: Palette) -> Image.Image:
    """A folded length of batik with orchids."""
    return _folded(palette, patterns.flowers(palette))


def leaf_cloth(palette: Palette) -> Image.Image:
    """A folded length of cloth with prints of leaves."""
    return _folded(palette, patterns.leaves(palette))


def _scarf(palette: Palette, cloth: Image.Image) -> Image.Image:
    scene = Scene(palette.pale)
    for x in range(312, 470, 13):
        scene.lay(palette.light, band([(x, 660), (x - 8, 735)], 5), shadow=False)
    for x in range(462, 618, 13):
        scene.lay(palette.light, band([(x, 740), (x + 6, 815)], 5), shadow=False)
    scene.lay(cloth, polygon((450, 130), (610, 230), (625, 750), (460, 750), (430, 330)), depth=0.5)
    scene.lay(cloth, polygon((450, 130), (290, 230), (300, 670), (480, 670), (500, 300)), depth=0.6)
    scene.lay(cloth, polygon((290, 240), (330, 150), (450, 110), (570, 150), (610, 240), (450, 390)), depth=0.4)
    scene.lay(tone(palette.dark, 0.8), polygon((385, 175), (450, 155), (515, 175), (450, 280)), shadow=False)
    return scene.picture


def scarf(palette: Palette) -> Image.Image:
    """A batik scarf, laid around a neck."""
    return _scarf(palette, patterns.batik(palette))


def pashmina(palette: Palette) -> Image.Image:
    """A scarf with prints of leaves."""
    return _scarf(palette, patterns.leaves(palette))


def shirt(palette: Palette) -> Image.Image:
    """A batik shirt with buttons and a collar."""
    scene = Scene(palette.pale)
    cloth = patterns.tiled(patterns.kawung(palette, 90, palette.main, palette.pale), (SIDE, SIDE))
    body = [(330, 170), (410, 205), (490, 205), (570, 170), (790, 290), (725, 440), (630, 395), (640, 780), (260, 780)]
    scene.lay(cloth, polygon(*body, (270, 395), (175, 440), (110, 290)), hole((400, 140, 500, 232)), depth=0.3)
    for side in (-1, 1):
        scene.lay(
            tone(palette.main, 0.85),
            polygon((450, 236), (450 + side * 56, 160), (450 + side * 120, 172), (450 + side * 66, 262)),
        )
    scene.pen.line((450, 236, 450, 780), fill=palette.dark, width=5)
    for y in range(290, 760, 90):
        scene.pen.ellipse((441, y, 459, y + 18), fill=CREAM, outline=palette.dark, width=3)
    return scene.picture


def kimono(palette: Palette) -> Image.Image:
    """An open coat with wide sleeves and prints of leaves."""
    scene = Scene(palette.pale)
    cloth = patterns.leaves(palette)
    for side in (-1, 1):
        x = [450 + side * far for far in (14, 95, 210, 380, 360, 215, 225, 40)]
        heights = (230, 130, 150, 460, 500, 400, 800, 800)
        scene.lay(cloth, polygon(*zip(x, heights, strict=True)), depth=0.3)
        edge = [450 + side * far for far in (12, 95, 62, 40, 74, 40)]
        scene.lay(palette.dark, polygon(*zip(edge, (250, 128, 128, 260, 800, 800), strict=True)), shadow=False)
        scene.pen.rectangle((450 + side * 150 - 42, 560, 450 + side * 150 + 42, 566), fill=palette.dark)
    return scene.picture


def lace(palette: Palette) -> Image.Image:
    """A round crocheted tablecloth with a sunflower."""
    scene = Scene(palette.light)
    rim = [ellipse((x - 40, y - 40, x + 40, y + 40)) for x, y in arc((450, 450), (310, 310), 0, 360, 26)]
    scene.lay(_YARN, ellipse((130, 130, 770, 770)), *rim)
    for far in (300, 262, 224):
        for x, y in arc((450, 450), (far, far), 0, 360, round(far / 9)):
            scene.pen.ellipse((x - 11, y - 11, x + 11, y + 11), fill=tone(palette.light, 0.9))
    for far, colour in ((190, (222, 168, 50)), (150, (240, 196, 84))):
        for x, y in arc((450, 450), (far - 40, far - 40), far, 360 + far, 16):
            angle = math.atan2(y - 450, x - 450)
            tip = (450 + math.cos(angle) * far, 450 + math.sin(angle) * far)
            wing = (math.sin(angle) * 30, -math.cos(angle) * 30)
            scene.pen.polygon([tip, (x + wing[0], y + wing[1]), (450, 450), (x - wing[0], y - wing[1])], fill=colour)
    scene.lay((112, 74, 44), ellipse((370, 370, 530, 530)), shadow=False)
    for far in (20, 44, 66):
        for x, y in arc((450, 450), (far, far), 0, 360, far // 4):
            scene.pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(166, 116, 70))
    return scene.picture


def rabbit(palette: Palette) -> Image.Image:
    """A crocheted rabbit with a ribbon."""
    scene = Scene(palette.pale)
    fur = patterns.crochet(palette)
    for side in (-1, 1):
        x = 450 + side * 75
        scene.lay(fur, ellipse((x - 45, 90, x + 45, 380)))
        scene.lay(palette.pale, ellipse((x - 20, 140, x + 20, 340)), shadow=False)
        scene.lay(fur, ellipse((450 + side * 150 - 55, 520, 450 + side * 150 + 55, 700)))
        scene.lay(fur, ellipse((450 + side * 95 - 80, 700, 450 + side * 95 + 80, 830)))
    scene.lay(fur, ellipse((310, 480, 590, 800)), depth=0.4)
    scene.lay(palette.pale, ellipse((370, 560, 530, 760)), shadow=False)
    scene.lay(fur, ellipse((290, 270, 610, 530)), depth=0.4)
    for side in (-1, 1):
        x = 450 + side * 70
        scene.pen.ellipse((x - 16, 380, x + 16, 412), fill=(40, 30, 28))
        scene.pen.ellipse((x - 6, 384, x + 2, 392), fill=(255, 255, 255))
    scene.pen.polygon([(430, 430), (470, 430), (450, 454)], fill=(214, 120, 130))
    scene.pen.line((450, 452, 450, 474), fill=(40, 30, 28), width=4)
    scene.lay(palette.accent, polygon((450, 525), (350, 480), (350, 575)), polygon((450, 525), (550, 480), (550, 575)))
    scene.lay(tone(palette.accent, 0.8), ellipse((424, 500, 476, 552)), shadow=False)
    return scene.picture


def _stick(scene: Scene, y: int) -> None:
    scene.lay(_STICK, rounded((150, y, 750, y + 26), 13))
    scene.pen.line([(210, y + 6), (450, y - 110), (690, y + 6)], fill=_YARN, width=8)


def macrame(palette: Palette) -> Image.Image:
    """Knotted yarn on a stick, for a wall."""
    scene = Scene(palette.light)
    _stick(scene, 200)
    lines = list(range(180, 725, 30))
    for number, x in enumerate(lines):
        low = 480 + 300 * math.sin(math.pi * (number + 0.5) / len(lines))
        scene.lay(_YARN, band([(x, 210), (x, low)], 14), shadow=number % 4 == 0)
        scene.pen.line((x, low - 90, x - 6, low + 10), fill=tone(_YARN, 0.8), width=3)
    for row in range(5):
        for x in lines[row % 2 :: 2]:
            y = 290 + row * 62
            scene.pen.line([(x - 28, y - 44), (x, y), (x + 28, y - 44)], fill=tone(_YARN, 0.86), width=10)
            scene.pen.ellipse((x - 15, y - 15, x + 15, y + 15), fill=_YARN, outline=tone(_YARN, 0.68), width=4)
    return scene.picture


def hanger(palette: Palette) -> Image.Image:
    """A plant in a pot that hangs in knotted yarn."""
    scene = Scene(palette.pale)
    for x in (330, 450, 570):
        scene.lay(_YARN, band([(450, 70), (450 + (x - 450) * 0.5, 280), (x, 470)], 12), shadow=False)
    for side in (-150, -80, 0, 80, 150):
        tip = (450 + side, 320 + abs(side) * 0.6)
        leaf = polygon((450, 500), (tip[0] - 40, tip[1] + 60), tip, (tip[0] + 40, tip[1] + 60))
        scene.lay(tone(LEAF, 0.9 + side / 900), leaf, shadow=False)
    scene.lay(palette.main, polygon((320, 470), (580, 470), (550, 660), (350, 660)), depth=0.7)
    scene.lay(palette.dark, ellipse((320, 452, 580, 490)), shadow=False)
    for x in (320, 406, 494, 580):
        scene.lay(_YARN, band([(x, 470), (450 + (x - 450) * 0.7, 600), (450, 715)], 11), shadow=False)
    for number in range(9):
        scene.lay(_YARN, band([(450, 710), (400 + number * 13, 840)], 8), shadow=False)
    scene.lay(_YARN, ellipse((425, 690, 475, 740)), ellipse((428, 50, 472, 94)))
    return scene.picture
