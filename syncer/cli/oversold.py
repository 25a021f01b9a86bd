"""``syncer orders oversold``: more was sold than there is; both orders, the cost of each way out, the messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, command, group
from syncer.cli.orders import app as orders_app
from syncer.cli.texts import both, many, say, word
from syncer.domain.money import format_money
from syncer.domain.words import SyncerError, Words

if TYPE_CHECKING:
    from syncer.orders.desk import Case, Claim

app = group("Meja kelebihan jual.", "The oversell desk: more was sold than there is.", alone=True)
orders_app.add_typer(app, name="oversold")

WHICH = typer.Argument(metavar="ID", help=both("Nomornya, atau SKU.", "Its number, or the SKU."))


@app.callback()
def oversold(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the open oversells; those that are none any more are closed first."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from syncer.orders.desk import open_cases
    from syncer.orders.oversell import recheck

    with desk.write() as connection:
        recheck(connection, now=desk.now)
        cases = open_cases(connection, costs=_costs(desk), now=desk.now)
    if as_json:
        out.print_json([_as_json(one) for one in cases])
        return
    if not cases:
        out.done(Words("Tidak ada yang terjual melebihi stok.", "Nothing is oversold."))
        return
    out.table(
        [
            "ID",
            "SKU",
            Words("JUDUL", "TITLE"),
            Words("KURANG", "SHORT"),
            Words("SEJAK", "SINCE"),
            Words("PESANAN", "ORDERS"),
        ],
        [
            [
                one.id,
                one.sku,
                one.title,
                one.short,
                out.moment(one.flagged_at),
                ", ".join(claim.order for claim in one.claims),
            ]
            for one in cases
        ],
        right=(3,),
    )
    out.hint(Words("Lihat satu: syncer orders oversold show ID", "See one: syncer orders oversold show ID"))


@command(
    app,
    "show",
    "Tunjukkan semua pesanannya, biaya membatalkan tiap pesanan, dan pesan untuk pembelinya.",
    "Show its orders, what calling each off costs, and the messages to the buyers.",
)
def show(which: str = WHICH, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show an oversell."""
    desk = open_desk()
    from syncer.orders.desk import open_cases

    with desk.read() as connection:
        cases = open_cases(connection, costs=_costs(desk), now=desk.now, which=which)
    if as_json:
        out.print_json([_as_json(one) for one in cases])
        return
    for case in cases:
        out.line(
            word(
                f"{case.sku} {case.title}: kurang {case.short}.",
                f"{case.sku} {case.title}: {case.short} short.",
            )
        )
        for claim in case.claims:
            _draw(claim, desk)
    out.hint(
        Words(
            "Setelah dibereskan: syncer orders oversold settle ID. Sudah dibuat lagi? syncer stock add SKU N",
            "When it is dealt with: syncer orders oversold settle ID. Made another one? syncer stock add SKU N",
        )
    )


def _draw(claim: Claim, desk: Desk) -> None:
    newest = word(" (pesanan terakhir)", " (the last one placed)") if claim.newest else ""
    if claim.tied:
        newest = word(" (pada detik yang sama)", " (in the same second)")
    out.line("")
    out.line(out.clean(f"● {claim.order} · {claim.account} · {claim.status}{newest}"))
    age = out.age((desk.now - claim.created_at).total_seconds())
    value = "-" if claim.value is None else format_money(claim.value, claim.currency)
    pieces = claim.held or claim.gone
    out.line(
        word(
            f"  {pieces} barang, nilai {value}; dipesan {age} lalu.",
            f"  {many(pieces, 'piece')} worth {value}; placed {age} ago.",
        )
    )
    if claim.asked:
        out.line(
            word(
                f"  {claim.asked} di antaranya mungkin kembali; jawab dulu: syncer orders inbox",
                f"  {claim.asked} of them may come back; answer that first: syncer orders inbox",
            )
        )
    if claim.ship_by is not None:
        out.line(word("  Dikirim sebelum ", "  To be sent by ") + out.moment(claim.ship_by))
    out.line("  " + word("Bila dibatalkan: ", "If called off: ") + out.clean(say(claim.cost)))
    if claim.message:
        out.line("  " + word("Pesan untuk pembeli, bila dibatalkan:", "To the buyer, if called off:"))
        out.line(f"    {out.clean(claim.message)}")
    if claim.kept_message:
        out.line("  " + word("Pesan untuk pembeli, bila tetap dikirim:", "To the buyer, if kept:"))
        out.line(f"    {out.clean(claim.kept_message)}")


@command(
    app,
    "settle",
    "Tandai sudah dibereskan: muncul lagi hanya bila kurangnya bertambah.",
    "Mark it as dealt with: it comes back only if still more is sold.",
)
def settle(
    which: str = WHICH,
    note: str = typer.Option("", "--note", metavar="TEXT", help=both("Apa yang dilakukan.", "What was done.")),
) -> None:
    """Settle an oversell."""
    desk = open_desk()
    from syncer.orders.desk import settle as do

    with desk.write() as connection:
        do(connection, which, note=note, actor=desk.actor, now=desk.now)
    out.done(Words("Sudah ditandai.", "Marked."))


def _costs(desk: Desk) -> Mapping[str, Words]:
    """Return what calling an order off costs, by connector, where it is known."""
    from syncer.channels.connectors import connector_class
    from syncer.channels.records import load_accounts

    with desk.read() as connection:
        names = {one.connector for one in load_accounts(connection)}
    found: dict[str, Words] = {}
    for name in sorted(names):
        try:
            facts = connector_class(name, allowed=desk.connectors).info.orders
        except SyncerError:
            continue
        if facts is not None and facts.cancel_cost is not None:
            found[name] = facts.cancel_cost
    return found


def _as_json(one: Case) -> dict[str, Any]:
    return {
        "id": one.id,
        "sku": one.sku,
        "title": one.title,
        "short": one.short,
        "flagged_at": one.flagged_at,
        "state": one.state,
        "orders": [
            {
                "id": claim.order_id,
                "order": claim.order,
                "account": claim.account,
                "status": claim.status,
                "held": claim.held,
                "gone": claim.gone,
                "value": claim.value,
                "total": claim.total,
                "currency": claim.currency,
                "created_at": claim.created_at,
                "ship_by": claim.ship_by,
                "newest": claim.newest,
                "same_second": claim.tied,
                "asked": claim.asked,
                "cost": claim.cost,
                "message": claim.message,
                "kept_message": claim.kept_message,
            }
            for claim in one.claims
        ],
    }
