"""The child process that opens files of strangers (security.md F1, F2, F3). Run as a script, by path.

It imports nothing of Syncer: no settings, no database, no keys. It limits itself before the first foreign byte
is read, then answers jobs from its standard input until that is closed. A frame is a JSON line with the
payload's ``size``, then the payload.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import resource
import sys
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

MEMORY_BYTES = 512 * 2**20
FILE_BYTES = 64 * 2**20
CPU_S = {"picture": 20, "sheet": 90}
JPEG_PIXELS = 64_000_000
OTHER_PIXELS = 25_000_000
SHEETS = 8
PARTS = 200
UNPACKED_BYTES = 200 * 2**20
RATIO = 100
RATIO_FROM_BYTES = 2**20
SHEET_TEXT_BYTES = 200 * 2**20

_MAGIC = (
    (b"GIF8", "gif"),
    (b"%PDF", "pdf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
)


class Refused(Exception):
    """The file can't be used; the only argument is a short code that the parent turns into words."""


def limit_myself() -> None:
    """Take away what a hostile file could use up."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Let the next job use ``seconds`` of processor time; the system kills the process after that."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))


# --- pictures ---------------------------------------------------------------------------------------------------


def picture(data: bytes, longest: int) -> tuple[dict[str, Any], bytes]:
    """Return the picture's facts, and a new JPEG made from its pixels alone."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = JPEG_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            pixels = opened.width * opened.height
            is_jpeg = opened.format in ("JPEG", "MPO")
            if pixels > (JPEG_PIXELS if is_jpeg else OTHER_PIXELS):
                raise Refused("too_many_pixels")
            if is_jpeg:
                opened.draft("RGB", (longest, longest))
            opened.seek(0)
            return _normalised(opened, longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except UnidentifiedImageError:
        raise Refused(_kind(data)) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, OverflowError):
        raise Refused("damaged") from None


def _kind(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "heic"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    return "svg" if b"<svg" in data[:2000].lower() else "no_picture"


def _normalised(opened: Any, longest: int) -> tuple[dict[str, Any], bytes]:
    from PIL import Image, ImageOps

    profile = opened.info.get("icc_profile")
    opened.load()
    image = opened.convert("RGBA" if "transparency" in opened.info else "RGB") if opened.mode == "P" else opened
    # Smaller first: every later step makes copies.
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    ImageOps.exif_transpose(image, in_place=True)
    flat = _flat(_standard_colours(image, profile))
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=88, optimize=True)
    return {"width": clean.width, "height": clean.height}, out.getvalue()


def _standard_colours(image: Any, profile: bytes | None) -> Any:
    """Return ``image`` in sRGB; a profile that can't be read is ignored, as browsers do."""
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    from PIL import ImageCms

    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    return image


def _flat(image: Any) -> Any:
    """Return ``image`` as RGB, what is transparent on white."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


# --- spreadsheets -----------------------------------------------------------------------------------------------


def sheet(data: bytes, max_rows: int, max_columns: int, max_cell: int) -> tuple[dict[str, Any], bytes]:
    """Return the names of the first sheets with each one's size, and their rows as CSV, one after the other."""
    check_archive(data)
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException
    from openpyxl.xml import DEFUSEDXML

    if not DEFUSEDXML:
        raise Refused("no_defused_xml")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        return _pages(book, max_rows, max_columns, max_cell)
    except Refused:
        raise
    except (InvalidFileException, zipfile.BadZipFile):
        raise Refused("no_sheet") from None
    except MemoryError:
        raise
    except Exception as error:  # the reader's own errors are many; none of them is the parent's business
        raise Refused("forbidden_xml" if "Forbidden" in type(error).__name__ else "damaged") from None


def _pages(book: Any, max_rows: int, max_columns: int, max_cell: int) -> tuple[dict[str, Any], bytes]:
    found: list[dict[str, Any]] = []
    whole = io.BytesIO()
    for name in book.sheetnames[:SHEETS]:
        page = book[name]
        if not hasattr(page, "iter_rows"):
            continue
        text = _sheet_text(page, max_rows, max_columns, max_cell)
        found.append({"name": name, "size": len(text)})
        whole.write(text)
        if whole.tell() > SHEET_TEXT_BYTES:
            raise Refused("too_large_unpacked")
    return {"sheets": found}, whole.getvalue()


def check_archive(data: bytes) -> None:
    """Raise Refused unless the ZIP is a plain workbook of bearable size, by what it declares and what it holds."""
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Refused("old_or_encrypted")
    if not data.startswith(b"PK"):
        raise Refused("no_sheet")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_parts(parts)
            total = 0
            for part in parts:
                total = _count(archive, part, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError):
        raise Refused("damaged") from None
    except Exception as error:
        if type(error).__name__ == "error":  # zlib.error
            raise Refused("damaged") from None
        raise


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise Refused("no_sheet")
    if any(name.endswith("vbaProject.bin") for name in names):
        raise Refused("macros")
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise Refused("too_large_unpacked")


def _count(archive: zipfile.ZipFile, part: zipfile.ZipInfo, total: int) -> int:
    held = 0
    with archive.open(part) as reader:
        while chunk := reader.read(2**18):
            held += len(chunk)
            if total + held > UNPACKED_BYTES:
                raise Refused("too_large_unpacked")
            if held > RATIO_FROM_BYTES and held > RATIO * max(part.compress_size, 1):
                raise Refused("too_large_unpacked")
    return total + held


def _sheet_text(page: Any, max_rows: int, max_columns: int, max_cell: int) -> bytes:
    with contextlib.suppress(AttributeError):
        page.reset_dimensions()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    empty = 0
    for number, cells in enumerate(page.iter_rows(max_row=max_rows + 1, max_col=max_columns, values_only=True)):
        row = [_cell(cell, max_cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            empty += 1
            continue
        if number >= max_rows:
            raise Refused("too_many_rows")
        for _ in range(empty):
            text.write("\n")
        empty = 0
        writer.writerow(row)
        if text.tell() > SHEET_TEXT_BYTES // 2:
            raise Refused("too_large_unpacked")
    return text.getvalue().encode("utf-8", "surrogatepass")


def _cell(value: Any, max_cell: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    # One sign more than allowed, so that the parent sees that it is too long.
    return str(value)[: max_cell + 1]


# --- the loop ---------------------------------------------------------------------------------------------------


def answer(job: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Do one job; raises Refused."""
    if job["kind"] == "picture":
        return picture(data, int(job["longest"]))
    return sheet(data, int(job["max_rows"]), int(job["max_columns"]), int(job["max_cell"]))


def jobs(source: BinaryIO) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield the jobs that the parent sends."""
    while line := source.readline():
        job = json.loads(line)
        yield job, source.read(job["size"])


def main() -> None:
    """Serve until the parent closes the pipe."""
    limit_myself()
    out = sys.stdout.buffer
    for job, data in jobs(sys.stdin.buffer):
        allow_cpu(CPU_S[job["kind"]])
        try:
            facts, payload = answer(job, data)
        except Refused as refused:
            facts, payload = {"refused": str(refused)}, b""
        except (MemoryError, RecursionError):
            code = "too_many_pixels" if job["kind"] == "picture" else "too_large_unpacked"
            facts, payload = {"refused": code}, b""
        out.write(json.dumps({**facts, "size": len(payload)}).encode() + b"\n" + payload)
        out.flush()


if __name__ == "__main__":
    main()
