from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from syncer.catalogue.artwork import draw, jpeg
from syncer.catalogue.demo import demo_catalogue, demo_pictures, load_demo
from syncer.catalogue.media import LONGEST_PX, media_path
from syncer.catalogue.read import iter_products
from syncer.inventory import bulk
from syncer.store.engine import Engine, read
from syncer.store.tables import media, photo, stock_movement
from tests.catalogue.builders import NOW

HINTS = (
    "pola batik", "siluet baju", "pola anyam silang", "pola simpul", "lingkaran kecil berkilau",
    "lingkaran berglasir", "bidang dengan jahitan", "serat kayu", "pola mozaik", "pola sulur", "bungkus dengan label",
    "bidang dengan bayangan", "balok warna", "apa saja",
)  # fmt: skip


def test_the_demo_catalogue_comes_with_a_picture_for_each_product(engine: Engine, home: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = load_demo(engine, home, bulk, now=NOW, progress=lambda done, whole: seen.append((done, whole)))
    assert (report.new, report.variants, report.failed) == (40, 76, [])
    assert seen[-1] == (40, 40)
    with read(engine) as connection:
        for one in iter_products(connection):
            assert len(one.photos) == 1
            assert one.photos[0].alt == one.title
            assert media_path(home, one.photos[0].sha256).exists()
        sizes = {tuple(row) for row in connection.execute(select(media.c.width, media.c.height))}
        movements = connection.execute(select(func.count()).select_from(stock_movement)).scalar()
    # The one that was too large was made smaller, the one that lay on its side stands up.
    assert (LONGEST_PX, LONGEST_PX) in sizes
    assert (900, 1200) in sizes
    assert (1200, 900) in sizes
    again = load_demo(engine, home, bulk, now=NOW)
    assert (again.new, again.changed, again.stock_set) == (0, 0, 0)
    with read(engine) as connection:
        assert connection.execute(select(func.count()).select_from(photo)).scalar() == 40
        assert connection.execute(select(func.count()).select_from(stock_movement)).scalar() == movements


def test_the_pictures_hold_what_a_camera_would_do() -> None:
    pictures = [Image.open(io.BytesIO(one.data)) for one in demo_pictures()]
    assert max(max(one.size) for one in pictures) > 4000
    assert [one.getexif().get(0x0112) for one in pictures].count(6) == 1
    assert len({one.size for one in pictures}) >= 5
    assert len({one.data for one in demo_pictures(["SRP-BTK-001", "SRP-BTK-002"])}) == 2


def test_each_thing_of_the_demo_is_drawn_as_itself() -> None:
    """Two products look alike only where they are alike: by its name, a basket is no bag and no bowl."""
    names = {row["title"] for row in csv.DictReader(io.StringIO(demo_catalogue().decode()))}
    shapes = {draw(name, "SKU-1").resize((48, 48)).tobytes() for name in names}
    # A bag of nuts is told from its looks only, and two bowls or two cloths may be of one shape.
    assert len(shapes) >= len(names) - 3


@pytest.mark.parametrize("hint", HINTS)
def test_a_picture_is_drawn_fast_and_the_same_each_time(hint: str) -> None:
    draw(hint, "warm")
    started = time.process_time()
    picture = draw(hint, "SKU-1", size=(1200, 900))
    assert time.process_time() - started < 0.25
    assert picture.size == (1200, 900)
    assert jpeg(picture) == jpeg(draw(hint, "SKU-1", size=(1200, 900)))
    assert jpeg(picture) != jpeg(draw(hint, "SKU-2", size=(1200, 900)))
    colours = picture.convert("RGB").resize((60, 45)).getcolors(60 * 45)
    assert colours is not None
    assert len(colours) > 20
