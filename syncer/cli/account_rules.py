"""``syncer account set``: the rules of a shop. What a rule touches is sent anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.account import NAME, app, read_rate, say_rate_day
from syncer.cli.desk import open_desk
from syncer.cli.kit import UsageProblem, command
from syncer.cli.reading import decimal, pair, whole
from syncer.cli.texts import both
from syncer.domain.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.channels.account_settings import Changed
    from syncer.channels.records import Account

Step = Callable[["Connection", "Account"], "Changed"]


@command(
    app,
    "set",
    "Atur harga, stok yang tampil, dan isi tetap sebuah toko.",
    "Set a shop's price rule, the stock it shows, and its defaults.",
    examples=[
        'syncer account set "Toko Orange" --markup 8 --round-to 1000 --ending 900',
        'syncer account set "Toko Orange" --buffer 1 --owner price=theirs',
    ],
)
def set_rules(
    name: str = NAME,
    markup: str | None = typer.Option(
        None, "--markup", metavar="PCT", help=both("Markup, persen.", "Markup, percent.")
    ),
    fee: str | None = typer.Option(None, "--fee", metavar="N", help=both("Biaya tetap per barang.", "A fixed fee.")),
    round_to: str | None = typer.Option(
        None, "--round-to", metavar="N", help=both("Bulatkan ke atas: 100, 500, 1000.", "Round up to 100, 500, 1000.")
    ),
    ending: str | None = typer.Option(
        None, "--ending", metavar="N", help=both("Akhiran harga, misalnya 900.", "How prices end, such as 900.")
    ),
    tax_percent: str | None = typer.Option(
        None, "--add-tax", metavar="PCT", help=both("Tambah pajak; 0: sudah termasuk.", "Add tax; 0: it is included.")
    ),
    rate: str | None = typer.Option(None, "--rate", metavar="N", help=both("Kurs.", "The exchange rate.")),
    rate_day: str | None = typer.Option(None, "--rate-day", metavar="DAY", help=both("Tanggal kurs.", "Its day.")),
    buffer: str | None = typer.Option(
        None, "--buffer", metavar="N", help=both("Simpan N sebagai cadangan.", "Keep N pieces back.")
    ),
    cap: str | None = typer.Option(
        None, "--cap", metavar="N", help=both("Tampilkan paling banyak N; none: tanpa batas.", "Show at most N; none.")
    ),
    priority: str | None = typer.Option(
        None, "--priority", metavar="N", help=both("Urutan mendapat karya tunggal.", "Order for single pieces.")
    ),
    location: str | None = typer.Option(
        None, "--location", metavar="CODE", help=both("Jual dari lokasi ini saja; all: semua.", "Sell from it only.")
    ),
    owner: list[str] = typer.Option(
        [], "--owner", metavar="FIELD=WHO", help=both("ours, theirs atau ask.", "Whose word counts: ours, theirs, ask.")
    ),
    setting: list[str] = typer.Option(
        [], "--setting", metavar="KEY=VALUE", help=both("Isi tetap tiap produk.", "A value for every listing.")
    ),
    weight: list[str] = typer.Option(
        [],
        "--default-weight",
        metavar="CATEGORY=G",
        help=both("Berat (gram) bila tak diketahui; * semua.", "Weight in grams where unknown; * is all; none."),
    ),
    time_zone: str | None = typer.Option(None, "--time-zone", metavar="ZONE", help=both("Zona waktu.", "Time zone.")),
    brake: list[str] = typer.Option(
        [],
        "--brake",
        metavar="KEY=N",
        help=both("Batas tanya: share, count.", "When many changes wait for a person: share, count."),
    ),
) -> None:
    """Change what is given, leave the rest."""
    desk = open_desk()
    steps: list[Step] = []
    steps += _price_steps(desk, markup, fee, round_to, ending, tax_percent)
    if rate is not None:
        steps.append(_rate_step(desk, rate, rate_day))
    elif rate_day is not None:
        raise UsageProblem(Words("--rate-day perlu --rate juga.", "--rate-day needs --rate as well."))
    steps += _stock_steps(desk, buffer, cap, location)
    if priority is not None:
        first = whole(priority, Words("Urutan", "The order"))
        steps.append(lambda c, a: _module().set_priority(c, a, first))
    steps += [_owner_step(desk, text) for text in owner]
    steps += [_setting_step(desk, text) for text in setting]
    steps += [_weight_step(desk, text) for text in weight]
    if time_zone is not None:
        steps.append(lambda c, a: _module().set_time_zone(c, a, time_zone))
    if brake:
        steps.append(lambda c, a: _module().set_brake(c, a, _brake(brake)))
    if not steps:
        raise UsageProblem(
            Words(
                "Tulis apa yang diatur, misalnya --markup. Lihat `syncer account set --help`.",
                "Write what to set, such as --markup. See `syncer account set --help`.",
            )
        )
    from syncer.channels.records import get_account

    marked = 0
    with desk.write() as connection:
        account = get_account(connection, name)
        for step in steps:
            changed = step(connection, account)
            account, marked = changed.account, max(marked, changed.marked)
    out.done(
        Words(
            f"{account.name}: tersimpan, {marked} produk diperiksa ulang.",
            f"{account.name}: saved, {marked} listings are looked at again.",
        )
    )
    from syncer.cli.products import say_next

    say_next(desk)


def _module() -> Any:
    from syncer.channels import account_settings

    return account_settings


def _rate_step(desk: Any, rate: str, rate_day: str | None) -> Step:
    def step(connection: Connection, account: Account) -> Changed:
        money = account.currency
        if money == account.catalogue_currency:
            raise UsageProblem(
                Words(
                    f"{account.name} menjual dalam {money}, sama dengan katalog: tanpa kurs. Pakai --markup.",
                    f"{account.name} sells in {money} as the catalogue does: it takes no rate. Use --markup.",
                )
            )
        new = read_rate(rate, rate_day)
        done: Changed = _module().set_rate(connection, account, new, now=desk.now, actor=desk.actor)
        if rate_day is None:
            say_rate_day(new)
        return done

    return step


def _price_steps(
    desk: Any, markup: str | None, fee: str | None, round_to: str | None, ending: str | None, tax: str | None
) -> list[Step]:
    steps: list[Step] = []
    if any(value is not None for value in (markup, fee, round_to, ending)):

        def rule(connection: Connection, account: Account) -> Changed:
            from dataclasses import replace

            new = account.price_rule
            if markup is not None:
                new = replace(new, markup_percent=decimal(markup, Words("Markup", "The markup")))
            if fee is not None:
                new = replace(new, fixed_fee=decimal(fee, Words("Biaya", "The fee")))
            if round_to is not None:
                new = replace(new, round_to=whole(round_to, Words("Pembulatan", "The rounding")))
            if ending is not None:
                end = None if ending.lower() == "none" else whole(ending, Words("Akhiran", "The ending"))
                new = replace(new, ending=end)
            done: Changed = _module().set_rule(connection, account, new, now=desk.now, actor=desk.actor)
            return done

        steps.append(rule)
    if tax is not None:
        percent = decimal(tax, Words("Pajak", "The tax"))
        steps.append(
            lambda c, a: _module().set_tax(c, a, included=percent == 0, percent=percent, now=desk.now, actor=desk.actor)
        )
    return steps


def _stock_steps(desk: Any, buffer: str | None, cap: str | None, location: str | None) -> list[Step]:
    steps: list[Step] = []
    if buffer is not None or cap is not None:

        def allocate(connection: Connection, account: Account) -> Changed:
            from syncer.domain.stock import Allocation

            keep, most = account.allocation.buffer, account.allocation.cap
            if buffer is not None:
                keep = whole(buffer, Words("Cadangan", "The buffer"))
            if cap is not None:
                most = None if cap.lower() == "none" else whole(cap, Words("Batas", "The cap"))
            done: Changed = _module().set_allocation(
                connection, account, Allocation(keep, most), now=desk.now, actor=desk.actor
            )
            return done

        steps.append(allocate)
    if location is not None:
        code = None if location.lower() == "all" else location
        steps.append(lambda c, a: _module().set_location(c, a, code, now=desk.now, actor=desk.actor))
    return steps


def _owner_step(desk: Any, text: str) -> Step:
    field, who = pair(text, "price=theirs")
    if who not in ("ours", "theirs", "ask"):
        raise UsageProblem(
            Words("Pemilik isian: ours, theirs atau ask.", "The owner of a field is one of: ours, theirs, ask.")
        )

    def step(connection: Connection, account: Account) -> Changed:
        from syncer.channels.records import Owner

        done: Changed = _module().set_owner(connection, account, field, Owner(who), now=desk.now, actor=desk.actor)
        return done

    return step


def _setting_step(desk: Any, text: str) -> Step:
    import json

    key, value = pair(text, "logistics=[8003]")
    try:
        parsed = json.loads(value) if value else None
    except ValueError:
        parsed = value
    return lambda c, a: _module().set_listing_settings(c, a, {key: parsed}, now=desk.now, actor=desk.actor)


def _weight_step(desk: Any, text: str) -> Step:
    category, grams = pair(text, "batik-tulis=400")
    number = None if grams.lower() == "none" else whole(grams, Words("Berat", "The weight"))

    def step(connection: Connection, account: Account) -> Changed:
        from syncer.channels.records import Package

        done: Changed = _module().set_package_default(
            connection, account, category, Package(number), now=desk.now, actor=desk.actor
        )
        return done

    return step


def _brake(texts: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in texts:
        key, value = pair(text, "count=20")
        number = decimal(value, Words("Batas", "The limit"))
        values[key] = int(number) if key == "count" else float(number)
    return values
