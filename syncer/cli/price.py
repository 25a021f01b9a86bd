"""``syncer price``: what things cost, here and on each shop."""

from __future__ import annotations

from decimal import Decimal

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, NumberCommand, UsageProblem, command, group
from syncer.cli.texts import both
from syncer.domain.words import Words

app = group("Lihat dan ubah harga.", "Look at prices and set them.", alone=True)

SKU = typer.Argument(metavar="SKU", help=both("SKU varian.", "The variant's SKU."))
ACCOUNT = typer.Option(
    None,
    "--account",
    metavar="NAME",
    help=both("Harga khusus di toko ini saja.", "A price for this shop only, instead of its rule."),
)


@app.callback()
def price(
    ctx: typer.Context,
    search: str = typer.Option("", "--search", metavar="TEXT", help=both("Cari di SKU dan judul.", "Search.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List base prices, and what each shop makes of them."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from sqlalchemy import and_, or_, select

    from syncer.channels.pricing import channel_price, override_prices
    from syncer.channels.records import load_accounts
    from syncer.domain.money import format_money
    from syncer.domain.text import search_text
    from syncer.store.tables import product, variant

    query = (
        select(variant.c.id, variant.c.sku, variant.c.price, product.c.title)
        .join(product, product.c.id == variant.c.product_id)
        .where(and_(variant.c.retired_at.is_(None), product.c.status != "archived"))
        .order_by(product.c.handle, variant.c.position, variant.c.id)
    )
    if search:
        search = search_text(search)
        query = query.where(
            or_(variant.c.sku.icontains(search, autoescape=True), product.c.title.icontains(search, autoescape=True))
        )
    with desk.read() as connection:
        rows = connection.execute(query).all()
        accounts = load_accounts(connection)
        set_prices = {one.id: override_prices(connection, one.id, [row.id for row in rows]) for one in accounts}
    currency = accounts[0].catalogue_currency if accounts else desk.settings.catalogue_currency
    shown: list[tuple[str, str, Decimal, dict[str, tuple[Decimal, str]]]] = [
        (
            row.sku,
            row.title,
            row.price,
            {
                one.name: (channel_price(one, row.price, set_prices[one.id].get(row.id)), one.currency)
                for one in accounts
            },
        )
        for row in rows
    ]
    if as_json:
        out.print_json(
            [
                {
                    "sku": sku,
                    "title": title,
                    "price": base,
                    "currency": currency,
                    "accounts": {name: {"price": amount, "currency": money} for name, (amount, money) in there.items()},
                }
                for sku, title, base, there in shown
            ]
        )
        return
    out.table(
        ["SKU", Words("JUDUL", "TITLE"), Words("HARGA", "PRICE"), *(one.name for one in accounts)],
        [
            [sku, title, format_money(base, currency), *(format_money(*there[one.name]) for one in accounts)]
            for sku, title, base, there in shown
        ],
        right=range(2, 3 + len(accounts)),
    )


@command(
    app,
    "set",
    "Ubah harga dasar sebuah SKU, atau harganya di satu toko.",
    "Set the base price of a SKU, or its price on one shop.",
    cls=NumberCommand,
    examples=[
        "syncer price set SRP-BTK-003-BTU 195000",
        'syncer price set SRP-BTK-003-BTU 199000 --account "Toko Orange"',
    ],
)
def set_price(
    sku: str = SKU,
    n: str = typer.Argument(metavar="N", help=both("Harga, misalnya 185000.", "The price, such as 185000.")),
    account: str | None = ACCOUNT,
) -> None:
    """Set a price."""
    desk = open_desk()
    if account is not None:
        _set_here(sku, n, account)
        return
    from syncer.catalogue.edit import new_cause
    from syncer.catalogue.edit import set_price as save
    from syncer.channels.records import catalogue_currency
    from syncer.domain.money import format_money

    with desk.write() as connection:
        currency = catalogue_currency(connection)
        amount = _amount(n, currency)
        cause = new_cause(connection, "price", sku, desk.actor, desk.now)
        saved = save(connection, sku, amount, now=desk.now, cause_id=cause)
    shown = format_money(amount, currency)
    if saved.changed:
        out.done(Words(f"{sku}: sekarang {shown}.", f"{sku}: {shown} now."))
    else:
        out.done(Words(f"{sku}: sudah {shown}, tidak berubah.", f"{sku}: it is {shown} already, nothing changed."))
    from syncer.cli.products import say_next

    say_next(desk)


def _amount(text: str, currency: str) -> Decimal:
    """Return the price that was typed. Raises UsageProblem."""
    from syncer.domain.money import BadAmount, parse_price

    try:
        return parse_price(text, currency)
    except BadAmount as error:
        raise UsageProblem(error.words) from None


def _set_here(sku: str, n: str, name: str) -> None:
    desk = open_desk()
    from syncer.channels.pricing import set_override
    from syncer.channels.records import get_account
    from syncer.domain.money import format_money
    from syncer.store.skus import find_variant

    with desk.write() as connection:
        account = get_account(connection, name)
        found = find_variant(connection, sku)
        amount = _amount(n, account.currency)
        kept = set_override(connection, account, found.id, amount, now=desk.now, actor=desk.actor)
    shown = format_money(kept, account.currency)
    out.done(Words(f"{sku}: {shown} di {account.name}.", f"{sku}: {shown} on {account.name}."))
    from syncer.cli.products import say_next

    say_next(desk)


@command(
    app,
    "clear",
    "Hapus harga khusus di satu toko; aturannya berlaku lagi.",
    "Remove a shop's own price; its rule counts again.",
)
def clear(
    sku: str = SKU,
    account: str = typer.Option(..., "--account", metavar="NAME", help=both("Nama akun toko.", "The shop's account.")),
) -> None:
    """Clear an override."""
    desk = open_desk()
    from syncer.channels.pricing import clear_override
    from syncer.channels.records import get_account
    from syncer.store.skus import find_variant

    with desk.write() as connection:
        there = get_account(connection, account)
        found = find_variant(connection, sku)
        cleared = clear_override(connection, there, found.id, now=desk.now)
    if cleared:
        out.done(Words(f"{sku}: aturan harga {there.name} berlaku lagi.", f"{sku}: the rule of {there.name} counts."))
    else:
        out.done(Words(f"{sku}: tidak punya harga khusus di sana.", f"{sku}: it has no price of its own there."))
