"""``syncer retry``: try work again that waits for a person."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import UsageProblem, command, single
from syncer.cli.texts import both, many
from syncer.domain.words import SyncerError, Words

app = single()


@command(
    app,
    "retry",
    "Coba lagi produk yang tertahan.",
    "Try products again that are held for a person.",
    examples=['syncer retry SRP-BTK-001 --account "Toko Orange"', 'syncer retry --all --account "Toko Orange"'],
)
def retry(
    refs: list[str] | None = typer.Argument(None, metavar="REF", help=both("Produk atau SKU.", "Products or SKUs.")),
    account: str = typer.Option(..., "--account", metavar="NAME", help=both("Nama akun toko.", "The shop's account.")),
    everything: bool = typer.Option(
        False, "--all", help=both("Semua yang tertahan di sana.", "All that are held there.")
    ),
) -> None:
    """Retry."""
    if bool(refs) == everything:
        raise UsageProblem(
            Words("Tulis produknya, atau --all untuk semua yang tertahan.", "Name the products, or give --all.")
        )
    desk = open_desk()
    desk.logs()
    from syncer.catalogue.read import find_product
    from syncer.channels.listings import listing_rows
    from syncer.channels.records import get_account
    from syncer.sync.answers import retry as do

    with desk.write() as connection:
        there = get_account(connection, account)
        if everything:
            stuck = listing_rows(connection, account_id=there.id, states=("fix", "parked", "gone", "blocked"))
            ids = [row.product_id for row in stuck]
        else:
            ids = [find_product(connection, ref) for ref in refs or []]
        count = sum(do(connection, there.id, one, now=desk.now) for one in ids)
        if refs and count < len(ids):
            raise SyncerError(
                Words(
                    "Produk itu tidak terbit di sana, atau sedang dikirim. Lihat `syncer listings`.",
                    "That product is not published there, or is being sent right now. See `syncer listings`.",
                )
            )
    out.done(Words(f"{count} produk dicoba lagi.", f"Tried again: {many(count, 'listing')}."))
    from syncer.cli.products import say_next

    say_next(desk)
