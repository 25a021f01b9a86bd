"""Products that both marketplaces take as they are."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from PIL import Image
from sqlalchemy import Engine, insert, select

from syncer.catalogue.media import media_path
from syncer.domain.product import Photo, Product, Variant
from syncer.store.engine import write
from syncer.store.tables import media


def goods(engine: Engine, home: Path, skus: Sequence[str]) -> list[Product]:
    """Return one product for each SKU; they share a picture, which is stored."""
    photo = Photo(_picture(engine, home))
    return [
        Product(
            handle=sku,
            title=f"Mangkuk kayu jati buatan tangan dari Serpong {sku}",
            description="Mangkuk kayu jati buatan tangan dari Serpong, halus dan kuat, untuk nasi dan buah.",
            category_key="batik-tulis",
            variants=(Variant(sku, Decimal(100_000), weight_g=400, length_mm=200, width_mm=200, height_mm=100),),
            photos=(photo,),
        )
        for sku in skus
    ]


def _picture(engine: Engine, home: Path) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (600, 600), (150, 90, 40)).save(buffer, "JPEG", quality=60)
    data = buffer.getvalue()
    sha = hashlib.sha256(data).hexdigest()
    path = media_path(home, sha)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    row = {"sha256": sha, "mime": "image/jpeg", "width": 600, "height": 600, "size_bytes": len(data)}
    with write(engine) as connection:
        if connection.execute(select(media.c.sha256).where(media.c.sha256 == sha)).first() is None:
            connection.execute(insert(media).values(**row, created_at=dt.datetime.now(dt.UTC)))
    return sha
