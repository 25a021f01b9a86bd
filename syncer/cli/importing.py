"""``syncer import``: bring a catalogue in from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, command, single
from syncer.cli.texts import both, language, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.catalogue.importing import ImportReport, StockBook
    from syncer.catalogue.pictures import FetchReport

app = single()
_SHOWN, _COLUMNS_SHOWN = 10, 20


@command(
    app,
    "import",
    "Bawa masuk produk dari berkas: WooCommerce, Shopify, Etsy, Loyverse, Shopee, atau templat Syncer.",
    "Bring products in from a file: WooCommerce, Shopify, Etsy, Loyverse, Shopee, or Syncer's own template.",
    examples=["syncer import katalog.csv --dry-run", "syncer import katalog.xlsx"],
)
def import_file(
    file: Path = typer.Argument(metavar="FILE", help=both("Berkas CSV atau XLSX.", "A CSV or XLSX file.")),
    dry_run: bool = typer.Option(
        False, "--dry-run", help=both("Hanya periksa, jangan simpan.", "Only look, keep nothing.")
    ),
    location: str = typer.Option(
        "utama", "--location", metavar="CODE", help=both("Stok berkas ini ada di lokasi ini.", "Where its stock is.")
    ),
    file_currency: str = typer.Option(
        "", "--currency", metavar="USD", help=both("Mata uang harga di berkas.", "The currency of the file's prices.")
    ),
    rate: str | None = typer.Option(
        None, "--rate", metavar="N", help=both("Kurs ke mata uang katalog.", "Exchange rate to the catalogue's.")
    ),
    restore_deleted: bool = typer.Option(
        False, "--restore-deleted", help=both("Hidupkan lagi yang pernah dihapus.", "Bring deleted products back.")
    ),
    pictures: bool = typer.Option(
        True,
        "--pictures/--no-pictures",
        help=both("Ambil foto dari alamatnya.", "Fetch pictures from their addresses."),
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Import a file."""
    desk = open_desk()
    from syncer.catalogue.importing import ImportOptions
    from syncer.catalogue.importing import import_file as do
    from syncer.cli.desk import keep_currency
    from syncer.cli.reading import decimal
    from syncer.domain.money import check_currency
    from syncer.inventory import bulk

    data = _content(file)
    keep_currency(desk.engine, desk.settings.catalogue_currency)
    options = ImportOptions(
        dry_run=dry_run,
        currency=desk.settings.catalogue_currency,
        file_currency=check_currency(file_currency) if file_currency else "",
        rate=decimal(rate, Words("Kurs", "The rate")) if rate is not None else None,
        location=location,
        restore_deleted=restore_deleted,
        actor=desk.actor,
        language=language(),
    )
    with out.Progress(Words("Mengimpor", "Importing"), unit=Words("baris", "rows")) as bar:
        report = do(
            desk.engine, data, file.name, cast("StockBook", bulk), now=desk.now, options=options, progress=bar.to
        )
    returned = _return(file, report)
    fetched, drawn, full = _pictures(desk, data, report) if pictures and not dry_run else (None, 0, None)
    if as_json:
        out.print_json(_as_json(report, returned, fetched))
    else:
        _say(report, returned, fetched)
        if drawn:
            out.hint(
                Words(
                    f"{drawn} produk belum punya foto; gambarnya dibuat dari kolom image_hint.",
                    f"{many(drawn, 'product')} had no photo yet; drawn from the image_hint column.",
                )
            )
        if not dry_run and (report.changed or report.stock_set):
            from syncer.cli.products import say_next

            say_next(desk)
    if full is not None:
        out.warn(full)
    if report.failed or full is not None:
        raise typer.Exit(PARTLY)


def _content(file: Path) -> bytes:
    """Read at most one byte more than any import takes: what is larger is refused by its size."""
    from syncer.catalogue.importing.table import MAX_TEXT_BYTES

    with file.open("rb") as opened:
        return opened.read(MAX_TEXT_BYTES + 1)


def _return(file: Path, report: ImportReport) -> Path | None:
    """Write the rows that were refused beside the file, so that they can be mended and imported again."""
    if report.returned is None or report.dry_run:
        return None
    return keep_returned(file, report.returned, report.returned_name)


def keep_returned(file: Path, data: bytes, name: str) -> Path:
    """Write refused rows as ``name`` beside ``file``, or here if that folder can't be written; return where."""
    import os

    target = file.with_name(name)
    if not os.access(target.parent, os.W_OK):
        target = Path.cwd() / name
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _pictures(desk: Desk, data: bytes, report: ImportReport) -> tuple[FetchReport | None, int, Words | None]:
    """Fetch and draw. The products are stored by now: what fails is said after the report, not instead of it."""
    from syncer.domain.words import SyncerError

    fetched, drawn = None, 0
    try:
        fetched = _fetch(desk, report)
        drawn = _draw(desk, data, report)
    except SyncerError as error:
        return fetched, drawn, _not_kept(desk, data, error.words)
    except OSError as error:
        return fetched, drawn, _not_kept(desk, data, disk_words(error))
    return fetched, drawn, None


