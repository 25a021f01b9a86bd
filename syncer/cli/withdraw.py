"""``syncer withdraw``: take a product off a shop."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import UsageProblem, command, single
from syncer.cli.texts import both
from syncer.domain.words import SyncerError, Words

app = single()


@command(
    app,
    "withdraw",
    "Tarik produk dari sebuah toko.",
    "Take products off a shop.",
    examples=['syncer withdraw SRP-BTK-001 --account "Toko Orange"', "syncer withdraw SRP-BTK-001 --everywhere"],
)
def withdraw(
    refs: list[str] = typer.Argument(metavar="REF", help=both("Produk atau SKU.", "Products or SKUs.")),
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Nama akun toko.", "The shop's account.")
    ),
    everywhere: bool = typer.Option(False, "--everywhere", help=both("Dari semua toko.", "From every shop.")),
    for_good: bool = typer.Option(
        False,
        "--delete",
        help=both("Hapus di sana, bukan hanya sembunyikan.", "Delete it there instead of hiding it."),
    ),
) -> None:
    """Withdraw products."""
    if (account is None) != everywhere:
        raise UsageProblem(Words("Tulis --account NAMA, atau --everywhere.", "Give --account NAME, or --everywhere."))
    desk = open_desk()
    from syncer.catalogue.read import find_product
    from syncer.channels.publishing import new_cause, withdraw_everywhere
    from syncer.channels.publishing import withdraw as do
    from syncer.channels.records import get_account

    with desk.write() as connection:
        ids = [find_product(connection, ref) for ref in refs]
        cause = new_cause(connection, "withdraw", note=", ".join(refs)[:200], actor=desk.actor, now=desk.now)
        if account is None:
            counts = [
                withdraw_everywhere(connection, one, now=desk.now, cause_id=cause, delete=for_good) for one in ids
            ]
        else:
            there = get_account(connection, account)
            counts = [int(do(connection, there, one, now=desk.now, cause_id=cause, delete=for_good)) for one in ids]
        absent = [ref for ref, count in zip(refs, counts, strict=True) if not count]
        if len(absent) == len(refs):
            listed = ", ".join(refs)
            raise SyncerError(
                Words(
                    f"{listed} tidak sedang terbit di sana. Lihat `syncer listings`.",
                    f"{listed} is not published there. See `syncer listings`.",
                )
            )
    out.done(Words(f"Ditarik: {sum(counts)}.", f"Being withdrawn: {sum(counts)}."))
    for ref in absent:
        out.warn(Words(f"{ref} tidak terbit di sana.", f"{ref} is not published there."))
    from syncer.cli.products import say_next

    say_next(desk)
