"""Security F1 and F3: photos of strangers are opened elsewhere, and only their pixels are kept."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import subprocess
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from syncer.catalogue import untrusted, untrusted_child
from syncer.catalogue.media import LONGEST_PX, MediaInfo, PhotoStore, PhotoTooLarge, media_path, record_media
from syncer.catalogue.untrusted import Child, FileRefused
from syncer.domain.words import SyncerError
from syncer.store.engine import Engine, read, write
from syncer.store.tables import media
from tests.catalogue.builders import NOW


def encode(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def two_halves(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), "red")
    ImageDraw.Draw(picture).rectangle((width // 2, 0, width, height), fill="blue")
    return picture.convert(mode)


def store_photo(data: bytes, home: Path) -> MediaInfo:
    with PhotoStore(home) as store:
        return store.add(data)


def stored(home: Path, sha256: str) -> Image.Image:
    return Image.open(media_path(home, sha256))


@pytest.mark.rule("F4")
@pytest.mark.rule("K5")
def test_a_photo_is_kept_by_content_whole_and_private(home: Path, engine: Engine) -> None:
    info = store_photo(encode(two_halves()), home)
    path = media_path(home, info.sha256)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == info.sha256
    assert (info.mime, info.width, info.height, info.size_bytes) == ("image/jpeg", 400, 300, path.stat().st_size)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert store_photo(encode(two_halves()), home) == info
    with write(engine) as connection:
        record_media(connection, [info], NOW)
        record_media(connection, [info], NOW)
    with read(engine) as connection:
        assert len(connection.execute(media.select()).all()) == 1


@pytest.mark.rule("F3")
def test_a_turned_photo_is_set_upright_and_its_exif_dropped(home: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "KANARI-KAMERA"
    exif.get_ifd(0x8825)[2] = (6.0, 17.0, 30.0)
    info = store_photo(encode(two_halves(), exif=exif), home)
    assert (info.width, info.height) == (300, 400)
    picture = stored(home, info.sha256)
    assert not picture.getexif()
    red, _, blue = picture.getpixel((150, 20))
    assert red > 200
    assert blue < 60
    assert b"KANARI" not in media_path(home, info.sha256).read_bytes()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "LA"), ("PNG", "I;16"), ("WEBP", "RGBA"), ("JPEG", "CMYK")],
)
def test_every_kind_becomes_rgb(home: Path, kind: str, mode: str) -> None:
    picture = two_halves(mode="L").convert("I;16") if mode == "I;16" else two_halves(mode=mode)
    info = store_photo(encode(picture, kind), home)
    assert stored(home, info.sha256).mode == "RGB"


def test_what_is_transparent_becomes_white(home: Path) -> None:
    info = store_photo(encode(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"), home)
    assert stored(home, info.sha256).getpixel((25, 25)) == (255, 255, 255)


def test_a_large_photo_is_made_smaller(home: Path) -> None:
    info = store_photo(encode(two_halves(5000, 2500)), home)
    assert (info.width, info.height) == (LONGEST_PX, LONGEST_PX // 2)


def test_several_photos_share_one_child(home: Path) -> None:
    child, processes = Child(), set()
    with PhotoStore(home, child=child) as store:
        shas = set()
        for number in range(30):
            shas.add(store.add(encode(two_halves(300 + number, 200))).sha256)
            assert child._process is not None
            processes.add(child._process.pid)
    assert len(shas) == 30
    assert len(processes) == 1


@pytest.mark.rule("F3")
def test_nothing_but_the_pixels_survives(home: Path) -> None:
    plain = encode(two_halves(), comment=b"<script>KANARI</script>")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("KANARI.html", "<script>KANARI</script>")
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "KANARI")
    for data in (
        plain,
        encode(two_halves()) + zipped.getvalue(),
        encode(two_halves()) + b"<html>KANARI</html>",
        encode(two_halves(), "PNG", pnginfo=text),
    ):
        info = store_photo(data, home)
        assert b"KANARI" not in media_path(home, info.sha256).read_bytes()


def _png_header(width: int, height: int, *, text: int = 0) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    extra = chunk(b"zTXt", b"k\x00\x00" + zlib.compress(b"x" * text)) if text else b""
    rows = zlib.compress(b"\x00" * 4000)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_png_header(60000, 60000), "too_many_pixels"),
        (_png_header(5001, 5000), "too_many_pixels"),
        (_png_header(100, 100), "damaged"),
        (_png_header(100, 100, text=20_000_000), "damaged"),
        (encode(two_halves())[:900], "damaged"),
        (b"GIF89a" + b"\x00" * 50, "gif"),
        (b"%PDF-1.7 ...", "pdf"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "heic"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (encode(two_halves(), "TIFF"), "tiff"),
        (encode(two_halves(), "BMP"), "bmp"),
        (b"hello", "no_picture"),
        (b"", "no_picture"),
        (b"\xff\xd8\xff\xe0" + os.urandom(2000), "damaged"),
    ],
)
@pytest.mark.rule("F3")
def test_bad_pictures_are_refused_in_words(home: Path, data: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as caught:
        store_photo(data, home)
    assert caught.value.code == code
    assert caught.value.words.id != caught.value.words.en
    assert not list(home.glob("media/*"))


@pytest.mark.rule("C1")
def test_a_photo_above_the_limit_is_refused_unread(home: Path) -> None:
    with pytest.raises(PhotoTooLarge, match="15 MB"):
        store_photo(b"\xff" * 15_000_001, home)


@pytest.mark.rule("F1")
@pytest.mark.rule("F3")
def test_a_flood_of_pixels_stays_within_the_childs_memory(home: Path) -> None:
    picture = Image.new("RGB", (7900, 8000), "teal")
    info = store_photo(encode(picture, quality=30), home)
    assert info.width < LONGEST_PX
    assert info.height == LONGEST_PX
    big = Image.new("RGBA", (5000, 4990), (10, 20, 30, 200))
    assert store_photo(encode(big, "PNG", compress_level=1), home).width == LONGEST_PX


@pytest.mark.rule("F1")
def test_a_child_that_dies_takes_only_its_own_file_with_it(home: Path, tmp_path: Path, monkeypatch) -> None:
    dying = tmp_path / "dying.py"
    dying.write_text(
        Path(untrusted_child.__file__)
        .read_text()
        .replace(
            "    from PIL import Image, ImageFile,",
            "    data == b'die' and os.abort()\n    from PIL import Image, ImageFile,",
        )
        .replace("import json\n", "import json\nimport os\nimport time\n")
        .replace("    Image.MAX_IMAGE_PIXELS", "    data == b'hang' and time.sleep(60)\n    Image.MAX_IMAGE_PIXELS")
    )
    monkeypatch.setattr(untrusted, "_CHILD", dying)
    with PhotoStore(home, child=Child(picture_s=4.0)) as store:
        good = store.add(encode(two_halves()))
        for bad in (b"die", b"hang"):
            started = time.monotonic()
            with pytest.raises(FileRefused) as caught:
                store.add(bad)
            assert caught.value.code == "unreadable"
            assert time.monotonic() - started < 40
            assert store.add(encode(two_halves())) == good


@pytest.mark.rule("F1")
def test_the_child_is_poor_and_knows_no_secret(tmp_path: Path, monkeypatch) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text(
        Path(untrusted_child.__file__)
        .read_text()
        .replace(
            'if job["kind"] == "picture":',
            'import os\n    return {"env": sorted(os.environ), "memory": resource.getrlimit(resource.RLIMIT_AS)[0],'
            ' "core": resource.getrlimit(resource.RLIMIT_CORE)[0], "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],'
            ' "modules": [name for name in sys.modules if name.startswith("syncer")]}, b""\n'
            '    if job["kind"] == "picture":',
        )
    )
    monkeypatch.setattr(untrusted, "_CHILD", spy)
    monkeypatch.setenv("SYNCER_SECRET_KEY", "KANARI")
    with Child() as child:
        facts = child.ask("picture", b"x").facts
    assert set(facts["env"]) <= {"PATH", "LANG", "TZ", "LC_CTYPE"}
    assert facts["memory"] == 512 * 2**20
    assert facts["core"] == 0
    assert 0 < facts["cpu"] <= 25
    assert facts["modules"] == []


def test_no_child_is_left_behind(home: Path) -> None:
    with PhotoStore(home) as store:
        store.add(encode(two_halves()))
        process = store._child._process
        assert isinstance(process, subprocess.Popen)
    assert process.poll() is not None


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n"])
@pytest.mark.rule("F4")
def test_only_a_hash_leads_to_a_file(home: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        media_path(home, name)


def test_a_full_disk_leaves_nothing_half_written(home: Path) -> None:
    from syncer.catalogue.media import write_private

    def fail(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="space"):
        write_private(home / "media" / "x.jpg", b"data", replace=fail)
    assert list((home / "media").iterdir()) == []


def test_every_refusal_has_words() -> None:
    for code, words in untrusted._WORDS.items():
        assert words.id, code
        assert isinstance(FileRefused(code), SyncerError)
