"""``syncer account``: the shops, their sign-in and their life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, Command, command, group
from syncer.cli.texts import both, say, word
from syncer.domain.words import SyncerError, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncer.channels.joining import Added
    from syncer.channels.lifecycle import Left
    from syncer.channels.records import Account

app = group("Sambungkan toko dan atur.", "Connect shops and look after them.")

NAME = typer.Argument(metavar="NAME", help=both("Nama akun toko.", "The shop's account."))
OPTIONS = typer.Option(
    None,
    "--options",
    metavar="FILE",
    help=both(
        "Berkas JSON berisi pilihan; - membaca dari masukan.", "A JSON file with the options; - reads standard input."
    ),
)
REDIRECT = typer.Option(
    None,
    "--redirect",
    metavar="URL",
    help=both(
        "Alamat kembali yang terdaftar di platform; lalu tempel alamat akhirnya.",
        "The return address registered with the platform; you then paste the address you end on.",
    ),
)
ANSWER = typer.Option(
    None,
    "--answer",
    metavar="URL",
    help=both(
        "Alamat tempat peramban berakhir, bila izin diminta tanpa terminal.",
        "The address that the browser ended on, if the sign-in was begun without a terminal.",
    ),
)


class _AddCommand(Command):
    """``account add``: its help also shows the options of the connector that stands on the command line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember the connector, for the help."""
        ctx.meta["connector"] = next((one for one in args if not one.startswith("-")), None)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, then the connector's options."""
        super().format_help(ctx, formatter)
        from syncer.cli.account_options import print_options

        print_options(ctx.meta.get("connector"))


