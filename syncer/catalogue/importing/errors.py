"""What can be wrong with an import file as a whole, in words with the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.domain.words import SyncerError, Words


class ImportRefused(SyncerError):
    """The file can't be imported at all; nothing was written."""


def too_large(megabytes: int) -> ImportRefused:
    """Return the error for a file above the limit."""
    return ImportRefused(
        Words(
            f"Berkas ini lebih besar dari {megabytes} MB. Bagi menjadi beberapa berkas.",
            f"This file is larger than {megabytes} MB. Split it into several files.",
        )
    )


def too_many_rows(most: int) -> ImportRefused:
    """Return the error for a file with too many rows."""
    return ImportRefused(
        Words(
            f"Berkas ini punya lebih dari {most:,} baris. Bagi menjadi beberapa berkas.".replace(",", "."),
            f"This file has more than {most:,} rows. Split it into several files.",
        )
    )


def empty() -> ImportRefused:
    """Return the error for a file without any row."""
    return ImportRefused(
        Words("Berkas ini kosong. Pilih berkas yang berisi produk.", "This file is empty. Choose one with products.")
    )


def broken_quotes(row: int) -> ImportRefused:
    """Return the error for a quotation mark that is never closed."""
    return ImportRefused(
        Words(
            f'Di sekitar baris {row} ada tanda petik (") yang tidak ditutup. Perbaiki baris itu, lalu impor lagi.',
            f'Near row {row} a quotation mark (") is never closed. Mend that row, then import again.',
        )
    )


def no_text() -> ImportRefused:
    """Return the error for bytes that are no text."""
    return ImportRefused(
        Words(
            "Berkas ini bukan CSV atau XLSX. Simpan dari program lembar kerja sebagai .csv atau .xlsx.",
            "This file is neither CSV nor XLSX. Save it from a spreadsheet program as .csv or .xlsx.",
        )
    )


def unknown_format(headings: Sequence[str]) -> ImportRefused:
    """Return the error for a file whose headings no format has."""
    seen = ", ".join(heading[:30] for heading in headings[:8] if heading) or "-"
    return ImportRefused(
        Words(
            "Bentuk berkas ini tidak dikenal. Yang dikenal: ekspor WooCommerce, Shopify, Etsy, Loyverse, "
            f"lembar unggah massal Shopee, dan templat Syncer. Judul kolom yang terbaca: {seen}.",
            "The format of this file is unknown. Known are exports of WooCommerce, Shopify, Etsy and Loyverse, "
            f"Shopee's mass upload sheet, and Syncer's template. The headings read: {seen}.",
        )
    )
