"""Pictures drawn by code, for the demo: what is sold is recognised, from its name or from a hint in a few words.

Colours follow from a seed (a SKU), so that a product looks the same on every machine. Nothing is written on them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

from PIL import Image, ImageOps

from syncer.catalogue.artwork import cloth, patterns, pieces, vessels
from syncer.catalogue.artwork.palette import SIDE, Palette


def draw(hint: str, seed: str, *, size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    """Return a picture for ``hint`` in the colours of ``seed``.

    ``hint`` is what the thing is called ("Tas Anyaman Pandan") or what it looks like ("pola anyam silang"), or both;
    words that nothing is known about give a batik cloth.
    """
    words = hint.casefold()
    palette = Palette(seed)
    painter = next((paint for keys, paint in _PAINTERS if all(key in words for key in keys.split())), cloth.batik_cloth)
    drawn = painter(palette)
    if size == drawn.size:
        return drawn
    if painter not in _PATTERNS:
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


#: Words that must all be in the hint; the first line that fits is drawn. Names of things, then looks.
_PAINTERS: tuple[tuple[str, Callable[[Palette], Image.Image]], ...] = (
    ("pot gantung", cloth.hanger),
    ("makrame", cloth.macrame),
    ("kemeja", cloth.shirt),
    ("outer", cloth.kimono),
    ("selendang", cloth.scarf),
    ("pashmina", cloth.pashmina),
    ("kain ecoprint", cloth.leaf_cloth),
    ("kain cap", cloth.stamped_cloth),
    ("kain anggrek", cloth.flowered_cloth),
    ("kain batik", cloth.batik_cloth),
    ("boneka", cloth.rabbit),
    ("taplak", cloth.lace),
    ("mangkuk batok", vessels.coconut_bowl),
    ("mangkuk", vessels.bowl),
    ("mug", vessels.mug),
    ("vas ", vessels.vase),
    ("pot ", vessels.pot),
    ("besek", vessels.gift_box),
    ("keranjang", vessels.basket),
    ("piring", vessels.plate),
    ("tas anyam", vessels.woven_bag),
    ("tas rajut", vessels.crocheted_bag),
    ("tas kulit selempang", vessels.leather_bag),
    ("tas belanja", vessels.scrap_bag),
    ("sambal", vessels.jar),
    ("bir pletok", vessels.bottle),
    ("kue", vessels.cookies),
    ("talenan", pieces.board),
    ("lampu", pieces.lamp),
    ("ikat pinggang", pieces.belt),
    ("dompet", pieces.wallet),
    ("buku", pieces.notebook),
    ("hiasan dinding", pieces.paper_flower),
    ("kalung", pieces.necklace),
    ("anting", pieces.earrings),
    ("cincin", pieces.ring),
    ("topeng", pieces.mask),
    ("wayang", pieces.puppet),
    ("batik", cloth.batik_cloth),
    ("siluet", cloth.shirt),
    ("anyam", patterns.weave),
    ("simpul", patterns.knots),
    ("berkilau", pieces.ring),
    ("glasir", vessels.bowl),
    ("jahitan", pieces.wallet),
    ("serat kayu", pieces.plank),
    ("mozaik", patterns.mosaic),
    ("sulur", patterns.vines),
    ("bungkus", vessels.pouch),
    ("bayangan", pieces.lamp),
    ("balok", pieces.blocks),
)
#: Stuff that fills a picture of any shape; things keep whole, and the ground around them grows.
_PATTERNS = frozenset((patterns.weave, patterns.knots, patterns.mosaic, patterns.vines))
