"""Things that hold something: bowls, mugs, vases, pots, baskets, jars, bottles, bags."""

from __future__ import annotations

import math

from PIL import Image

from syncer.catalogue.artwork import patterns
from syncer.catalogue.artwork.palette import BRASS, CLAY, CREAM, LEAF, Colour, Palette, tone
from syncer.catalogue.artwork.scene import Form, Scene, arc, band, ellipse, polygon, rounded, turned

_STRAP: Colour = (126, 78, 48)
_LABEL: Colour = (250, 244, 230)


def bowl(palette: Palette) -> Image.Image:
    """A glazed bowl; the glaze runs from its rim."""
    scene = Scene(CREAM)
    scene.shadow((190, 690, 730, 780))
    form = turned((400, 300), (520, 280), (680, 130), (720, 110), (740, 120))
    scene.lay(palette.light, form, depth=0.8)
    wave = [(x, 470 + 34 * math.sin(x / 31) + 16 * math.sin(x / 12)) for x in range(150, 751, 10)]
    glaze = polygon((150, 400), *[(x, y) for x, y in wave if abs(x - 450) < 285], (750, 400))
    scene.lay(palette.main, glaze, shadow=False, depth=0.6)
    _mouth(scene, 300, 400, palette.main, palette.dark, deep=62)
    for _ in range(60):
        x, y = 450 + palette.random.gauss(0, 90), 600 + palette.random.gauss(0, 35)
        scene.pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=palette.dark)
    scene.shine((230, 480, 300, 610), 130, 18)
    return scene.picture


def coconut_bowl(palette: Palette) -> Image.Image:
    """Half a coconut shell, and a wooden spoon beside it."""
    scene = Scene(CREAM)
    wood = patterns.grain(palette)
    scene.lay(wood, band([(720, 300), (640, 760)], 26), ellipse((660, 150, 800, 330)))
    shell: Colour = (92, 60, 40)
    scene.shadow((160, 690, 640, 780))
    scene.lay(shell, turned((420, 260), (560, 240), (690, 120), (720, 70), (724, 40), middle=390), depth=0.9)
    for _ in range(70):
        x, y = 390 + palette.random.gauss(0, 90), 580 + palette.random.gauss(0, 50)
        if math.hypot((x - 390) / 230, (y - 480) / 230) < 0.9:
            scene.pen.line((x, y, x + palette.random.randint(8, 34), y + 3), fill=tone(shell, 1.35), width=3)
    scene.lay((226, 206, 172), ellipse((130, 362, 650, 478)), shadow=False)
    scene.lay(tone(shell, 1.15), ellipse((150, 374, 630, 470)), shadow=False, depth=0.6)
    return scene.picture


def mug(palette: Palette) -> Image.Image:
    """A thrown mug with its handle and a band of bare clay."""
    scene = Scene(CREAM)
    scene.shadow((220, 720, 700, 810))
    handle = arc((640, 500), (105, 130), -100, 100)
    scene.lay(palette.main, band(handle, 42))
    scene.lay(palette.main, turned((290, 200), (420, 195), (720, 190), (764, 160)), depth=0.8)
    drips = [(x, 600 + 30 * math.sin(x / 26) + 12 * math.sin(x / 9)) for x in range(262, 640, 8)]
    scene.lay(
        tone(CLAY, 1.15), polygon(*drips, (640, 720), (606, 764), (294, 764), (260, 720)), shadow=False, depth=0.7
    )
    _mouth(scene, 200, 290, palette.light, palette.dark, deep=46)
    scene.shine((285, 350, 335, 580), 140, 16)
    return scene.picture


def vase(palette: Palette) -> Image.Image:
    """A vase that smoke has painted, with dry grass in it."""
    scene = Scene(CREAM)
    for number in range(-3, 4):
        tip = (450 + number * 62, 70 + abs(number) * 26)
        scene.lay((190, 160, 104), band([(450 + number * 8, 260), tip], 6), shadow=False)
        scene.lay((206, 176, 116), ellipse((tip[0] - 13, tip[1] - 40, tip[0] + 13, tip[1] + 40)), shadow=False)
    scene.shadow((250, 770, 680, 850))
    form = turned((250, 80), (330, 56), (540, 205), (760, 120), (810, 125))
    scene.lay(CLAY, form, depth=0.9)
    smoke = Scene(CLAY)
    for _ in range(16):
        x, y = 450 + palette.random.gauss(0, 90), palette.random.randint(380, 800)
        smoke.shadow((x - 90, y - 40, x + 90, y + 40), 210)
    scene.lay(smoke.picture, form, shadow=False, depth=0.8)
    _mouth(scene, 80, 250, tone(CLAY, 0.8), (50, 34, 28), deep=20)
    return scene.picture


