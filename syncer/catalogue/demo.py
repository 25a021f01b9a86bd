"""The demo catalogue: 40 crafts of 12 invented groups, each with a picture drawn by code."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from sqlalchemy import Engine, and_, exists, select

from syncer.catalogue.artwork import draw, jpeg
from syncer.catalogue.edit import save_product
from syncer.catalogue.importing import ImportOptions, ImportReport, StockBook, import_file
from syncer.catalogue.media import PhotoStore, record_media
from syncer.catalogue.read import load_products
from syncer.domain.product import Photo
from syncer.store.engine import read, write
from syncer.store.tables import photo, product

FILE_NAME = "demo_catalogue.csv"
_SIZES = ((1000, 1000), (1200, 900), (900, 1200), (800, 800), (1400, 1050))
#: One photo as a phone held upright takes it (turned by EXIF), one larger than marketplaces take.
_TURNED, _HUGE = 3, 7
_HUGE_PX = 4800


class DemoPicture(NamedTuple):
    """A drawn picture for one product, as a camera would have given it."""

    handle: str
    alt: str
    data: bytes


def demo_catalogue() -> bytes:
    """Return the demo catalogue as the CSV that it is."""
    return files("syncer.catalogue").joinpath("data", FILE_NAME).read_bytes()


def demo_pictures(only: Collection[str] | None = None, data: bytes | None = None) -> Iterator[DemoPicture]:
    """Draw a picture for each product of ``data``, a CSV with an ``image_hint`` column (default: the demo).

    ``only``: those with these handles. A file without that column gives no pictures.
    """
    seen: set[str] = set()
    for row in _hints(demo_catalogue() if data is None else data):
        handle = row["product_code"]
        if handle in seen:
            continue
        number = len(seen)
        seen.add(handle)
        if only is None or handle in only:
            looks = f"{row['title']}; {row['image_hint']}"
            yield DemoPicture(handle, row["title"], _picture(looks, row["sku"], number))


def load_demo(
    engine: Engine,
    home: Path,
    stock: StockBook,
    *,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import the demo catalogue and give each product without a photo its drawing.

    ``progress`` counts the pictures. Loading it again changes nothing.
    """
    data = demo_catalogue()
    report = import_file(engine, data, FILE_NAME, stock, now=now, options=ImportOptions(actor="demo"))
    draw_missing(engine, home, data, now=now, cause_id=report.cause_id, progress=progress)
    return report


def draw_missing(
    engine: Engine,
    home: Path,
    data: bytes,
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Draw what the file's ``image_hint`` column says, for its products that have no photo yet; return how many.

    It is how a catalogue without photos can be tried; the first real photo of a product takes the drawing's place
    when a person adds it.
    """
    bare = _without_photo(engine, {row["product_code"] for row in _hints(data)})
    if not bare:
        return 0
    drawn = 0
    with PhotoStore(home) as store:
        for picture in demo_pictures(bare, data):
            info = store.add(picture.data)
            with write(engine) as connection:
                record_media(connection, [info], now)
                value = load_products(connection, [bare[picture.handle]])[bare[picture.handle]]
                photos = (Photo(info.sha256, picture.alt),)
                save_product(connection, replace(value, photos=photos), now=now, cause_id=cause_id)
            drawn += 1
            if progress is not None:
                progress(drawn, len(bare))
    return drawn


def count_missing(engine: Engine, data: bytes) -> int:
    """Return how many products of the file still have no photo though its ``image_hint`` column describes one."""
    return len(_without_photo(engine, {row["product_code"] for row in _hints(data)}))


def _hints(data: bytes) -> list[dict[str, str]]:
    """Return the rows that say what a picture should show; none if the file has no such column."""
    if b"image_hint" not in data[:4096]:
        return []
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""))
    return [row for row in rows if row.get("image_hint") and row.get("product_code") and row.get("sku")]


def _without_photo(engine: Engine, handles: Collection[str]) -> dict[str, int]:
    if not handles:
        return {}
    has_photo = exists(select(photo.c.product_id).where(photo.c.product_id == product.c.id))
    query = select(product.c.handle, product.c.id).where(and_(product.c.handle.in_(sorted(handles)), ~has_photo))
    with read(engine) as connection:
        return {row.handle: row.id for row in connection.execute(query)}


def _picture(looks: str, seed: str, number: int) -> bytes:
    if number == _HUGE:
        return jpeg(draw(looks, seed, size=(_HUGE_PX, _HUGE_PX)), quality=80)
    if number == _TURNED:
        upright = draw(looks, seed, size=(900, 1200))
        return jpeg(upright.transpose(Image.Transpose.ROTATE_90), orientation=6)
    return jpeg(draw(looks, seed, size=_SIZES[number % len(_SIZES)]))
