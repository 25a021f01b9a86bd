"""``syncer listings``: every product on every shop, with one word for how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import both, say
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.channels.listings import ListingRow

app = single()


@command(
    app,
    "listings",
    "Tunjukkan produk di setiap toko, dan keadaannya.",
    "Show the products on every shop, and how each stands.",
    examples=["syncer listings", "syncer listings SRP-BTK-001 --timeline"],
)
def listings(
    refs: list[str] | None = typer.Argument(
        None, metavar="REF", help=both("Hanya produk ini.", "These products only.")
    ),
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
    with_timeline: bool = typer.Option(
        False, "--timeline", help=both("Dengan riwayat kirimannya.", "With the history behind it.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List the listings."""
    desk = open_desk()
    from syncer.catalogue.read import find_product
    from syncer.channels.listings import listing_rows, timeline
    from syncer.channels.records import get_account

    with desk.read() as connection:
        account_id = get_account(connection, account).id if account else None
        ids = [find_product(connection, ref) for ref in refs] if refs else None
        rows = listing_rows(connection, account_id=account_id, product_ids=ids)
        events = {row.id: timeline(connection, row.id) for row in rows} if with_timeline else {}
    if as_json:
        out.print_json(
            [
                as_json_row(row)
                | (
                    {"timeline": [{"at": one.at, "kind": one.kind, "detail": one.detail} for one in events[row.id]]}
                    if with_timeline
                    else {}
                )
                for row in rows
            ]
        )
        return
    if not rows:
        out.hint(
            Words(
                "Belum ada produk yang terbit. Terbitkan dengan: syncer publish --all --account NAMA",
                "Nothing is published yet. Publish with: syncer publish --all --account NAME",
            )
        )
        return
    out.table(
        [
            Words("TOKO", "SHOP"),
            Words("PRODUK", "PRODUCT"),
            Words("JUDUL", "TITLE"),
            Words("HARGA", "PRICE"),
            Words("STOK", "STOCK"),
            Words("KEADAAN", "STATE"),
        ],
        [[row.account, row.handle, row.title, price_of(row), row.quantity, say(row.chip)] for row in rows],
        right=(3, 4),
    )
    for row in rows if with_timeline else ():
        out.line()
        out.line(out.clean(f"{row.account}: {row.title}"))
        for one in events[row.id]:
            out.line(f"  {out.moment(one.at)}  {one.kind}  {out.clean(_detail(one.detail))}")


def price_of(row: ListingRow) -> str:
    """Return the price, or the lowest and highest, that a listing shows."""
    from syncer.domain.money import format_money

    if row.prices is None:
        return "-"
    low, high = (format_money(amount, row.currency) for amount in row.prices)
    return low if low == high else f"{low} – {high.partition(' ')[2]}"


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return ""
    parts = []
    for name, value in detail.items():
        text = say(Words(**value)) if name == "words" and isinstance(value, dict) else value
        if name == "notes":
            text = " ".join(say(Words.from_json(one["words"])) for one in value)
        if text not in ("", None, [], {}):
            parts.append(str(text) if name in ("words", "kind") else f"{name}={text}")
    return " ".join(parts)


def as_json_row(row: ListingRow) -> dict[str, Any]:
    """Return a listing with stable keys."""
    return {
        "account": row.account,
        "handle": row.handle,
        "title": row.title,
        "state": row.state,
        "wanted": row.wanted,
        "chip": say(row.chip),
        "synced": row.synced,
        "due": [part.name.lower() for part in row.due if part.name],
        "due_at": row.due_at if row.due else None,
        "remote_id": row.remote_id,
        "currency": row.currency,
        "quantity": row.quantity,
        "offers": [
            {
                "sku": one.sku,
                "remote_id": one.remote_id,
                "price": one.price,
                "stock": one.quantity,
                "certain": one.certain,
                "problem": say(one.problem.words) if one.problem else None,
                "cannot_stop_until": one.cannot_stop_until,
            }
            for one in row.offers
        ],
        "problem": None
        if row.problem is None
        else {"code": row.problem.code, "message": say(row.problem.words), "remedy": say(row.problem.remedy)},
        "held": row.held,
        "acknowledged_at": row.acknowledged_at,
        "verified_at": row.verified_at,
    }