def pot(palette: Palette) -> Image.Image:
    """A clay pot with its saucer and a plant."""
    scene = Scene(palette.pale)
    for side in (-190, -110, -40, 40, 110, 190):
        tip = (450 + side, 130 + abs(side) * 0.9)
        wing = 46
        leaf = polygon((450, 430), (tip[0] - wing, tip[1] + 110), tip, (tip[0] + wing, tip[1] + 110))
        scene.lay(tone(LEAF, 1.0 + side / 800), leaf, shadow=False)
        scene.pen.line((450, 430, *tip), fill=tone(LEAF, 0.7), width=4)
    scene.shadow((230, 760, 700, 830))
    scene.lay(tone(CLAY, 0.9), turned((740, 230), (790, 200)), depth=0.7)
    scene.lay(CLAY, turned((450, 205), (745, 150)), depth=0.8)
    scene.lay(tone(CLAY, 1.12), turned((410, 228), (480, 222)), depth=0.8)
    scene.lay((70, 48, 36), ellipse((235, 392, 665, 430)), shadow=False)
    scene.lay(LEAF, polygon((430, 412), (450, 330), (470, 412)), shadow=False)
    return scene.picture


def basket(palette: Palette) -> Image.Image:
    """A tall bamboo basket with lid and handles."""
    scene = Scene(CREAM)
    woven = patterns.weave(palette.earthen(0.10))
    scene.shadow((200, 760, 720, 850))
    for side in (-1, 1):
        scene.lay(_STRAP, band(arc((450 + side * 235, 470), (60, 62), 0, 360), 20))
    scene.lay(woven, turned((300, 245), (780, 205), (810, 195)), depth=0.8)
    for y, half in ((340, 246), (560, 226), (770, 207)):
        scene.lay(palette.main, rounded((450 - half, y, 450 + half, y + 26), 12), shadow=False, depth=0.7)
    scene.lay(woven, turned((235, 190), (300, 258)), depth=0.7)
    scene.lay(palette.main, rounded((188, 288, 712, 322), 16), depth=0.7)
    scene.lay(_STRAP, band(arc((450, 238), (62, 50), 180, 360), 20))
    return scene.picture


def gift_box(palette: Palette) -> Image.Image:
    """A woven box with lid, tied with a ribbon."""
    ribbon = palette.colour(0.72, 0.70)
    scene = Scene(CREAM)
    woven = patterns.weave(palette.earthen(0.115))
    scene.shadow((130, 690, 790, 800))
    scene.lay(woven, polygon((200, 430), (700, 430), (680, 740), (220, 740)), depth=0.5)
    scene.lay(tone(palette.light, 1.08), polygon((250, 300), (650, 300), (730, 370), (170, 370)), shadow=False)
    scene.lay(woven, polygon((170, 368), (730, 368), (722, 480), (178, 480)), depth=0.4)
    scene.lay(ribbon, polygon((420, 300), (480, 300), (485, 740), (415, 740)), shadow=False)
    for side in (-1, 1):
        loop = polygon((450, 300), (450 + side * 70, 205), (450 + side * 165, 225), (450 + side * 130, 300))
        scene.lay(tone(ribbon, 1.1), loop)
        scene.lay(ribbon, polygon((450, 300), (450 + side * 60, 300), (450 + side * 110, 410), (450 + side * 60, 400)))
    scene.lay(tone(ribbon, 0.8), ellipse((420, 270, 480, 330)))
    return scene.picture


