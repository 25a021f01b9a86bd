"""``syncer stock audit``: is the stock true, and why does a shop show another number?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, command
from syncer.cli.stock import app
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.sync.stock_audit import Audited, StockAudit

#: So many unknown numbers are named.
_NAMED = 10


@command(
    app,
    "audit",
    "Hitung ulang semua stok dari bukunya, dan jelaskan setiap angka toko yang berbeda.",
    "Recompute all stock from its ledger, and say what explains each number that differs in a shop.",
)
def audit(
    skus: list[str] = typer.Argument(None, metavar="SKU", help=both("Hanya SKU ini.", "These SKUs only.")),
    everything: bool = typer.Option(False, "--all", help=both("Juga yang sama.", "Those that agree as well.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Audit the stock."""
    desk = open_desk()
    from syncer.sync.stock_audit import audit_stock

    with desk.read() as connection:
        found = audit_stock(connection, skus=skus or (), now=desk.now)
    shown = [one for one in found.variants if everything or one.differs]
    if as_json:
        out.print_json(_as_json(found, shown))
    else:
        _draw(found, shown)
        _say_looked(found, desk.now)
    if found.mismatches or found.unsettled:
        raise typer.Exit(PARTLY)


def _draw(found: StockAudit, shown: list[Audited]) -> None:
    for wrong in found.mismatches:
        out.warn(
            Words(
                f"{wrong.sku} di {wrong.location}: tercatat {wrong.on_hand} (dijanjikan {wrong.held}), menurut bukunya "
                f"{wrong.ledger} ({wrong.held_ledger}).",
                f"{wrong.sku} at {wrong.location}: it says {wrong.on_hand} ({wrong.held} held), its ledger says "
                f"{wrong.ledger} ({wrong.held_ledger}).",
            )
        )
    for one in shown:
        out.line(
            out.clean(
                word(
                    f"{one.sku}: ada {one.on_hand}, dijanjikan {one.held}, bebas {one.free}",
                    f"{one.sku}: {one.on_hand} on hand, {one.held} held, {one.free} free",
                )
            )
        )
        for shop in one.shops:
            number = "?" if shop.shown is None else str(shop.shown)
            why = " ".join(say(reason.words) for reason in shop.reasons)
            out.line(out.clean(f"  {shop.account}: {number}" + (f" · {why}" if why else "")))
    _conclude(found)
    if found.missing:
        out.warn(
            Words(
                f"{found.missing} angka toko lebih besar dari yang ada; yang terjual di sana mungkin tidak ada.",
                f"{found.missing} numbers in shops are higher than what there is: what sells there may not exist.",
            )
        )
    if found.unexplained:
        out.warn(
            Words(
                f"{found.unexplained} angka toko tidak bisa dijelaskan. Periksa: syncer drift --look",
                f"{many(found.unexplained, 'number')} in shops not explained. Look: syncer drift --look",
            )
        )


def _conclude(found: StockAudit) -> None:
    """Say what the recount found; a tick only where nothing is left to look at."""
    if found.mismatches:
        return
    if not found.unsettled and not found.unknown and not found.on_their_way:
        out.done(
            Words(
                f"{len(found.variants)} SKU dihitung ulang dari bukunya; semuanya cocok.",
                f"{many(len(found.variants), 'SKU')} recomputed from the ledger; all agree.",
            )
        )
        return
    left = [
        (found.unsettled, word("angka toko perlu dilihat", "in shops to look at")),
        (len(found.unknown), word("belum diketahui", "not known")),
        (found.on_their_way, word("masih dikirim", "still on their way")),
    ]
    rest = ", ".join(f"{count} {what}" for count, what in left if count)
    out.line(
        word(
            f"{len(found.variants)} SKU cocok dengan bukunya, tetapi: {rest}.",
            f"{many(len(found.variants), 'SKU')}: the ledger agrees, but of the numbers: {rest}.",
        )
    )
    if found.unknown:
        out.line(out.clean(word("Belum diketahui: ", "Not known: ") + _named(found.unknown)))


def _named(unknown: Sequence[tuple[str, str]]) -> str:
    named = ", ".join(f"{sku} ({shop})" for sku, shop in unknown[:_NAMED])
    more = len(unknown) - _NAMED
    return named + (word(f" … dan {more} lagi", f" … and {more} more") if more > 0 else "")


def _say_looked(found: StockAudit, now: dt.datetime) -> None:
    """Say how old what we know of each shop is."""
    for one in found.looked:
        walked = word("belum pernah", "never") if one.walked_at is None else _ago(one.walked_at, now)
        oldest = word("belum pernah dilihat", "never seen") if one.oldest_at is None else _ago(one.oldest_at, now)
        out.line(
            out.clean(
                word(
                    f"{one.account}: seluruh tokonya terakhir dilihat: {walked}; angka tertua di sini: {oldest}.",
                    f"{one.account}: the whole shop last looked at: {walked}; the oldest number here: {oldest}.",
                )
            )
        )


def _ago(moment: dt.datetime, now: dt.datetime) -> str:
    age = out.age(max((now - moment).total_seconds(), 0.0))
    return word(f"{age} lalu", f"{age} ago")


def _as_json(found: StockAudit, shown: list[Audited]) -> dict[str, Any]:
    return {
        "mismatches": [one._asdict() for one in found.mismatches],
        "unexplained": found.unexplained,
        "missing": found.missing,
        "unsettled": found.unsettled,
        "unknown": [{"sku": sku, "account": shop} for sku, shop in found.unknown],
        "on_their_way": found.on_their_way,
        "looked": [one._asdict() for one in found.looked],
        "variants": [
            {
                "sku": one.sku,
                "title": one.title,
                "on_hand": one.on_hand,
                "held": one.held,
                "free": one.free,
                "levels": {code: {"on_hand": level.on_hand, "held": level.held} for code, level in one.levels.items()},
                "shops": [
                    {
                        "account": shop.account,
                        "shown": shop.shown,
                        "should": shop.should,
                        "explained": shop.explained,
                        "sells_missing": shop.sells_missing,
                        "hidden": shop.hidden,
                        "reasons": [{"code": reason.code, "words": reason.words} for reason in shop.reasons],
                    }
                    for shop in one.shops
                ],
            }
            for one in shown
        ],
    }