def disk_words(error: OSError) -> Words:
    """Say why the disk did not take a picture."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Words("disk penuh. Kosongkan, lalu impor lagi.", "the disk is full. Make room, then import again.")
    return Words(
        f"{error.strerror}. Periksa disk dan folder media, lalu impor lagi.",
        f"{error.strerror}. Check the disk and the folder media, then import again.",
    )


def _not_kept(desk: Desk, data: bytes, reason: Words) -> Words:
    from syncer.catalogue.demo import count_missing
    from syncer.catalogue.pictures import count_waiting

    left = count_waiting(desk.engine) + count_missing(desk.engine, data)
    return Words(
        f"Produknya tersimpan, tetapi {left} foto tidak bisa disimpan: {reason.id}",
        f"The products are stored, but {many(left, 'picture')} couldn't be kept: {reason.en}",
    )


def _fetch(desk: Desk, report: ImportReport) -> FetchReport | None:
    """Fetch the pictures now, unless a daemon does it already."""
    from syncer.cli.waking import daemon_runs

    if not report.pictures_waiting or daemon_runs(desk.settings.home):
        return None
    from syncer.catalogue.pictures import fetch_waiting

    private = desk.settings.allow_private_images
    with out.Progress(Words("Mengambil foto", "Fetching pictures"), unit=Words("foto", "pictures")) as bar:
        return fetch_waiting(desk.engine, desk.settings.home, private, progress=bar.to, allow_http=private)


def _draw(desk: Desk, data: bytes, report: ImportReport) -> int:
    """Draw pictures for products without one, if the file says what they should show."""
    if b"image_hint" not in data[:4096]:
        return 0
    from syncer.catalogue.demo import draw_missing

    with out.Progress(Words("Menggambar", "Drawing"), unit=Words("foto", "pictures")) as bar:
        return draw_missing(
            desk.engine, desk.settings.home, data, now=desk.now, cause_id=report.cause_id, progress=bar.to
        )


def _as_json(report: ImportReport, returned: Path | None, fetched: FetchReport | None) -> dict[str, object]:
    found = report.to_json()
    for name in ("failed", "notes"):
        found[name] = [{"row": one.row, "name": one.name, "message": say(one.words)} for one in getattr(report, name)]
    found["returned_file"] = str(returned) if returned else None
    found["pictures_added"] = fetched.added if fetched else 0
    found["pictures_refused"] = (
        [{"url": url, "message": say(words)} for url, words in fetched.refused] if fetched else []
    )
    return found


def _say(report: ImportReport, returned: Path | None, fetched: FetchReport | None) -> None:
    if report.dry_run:
        out.line(word("Percobaan: tidak ada yang disimpan.", "A dry run: nothing is kept."))
    out.line(out.clean(word(f"Bentuk berkas: {report.label.id}", f"The file is: {report.label.en}")))
    say_unread(report.unread_columns)
    out.table(
        [
            Words("BARIS", "ROWS"),
            Words("BARU", "NEW"),
            Words("BERUBAH", "CHANGED"),
            Words("SAMA", "SAME"),
            Words("VARIAN", "VARIANTS"),
            Words("STOK DIISI", "STOCK SET"),
            Words("GAGAL", "FAILED"),
        ],
        [
            [
                report.rows,
                report.new,
                report.changed,
                report.unchanged,
                report.variants,
                report.stock_set,
                report.rows_failed,
            ]
        ],
        right=range(7),
    )
    _say_notes(report)
    if fetched is not None:
        out.line(
            word(
                f"Foto: {fetched.added} diambil, {len(fetched.refused)} ditolak, {fetched.again} dicoba lagi nanti.",
                f"Pictures: {fetched.added} fetched, {len(fetched.refused)} refused, {fetched.again} to try later.",
            )
        )
        for url, words in fetched.refused[:_SHOWN]:
            out.line(f"  {out.clean(url[:100])}: {out.clean(say(words))}")
    elif report.pictures_waiting:
        out.line(
            word(
                f"{report.pictures_waiting} foto menunggu diambil.",
                f"{many(report.pictures_waiting, 'picture')} to fetch.",
            )
        )
    if returned is not None:
        out.warn(
            Words(
                f"{report.rows_failed} baris tidak diimpor; perbaiki lalu impor berkas ini: {returned}",
                f"Not imported: {many(report.rows_failed, 'row')}; mend and import this file: {returned}",
            )
        )


def say_unread(columns: Sequence[str]) -> None:
    """Name the columns that were not read: what stands in them is not in the catalogue."""
    if not columns:
        return
    shown = ", ".join(columns[:_COLUMNS_SHOWN])
    more = len(columns) - _COLUMNS_SHOWN
    rest = Words(f" dan {more} lagi (semua: --json)", f" and {more} more (all: --json)") if more > 0 else Words("", "")
    out.warn(
        Words(
            f"Kolom yang tidak dikenal dan tidak dibaca: {shown}{rest.id}.",
            f"Columns that are unknown and were not read: {shown}{rest.en}.",
        )
    )


def _say_notes(report: ImportReport) -> None:
    for title, notes in (
        (word("Tidak diimpor", "Not imported"), report.failed),
        (word("Catatan", "Notes"), report.notes),
    ):
        if not notes:
            continue
        out.line(f"{title}:")
        for one in notes[:_SHOWN]:
            row = word(f"baris {one.row}", f"row {one.row}")
            name = f" {out.clean(one.name)}" if one.name else ""
            out.line(f"  {row}{name}: {out.clean(say(one.words))}")
        more = len(notes) - _SHOWN
        if more > 0:
            out.line(word(f"  … dan {more} lagi", f"  … and {more} more"))