def plate(palette: Palette) -> Image.Image:
    """A plate of palm ribs, with a leaf on it."""
    scene = Scene(palette.pale)
    palette.earthen(0.08)
    scene.lay(palette.main, ellipse((130, 130, 770, 770)))
    for ring, colour in ((320, palette.dark), (300, palette.main), (212, palette.light)):
        scene.lay(colour, ellipse((450 - ring, 450 - ring, 450 + ring, 450 + ring)), shadow=False)
    for step in range(120):
        angle, turn = step * math.tau / 120, 0.55 if step % 2 else -0.55
        near = (450 + math.cos(angle) * 60, 450 + math.sin(angle) * 60)
        far = (450 + math.cos(angle + turn) * 300, 450 + math.sin(angle + turn) * 300)
        scene.pen.line((*near, *far), fill=palette.dark if step % 2 else palette.light, width=5)
    for x, y in arc((450, 450), (314, 314), 0, 360, 40):
        scene.lay(palette.light, ellipse((x - 20, y - 20, x + 20, y + 20)), shadow=False)
    scene.lay(LEAF, turned((270, 4), (360, 110), (540, 120), (640, 4)), depth=0.3)
    scene.pen.line((450, 275, 450, 640), fill=tone(LEAF, 0.7), width=6)
    return scene.picture


def jar(palette: Palette) -> Image.Image:
    """A glass jar of red sauce."""
    return _glass(palette, (176, 40, 26), (250, 190, 300, 200, 780), 196)


def bottle(palette: Palette) -> Image.Image:
    """A bottle of a spiced drink."""
    scene = Scene(palette.pale)
    red: Colour = (150, 44, 36)
    scene.shadow((300, 770, 640, 840))
    scene.lay(red, turned((200, 46), (330, 50), (430, 138), (790, 138), (806, 126)), depth=0.8)
    scene.lay(BRASS, rounded((398, 120, 502, 205), 14), depth=0.6)
    _label(scene, palette, (322, 500, 578, 720))
    scene.shine((335, 440, 365, 760), 130, 12)
    return scene.picture


def cookies(palette: Palette) -> Image.Image:
    """A jar of cookies."""
    return _glass(palette, (240, 226, 196), (240, 230, 300, 240, 770), 236, fill=False)


def _glass(
    palette: Palette, content: Colour, sides: tuple[int, int, int, int, int], lid: int, *, fill: bool = True
) -> Image.Image:
    top, neck, shoulder, half, floor = sides
    scene = Scene(palette.pale)
    scene.shadow((450 - half, floor - 40, 450 + half + 20, floor + 50))
    body = turned((top, neck - 30), (shoulder, half), (floor - 20, half), (floor, half - 16))
    scene.lay((226, 236, 236), body, depth=0.4)
    if fill:
        inside = turned((shoulder + 10, half - 12), (floor - 26, half - 12), (floor - 12, half - 26))
        scene.lay(content, inside, shadow=False, depth=0.8)
        for _ in range(90):
            x, y = 450 + palette.random.uniform(-1, 1) * (half - 24), palette.random.uniform(shoulder + 20, floor - 30)
            scene.pen.ellipse((x - 4, y - 3, x + 4, y + 3), fill=(232, 150, 60))
    else:
        for row in range(7):
            for column in range(-3, 4):
                x, y = 450 + column * 62 + row % 2 * 24, floor - 56 - row * 58
                if abs(x - 450) < half - 36:
                    biscuit = palette.random.uniform(0.85, 1.05)
                    scene.lay(tone((214, 164, 92), biscuit), ellipse((x - 40, y - 30, x + 40, y + 30)), shadow=False)
                    scene.pen.arc((x - 26, y - 18, x + 26, y + 18), 0, 360, fill=(164, 112, 54), width=4)
    scene.lay(palette.main, rounded((450 - lid, 160, 450 + lid, 262), 22), depth=0.7)
    _label(scene, palette, (450 - half + 50, 440, 450 + half - 50, 660))
    scene.shine((450 - half + 14, shoulder + 40, 450 - half + 44, floor - 60), 150, 12)
    return scene.picture


def _label(scene: Scene, palette: Palette, box: tuple[int, int, int, int]) -> None:
    """A label with a mark and lines: there is nothing to read on it."""
    left, top, right, low = box
    scene.lay(_LABEL, rounded(box, 16), shadow=False)
    scene.pen.rounded_rectangle(box, 16, outline=palette.dark, width=4)
    middle = (left + right) // 2
    leaf = patterns.kawung(palette, 100, _LABEL, palette.accent)
    scene.picture.paste(leaf, (middle - 50, top + 16))
    for number, part in enumerate((0.7, 0.5, 0.6)):
        y, half = top + 134 + number * 28, (right - left) * part / 2
        if y + 12 < low:
            scene.pen.rounded_rectangle((middle - half, y, middle + half, y + 12), 6, fill=palette.light)


