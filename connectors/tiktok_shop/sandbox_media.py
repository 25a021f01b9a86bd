"""Uploads: pictures and documents (tiktok_shop.md 7)."""

from __future__ import annotations

import io
import secrets
import warnings

from PIL import Image

from connectors.tiktok_shop.sandbox_fields import Refused, bad
from connectors.tiktok_shop.sandbox_state import Document, Picture
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, Upload

MAIN, ATTRIBUTE = "MAIN_IMAGE", "ATTRIBUTE_IMAGE"
USE_CASES = frozenset({MAIN, ATTRIBUTE, "DESCRIPTION_IMAGE", "CERTIFICATION_IMAGE", "SIZE_CHART_IMAGE"})

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "BMP": "image/bmp"}
_DOCUMENTS = {"pdf": "PDF", "mp4": "MP4", "mov": "MOV", "mkv": "MKV", "wmv": "WMV", "webm": "WEBM", "avi": "AVI"}


class Media:
    """The two upload operations. Their bodies are not signed (tiktok_shop.md 3)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def upload_image(self, call: Call) -> Answer:
        """Keep a picture; the answer has its size after the adjustment. No default for `use_case` is documented:
        without one it counts as a main image."""
        upload = _file(call)
        use_case = call.form.get("use_case", MAIN)
        if use_case not in USE_CASES:
            raise bad("use_case")
        picture = _adjusted(upload.content, use_case, self._world.limits.image_max_bytes)
        self._world.store.pictures[picture.uri] = picture
        self._world.store.dirty.add(f"picture:{picture.uri}")
        return self._world.ok(
            {
                "uri": picture.uri,
                "url": self._world.image_url(picture.uri),
                "width": picture.width,
                "height": picture.height,
                "use_case": use_case,
            }
        )

    def upload_file(self, call: Call) -> Answer:
        """Keep a PDF or a video by the ending of its name."""
        upload = _file(call)
        name = call.form.get("name") or upload.filename
        kind = _DOCUMENTS.get(name.rpartition(".")[2].lower())
        if kind is None:
            raise Refused(12038010, "The format of the file is not supported.", kind="picture")
        document = Document(f"v09ea0g4{secrets.token_hex(12)}", name, kind, upload.content)
        self._world.store.documents[document.id] = document
        url = f"{self._world.base_url()}/file/{document.id}"
        return self._world.ok({"id": document.id, "name": name, "format": kind, "url": url})


def _file(call: Call) -> Upload:
    found = next((upload for upload in call.files if upload.field == "data"), None)
    if found is None or not found.content:
        raise bad("data is required")
    return found


def _adjusted(content: bytes, use_case: str, max_bytes: int) -> Picture:
    if len(content) > max_bytes:
        raise Refused(12038003, "The image is larger than 10 MB.", kind="picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
                kind = image.format or ""
                image.load()
                _check_size(image.size, use_case)
                if use_case in {MAIN, ATTRIBUTE} and not _fits(image.size):
                    content, image_size = _square(image, kind)
                else:
                    image_size = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(12038004, "The image is broken or its format is not supported.", kind="picture") from None
    uri = f"tos-alisg-i-aphluv4xwc-sg/{secrets.token_hex(16)}"
    return Picture(uri, content, _TYPES[kind], *image_size, use_case)


def _check_size(size: tuple[int, int], use_case: str) -> None:
    low, high = (300, 4000) if use_case == MAIN else (100, 20_000)
    if use_case == "SIZE_CHART_IMAGE":
        low = 1024
    if min(size) < low:
        raise Refused(12038005, f"The image is too small, at least {low} px a side.", kind="picture")
    if max(size) > high:
        raise Refused(12038006, f"The image is too large, at most {high} px a side.", kind="picture")


def _fits(size: tuple[int, int]) -> bool:
    width, height = size
    return 3 * height <= 4 * width and 3 * width <= 4 * height


def _square(image: Image.Image, kind: str) -> tuple[bytes, tuple[int, int]]:
    """Main and attribute images outside of 3:4 to 4:3 become 1:1 (tiktok_shop.md 7)."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(image.convert("RGB"), ((side - image.width) // 2, (side - image.height) // 2))
    out = io.BytesIO()
    square.save(out, kind)
    return out.getvalue(), square.size