@command(
    app,
    "add",
    "Tambah toko: izinnya dicoba dulu, baru disimpan.",
    "Add a shop: its sign-in is tried first, then kept.",
    cls=_AddCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    examples=[
        'syncer account add shopee --name "Toko Orange" --options shopee.json',
        "syncer account add shopee --help",
    ],
)
def add(
    ctx: typer.Context,
    connector: str = typer.Argument(
        metavar="CONNECTOR", help=both("Jenis toko; lihat `syncer connectors`.", "Its kind; see `syncer connectors`.")
    ),
    name: str = typer.Option(..., "--name", metavar="NAME", help=both("Nama untuk toko ini.", "A name for the shop.")),
    options: str | None = OPTIONS,
    currency: str = typer.Option(
        "", "--currency", metavar="IDR", help=both("Mata uang toko.", "The shop's currency, if it does not say.")
    ),
    rate: str | None = typer.Option(
        None, "--rate", metavar="N", help=both("Kurs dari mata uang katalog.", "Exchange rate from the catalogue's.")
    ),
    rate_day: str | None = typer.Option(
        None, "--rate-day", metavar="DAY", help=both("Tanggal kurs itu, 2026-01-31.", "The day of that rate.")
    ),
    redirect: str | None = REDIRECT,
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Add an account."""
    desk = open_desk()
    from syncer.channels.account_settings import Settings
    from syncer.channels.joining import add_account
    from syncer.cli.account_options import gather, not_kept
    from syncer.cli.desk import keep_currency
    from syncer.sdk.errors import ConnectorError

    values = gather(connector, options, ctx.args, desk.connectors)
    keep_currency(desk.engine, desk.settings.catalogue_currency)
    settings = Settings(currency=currency.upper(), rate=read_rate(rate, rate_day))
    try:
        added = add_account(
            desk.engine,
            desk.keys,
            connector=connector,
            name=name,
            options=values,
            settings=settings,
            now=desk.now,
            **desk.for_shops(),
        )
    except ConnectorError as error:
        raise SyncerError(not_kept(error)) from error
    if added.account.state == "sign_in_needed":
        from syncer.cli.consent import sign_in

        added = sign_in(desk, added, redirect)
    _say_added(added, as_json)


def read_rate(rate: str | None, rate_day: str | None) -> Any:
    """Return the dated exchange rate that two options give, or ``None``."""
    if rate is None:
        return None
    import datetime as dt

    from syncer.cli.reading import day, decimal
    from syncer.domain.pricing import Rate

    at = day(rate_day) if rate_day else dt.datetime.now(dt.UTC).date()
    return Rate(decimal(rate, Words("Kurs", "The rate")), at)


def say_rate_day(rate: Any) -> None:
    """Say which day was taken for a rate that was given without one."""
    out.line(
        word(
            f"Kurs dicatat untuk hari ini, {rate.day}. Untuk hari lain: --rate-day {rate.day}.",
            f"The rate is taken as of today, {rate.day}. For another day: --rate-day {rate.day}.",
        )
    )


@app.command("list", cls=Command, help=both("Daftar toko.", "List the shops."))
def list_accounts(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the accounts."""
    desk = open_desk()
    from syncer.channels.records import load_accounts

    with desk.read() as connection:
        accounts = load_accounts(connection)
    if as_json:
        out.print_json([_as_json(one) for one in accounts])
        return
    if not accounts:
        out.hint(
            Words(
                "Belum ada toko. Tambahkan dengan: syncer account add shopee --help",
                "There are no shops yet. Add one with: syncer account add shopee --help",
            )
        )
        return
    out.table(
        [Words("NAMA", "NAME"), Words("JENIS", "KIND"), Words("TOKO", "SHOP"), Words("KEADAAN", "STATE")],
        [[one.name, one.connector, one.shop_name, say(state_words(one.state, one.mode))] for one in accounts],
    )


@command(app, "show", "Tunjukkan satu toko dengan semua aturannya.", "Show one shop with all its rules.")
def show(name: str = NAME, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show an account."""
    found = _as_json(open_desk().account(name))
    if as_json:
        out.print_json(found)
        return
    for key, value in found.items():
        out.line(f"{key}: {out.clean(out.plain(value))}")


@command(app, "check", "Coba izin toko sekarang.", "Try the shop's sign-in now.")
def check(name: str = NAME) -> None:
    """Check an account."""
    desk = open_desk()
    from syncer.channels.joining import check_account
    from syncer.sync.beside import open_beside

    account = desk.account(name)
    there = open_beside(desk.deps(), account)
    with out.Progress(Words("Menanyai toko", "Asking the shop")):
        checked = there.patiently(
            lambda: check_account(desk.engine, desk.keys, account, now=desk.now, gate=there.gate, **desk.for_shops())
        )
    shop = checked.identity.shop_name or checked.identity.shop_id
    state = say(state_words(checked.account.state, checked.account.mode))
    out.done(Words(f"{checked.account.name}: toko {shop}, {state}.", f"{checked.account.name}: {shop}, {state}."))


@command(app, "pause", "Berhenti mengirim untuk sementara.", "Stop sending for a while.")
def pause(name: str = NAME) -> None:
    """Pause an account."""
    desk = open_desk()
    from syncer.channels.lifecycle import pause as do
    from syncer.channels.records import get_account

    with desk.write() as connection:
        left = do(connection, get_account(connection, name))
    out.done(Words(f"{left.account.name} dijeda.", f"{left.account.name} is paused."))
    _say_left(left)


@command(app, "resume", "Lanjutkan setelah jeda.", "Go on after a pause.")
def resume(name: str = NAME) -> None:
    """Resume an account."""
    desk = open_desk()
    from syncer.channels.lifecycle import resume as do
    from syncer.channels.records import get_account

    with desk.write() as connection:
        left = do(connection, get_account(connection, name))
    out.done(Words(f"{left.account.name} berjalan lagi.", f"{left.account.name} goes on."))


@command(
    app,
    "disconnect",
    "Putuskan toko dan lupakan izinnya.",
    "Disconnect a shop and forget its sign-in; its listings stay as they are there.",
)
def disconnect(name: str = NAME) -> None:
    """Disconnect an account."""
    desk = open_desk()
    from syncer.channels.records import get_account
    from syncer.cli.leaving import read_last, say_gone
    from syncer.orders.leaving import disconnect as do

    read_last(desk, desk.account(name))
    with desk.write() as connection:
        gone = do(connection, get_account(connection, name))
    out.done(Words(f"{gone.left.account.name} diputus.", f"{gone.left.account.name} is disconnected."))
    _say_left(gone.left)
    say_gone(gone)


@command(
    app,
    "reconnect",
    "Sambungkan toko lagi, dengan izin atau pilihan yang baru.",
    "Connect a shop again, with a new sign-in or new options.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def reconnect(
    ctx: typer.Context,
    name: str = NAME,
    options: str | None = OPTIONS,
    redirect: str | None = REDIRECT,
    answer: str | None = ANSWER,
    old_key_hours: int = typer.Option(
        24,
        "--old-key-hours",
        metavar="N",
        min=0,
        max=720,
        help=both(
            "Bila kunci aplikasi diganti: kabar bertanda tangan kunci lama diterima N jam lagi.",
            "If the app's key is changed: webhooks signed with the old one are accepted for N more hours.",
        ),
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Reconnect an account."""
    desk = open_desk()
    import datetime as dt

    from syncer.channels.joining import Added, ConsentNeeded
    from syncer.channels.joining import reconnect as do
    from syncer.cli.account_options import gather
    from syncer.cli.consent import sign_in

    account = desk.account(name)
    values = gather(account.connector, options, ctx.args, desk.connectors, ask=False) if options or ctx.args else {}
    if answer is not None:
        added = sign_in(desk, Added(account), None, came_back=answer)
    elif not values and (account.state == "sign_in_needed" or redirect is not None):
        added = sign_in(desk, Added(account), redirect)
    else:
        try:
            keep = dt.timedelta(hours=old_key_hours)
            added = do(
                desk.engine, desk.keys, account, options=values, now=desk.now, old_key_for=keep, **desk.for_shops()
            )
        except ConsentNeeded:
            added = sign_in(desk, Added(account), redirect)
    _say_added(added, as_json)
    if added.account.state == "sign_in_needed":
        raise typer.Exit(PARTLY)


@command(
    app,
    "forget-old-key",
    "Jangan terima lagi kabar yang ditandatangani kunci lama aplikasi.",
    "Accept no more webhooks signed with the app's old key.",
)
def forget_old_key(name: str = NAME) -> None:
    """Forget the key from before the last change."""
    desk = open_desk()
    from syncer.channels.old_key import forget_old_key as do
    from syncer.channels.records import get_account

    with desk.write() as connection:
        account = get_account(connection, name)
        was_there = do(connection, account)
    if was_there:
        out.done(Words(f"{account.name}: kunci lama dilupakan.", f"{account.name}: the old key is forgotten."))
        return
    out.line(Words(f"{account.name} tidak punya kunci lama.", f"{account.name} has no old key."))


@command(
    app,
    "remove",
    "Hapus akun toko dari Syncer; isi tokonya tidak disentuh.",
    "Remove an account from Syncer; the shop itself is not touched.",
    examples=['syncer account remove "Toko Orange"', 'syncer account remove "Toko Orange" --orders sent'],
)
def remove(
    name: str = NAME,
    force: bool = typer.Option(
        False, "--force", help=both("Walau produknya masih dijual di sana.", "Though its products still sell there.")
    ),
    orders: str | None = typer.Option(
        None,
        "--orders",
        metavar="keep|sent|off",
        help=both(
            "Pesanan yang belum dikirim: tetap dijanjikan, sudah dikirim, atau batal.",
            "Its open orders: they stay promised, were sent, or were called off.",
        ),
    ),
    yes: bool = typer.Option(False, "--yes", help=both("Jangan bertanya dulu.", "Don't ask first.")),
) -> None:
    """Remove an account."""
    desk = open_desk()
    from syncer.channels.records import get_account
    from syncer.cli.asking import ask_first
    from syncer.cli.leaving import read_last, say_removed, settle_of
    from syncer.orders.leaving import remove_account

    settle = settle_of(orders)
    account = desk.account(name)
    ask_first(Words(f'Hapus akun "{account.name}"?', f'Remove the account "{account.name}"?'), already=yes or force)
    read_last(desk, account)
    with desk.write() as connection:
        current = get_account(connection, name)
        gone = remove_account(connection, current, force=force, settle=settle, actor=desk.actor, now=desk.now)
    out.done(Words(f"{account.name} dihapus dari Syncer.", f"{account.name} is removed from Syncer."))
    _say_left(gone.left)
    say_removed(gone, settle)


@command(
    app,
    "go-live",
    "Izinkan akun hanya-baca mulai mengirim; pesanan yang belum dikirim dibaca dan dijanjikan dulu.",
    "Let a read-only account begin to send; its open orders are read and held first.",
    examples=['syncer account go-live "Toko Orange" --dry-run', 'syncer account go-live "Toko Orange"'],
)
def go_live(
    name: str = NAME,
    without_held: bool = typer.Option(
        False,
        "--counts-without-held/--counts-including-held",
        help=both(
            "Hitungan awal diambil dari angka toko, jadi tanpa barang yang sudah dipesan: tambahkan itu.",
            "The opening counts came from the shop's number, so without what is ordered already: put that on top.",
        ),
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help=both("Hanya lihat pesanannya.", "Only look at the orders.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Go live."""
    desk = open_desk()
    from syncer.cli.going_live import live_json, say_live
    from syncer.orders.going_live import go_live as do
    from syncer.sdk.contract import ReadsOrders
    from syncer.sync.beside import open_beside

    account = desk.account(name)
    reads = account.mode == "read_only" and account.state == "active"
    shop = open_beside(desk.deps(), account) if reads else None
    with out.Progress(Words("Membaca pesanan", "Reading orders")) as bar:
        went = do(
            desk.engine,
            account,
            shop.connector if shop is not None else None,
            clock=lambda: desk.now,
            counts_without_held=without_held,
            preview=dry_run,
            progress=bar.to,
            ask=shop.patiently if shop is not None else lambda fetch: fetch(),
        )
    if as_json:
        out.print_json(live_json(went))
        return
    looked = shop is not None and isinstance(shop.connector, ReadsOrders)
    say_live(went, without_held=without_held, dry_run=dry_run, looked=looked)
    _notes(went.left.notes)


def _say_added(added: Added, as_json: bool) -> None:
    account = added.account
    if as_json:
        out.print_json(_as_json(account) | {"notes": [say(note) for note in added.notes]})
        return
    if account.state == "sign_in_needed":
        out.line(
            Words(
                f"{account.name} belum tersambung: tokonya belum memberi izin.",
                f"{account.name} is not connected yet: its shop has not allowed it.",
            )
        )
        _notes(added.notes)
        return
    shop = account.shop_name or account.shop_id or account.connector
    state = say(state_words(account.state, account.mode))
    out.done(Words(f"{account.name}: tersambung ke {shop}, {state}.", f"{account.name}: connected to {shop}, {state}."))
    _notes(added.notes)
    if account.sends:
        out.hint(
            Words(
                f'Terbitkan katalog: syncer publish --all --account "{account.name}"',
                f'Publish the catalogue: syncer publish --all --account "{account.name}"',
            )
        )


def _say_left(left: Left) -> None:
    _notes(left.notes)
    for one in left.still_selling[:20]:
        pieces = word("jumlah tak diketahui", "number unknown") if one.pieces is None else str(one.pieces)
        out.line(f"  {out.clean(one.handle)}  {out.clean(one.title)}  ({pieces})")
    more = len(left.still_selling) - 20
    if more > 0:
        out.line(word(f"  … dan {more} lagi", f"  … and {more} more"))


def _notes(notes: Iterable[Words]) -> None:
    for note in notes:
        out.line(out.clean(say(note)))


def state_words(state: str, mode: str) -> Words:
    """Say how an account stands."""
    if state == "active":
        return Words("mengirim", "live") if mode == "live" else Words("hanya dibaca", "read-only")
    return {
        "paused": Words("dijeda", "paused"),
        "disconnected": Words("diputus", "disconnected"),
        "sign_in_needed": Words("perlu izin", "must sign in"),
        "stopped": Words("berhenti", "stopped"),
    }.get(state, Words(state, state))


def _as_json(one: Account) -> dict[str, Any]:
    return {
        "name": one.name,
        "connector": one.connector,
        "state": one.state.value,
        "mode": one.mode.value,
        "shop_id": one.shop_id,
        "shop_name": one.shop_name,
        "currency": one.currency,
        "rate": {"factor": one.rate.factor, "day": one.rate.day.isoformat()} if one.rate else None,
        "price_rule": one.price_rule.to_json(),
        "tax_included": one.tax_included,
        "buffer": one.allocation.buffer,
        "cap": one.allocation.cap,
        "location_id": one.location_id,
        "field_owners": {name: owner.value for name, owner in one.field_owners.items()},
        "settings": dict(one.settings),
        "package_defaults": {key: value.to_json() for key, value in one.package_defaults.items()},
        "time_zone": one.time_zone,
        "brake": dict(one.brake),
        "signed_in": one.signed_in,
        "access_until": one.access_until,
        "consent_until": one.consent_until,
        "problem": say(one.problem.words) if one.problem else None,
        "options": dict(one.options),
        "old_key_until": one.old_options_until,
    }


from syncer.cli import account_rules as _rules  # noqa: E402, F401 - it adds `account set` to this group
from syncer.cli import adopt as _adopt  # noqa: E402, F401 - and this one `account adopt`