def pouch(palette: Palette) -> Image.Image:
    """A bag of food with a label and a window."""
    scene = Scene(palette.pale)
    scene.shadow((230, 760, 700, 840))
    scene.lay(palette.main, rounded((230, 130, 670, 800), 34), depth=0.6)
    scene.pen.rectangle((230, 182, 670, 206), fill=palette.dark)
    for x in range(238, 662, 14):
        scene.pen.line((x, 140, x, 176), fill=palette.light, width=3)
    _label(scene, palette, (290, 270, 610, 510))
    scene.lay((232, 208, 160), ellipse((310, 550, 590, 750)), shadow=False)
    for _ in range(46):
        angle, reach = palette.random.random() * math.tau, palette.random.random() ** 0.5
        x, y = 450 + math.cos(angle) * reach * 110, 650 + math.sin(angle) * reach * 70
        scene.lay((196, 142, 82), ellipse((x - 24, y - 15, x + 24, y + 15)), shadow=False)
        scene.pen.arc((x - 24, y - 15, x + 24, y + 15), 20, 160, fill=(140, 92, 48), width=3)
    scene.pen.ellipse((310, 550, 590, 750), outline=palette.dark, width=6)
    return scene.picture


def _tote(stuff: Image.Image, strap: Colour, ground: Colour) -> Image.Image:
    scene = Scene(ground)
    scene.shadow((160, 760, 760, 850))
    scene.lay(tone(strap, 0.75), band(arc((450, 350), (140, 210), 180, 360), 24), shadow=False)
    scene.lay(stuff, _trapeze(210, 690, 340, 180, 720, 800), depth=0.45)
    scene.lay(strap, band(arc((450, 420), (150, 250), 180, 360), 26))
    for x in (300, 600):
        scene.lay(strap, rounded((x - 26, 395, x + 26, 500), 12), shadow=False)
        scene.stitches([(x - 16, 405), (x - 16, 492)], CREAM, every=18, width=4)
        scene.stitches([(x + 16, 405), (x + 16, 492)], CREAM, every=18, width=4)
    scene.pen.line((212, 344, 688, 344), fill=strap, width=10)
    return scene.picture


def _trapeze(left: float, right: float, top: float, low_left: float, low_right: float, low: float) -> Form:
    return polygon((left, top), (right, top), (low_right, low), (low_left, low))


def woven_bag(palette: Palette) -> Image.Image:
    """A woven bag with leather handles."""
    return _tote(patterns.weave(palette.earthen(0.11)), _STRAP, CREAM)


def scrap_bag(palette: Palette) -> Image.Image:
    """A bag sewn from scraps of many colours."""
    return _tote(patterns.mosaic(palette), palette.dark, palette.pale)


def _satchel(stuff: Image.Image, strap: Colour, ground: Colour, *, stitched: bool) -> Image.Image:
    scene = Scene(ground)
    scene.lay(strap, band(arc((450, 400), (250, 320), 180, 360), 20), shadow=False)
    scene.shadow((170, 720, 760, 810))
    scene.lay(stuff, rounded((180, 360, 720, 770), 56), depth=0.5)
    scene.lay(stuff, rounded((172, 350, 728, 590), 70), depth=0.3)
    if stitched:
        scene.stitches(arc((450, 450), (252, 120), 170, 10), CREAM)
        scene.stitches([(214, 720), (686, 720)], CREAM)
    for x in (200, 700):
        scene.lay(BRASS, ellipse((x - 20, 380, x + 20, 420)), shadow=False)
    scene.lay(BRASS, rounded((420, 560, 480, 622), 12))
    return scene.picture


def leather_bag(palette: Palette) -> Image.Image:
    """A leather bag with a flap and a long strap."""
    hide = patterns.hide(palette)
    return _satchel(hide, palette.dark, CREAM, stitched=True)


def crocheted_bag(palette: Palette) -> Image.Image:
    """A small crocheted bag."""
    return _satchel(patterns.crochet(palette), palette.dark, palette.pale, stitched=False)


def _mouth(scene: Scene, half: float, y: float, rim: Colour, inside: Colour, *, deep: float) -> None:
    """The opening of a round thing, seen a little from above."""
    scene.lay(rim, ellipse((450 - half, y - deep, 450 + half, y + deep)), shadow=False)
    scene.lay(inside, ellipse((450 - half + 16, y - deep + 8, 450 + half - 16, y + deep - 4)), shadow=False, depth=0.5)
