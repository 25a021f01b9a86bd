"""``syncer export``: the catalogue as a file that imports back to the same."""

from __future__ import annotations

from pathlib import Path

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import UsageProblem, command, single
from syncer.cli.reading import check_folder
from syncer.cli.texts import both, many
from syncer.domain.words import Words

app = single()


@command(
    app,
    "export",
    "Simpan katalog ke berkas CSV atau XLSX; bisa diimpor lagi.",
    "Save the catalogue as CSV or XLSX; it imports back to the same.",
    examples=["syncer export katalog.xlsx"],
)
def export(
    file: Path = typer.Argument(metavar="FILE", help=both("Nama berkas, .csv atau .xlsx.", "A .csv or .xlsx file.")),
    location: str = typer.Option(
        "utama", "--location", metavar="CODE", help=both("Stok lokasi ini.", "The stock of this location.")
    ),
) -> None:
    """Export the catalogue."""
    kind = file.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise UsageProblem(
            Words(
                f'Nama berkas "{file.name}" harus berakhir .csv atau .xlsx.',
                f'The name "{file.name}" must end with .csv or .xlsx.',
            )
        )
    check_folder(file)
    desk = open_desk()
    from syncer.catalogue.exporting import export_csv, export_xlsx
    from syncer.channels.records import catalogue_currency
    from syncer.inventory.locations import find_location

    with desk.write() as connection:
        find_location(connection, location)
    with desk.read() as connection, out.Progress(Words("Menyimpan", "Saving")):
        do = export_csv if kind == ".csv" else export_xlsx
        rows = do(connection, file, currency=catalogue_currency(connection), location_code=location)
    out.done(Words(f"{file}: {rows} baris.", f"{file}: {many(rows, 'row')}."))
