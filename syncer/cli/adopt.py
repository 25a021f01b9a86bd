"""``syncer account adopt``: an account that already sells is matched, shown, and then bound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from syncer.cli import out
from syncer.cli.account import NAME, app
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, UsageProblem, command
from syncer.cli.texts import both, language, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.channels.records import Account
    from syncer.sync.adopting.apply import Applied
    from syncer.sync.adopting.plan import Opening, Plan, Row

_SHOWN = 60
#: How many pictures that were not fetched are named one by one.
_NAMED = 20


class _Missing(NamedTuple):
    """A picture of an imported product that could not be fetched, and why."""

    product: str
    url: str
    words: Words


class _Fetched(NamedTuple):
    """What became of the pictures of imported products; ``again``: how many are tried again later."""

    added: int
    missing: tuple[_Missing, ...]
    again: int


@command(
    app,
    "adopt",
    "Hubungkan toko yang sudah berjualan: cocokkan produknya, tunjukkan semua, lalu ikat.",
    "Take on a shop that already sells: match its listings, show everything, then bind.",
    examples=[
        'syncer account adopt "Toko Hijau" --out adopsi.xlsx',
        'syncer account adopt "Toko Hijau" --sheet adopsi.xlsx --apply',
        'syncer account adopt "Toko Hijau" --opening theirs --apply',
    ],
)
def adopt(
    name: str = NAME,
    opening: str | None = typer.Option(
        None,
        "--opening",
        metavar="RULE",
        help=both(
            "Hitungan awal tiap SKU: theirs, ours, larger, smaller, sum.",
            "Each SKU's opening count: theirs, ours, larger, smaller, sum.",
        ),
    ),
    bind_at: str = typer.Option(
        "90", "--bind-at", metavar="SCORE", help=both("Ikat mulai kecocokan ini.", "Bind from this score on.")
    ),
    written: Path | None = typer.Option(
        None,
        "--out",
        metavar="FILE",
        help=both("Tulis lembar kerja, .xlsx atau .csv.", "Write a sheet, .xlsx or .csv."),
    ),
    sheet: Path | None = typer.Option(
        None, "--sheet", metavar="FILE", help=both("Pakai lembar kerja yang sudah diisi.", "Take an edited sheet.")
    ),
    location: str = typer.Option(
        "", "--location", metavar="CODE", help=both("Hitungan awal ada di lokasi ini.", "Where the opening counts are.")
    ),
    do_it: bool = typer.Option(
        False, "--apply", help=both("Ikat sekarang; tanpa ini hanya ditunjukkan.", "Bind now; without it, only show.")
    ),
    pictures: bool = typer.Option(
        True,
        "--pictures/--no-pictures",
        help=both("Ambil foto produk yang diimpor.", "Fetch the pictures of imported products."),
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Adopt an account."""
    rule, least = _rule(opening), _score(bind_at)
    if sheet is not None and rule is not None:
        raise UsageProblem(
            Words(
                "Dengan --sheet, hitungan awal ada di kolom opening_count. Hapus --opening.",
                "With --sheet the opening counts are in its column opening_count. Leave --opening out.",
            )
        )
    kind = _kind(written)
    data = _content(sheet)
    desk = open_desk()
    from syncer.cli.desk import keep_currency
    from syncer.sync.adopting.propose import propose
    from syncer.sync.adopting.sheet import sheet_csv, sheet_xlsx, take_sheet
    from syncer.sync.adopting.walk import open_shop, walk

    keep_currency(desk.engine, desk.settings.catalogue_currency)
    account = desk.account(name)
    _check_location(desk, location)
    shop = open_shop(desk.deps(), account, desk.now)
    with out.Progress(Words("Membaca toko", "Reading the shop"), unit=Words("barang", "listings")) as bar:
        walked = walk(shop, desk.now, bar.to)
    with desk.read() as connection:
        plan, catalogue = propose(connection, account, walked, bind_at=least, rule=rule, location=location)
        if data is not None:
            take_sheet(connection, plan, catalogue, data)
    if written is not None:
        _write(written, sheet_csv(plan, language()) if kind == ".csv" else sheet_xlsx(plan, language()))
    done, differ, fetched = _apply(desk, shop, plan, walked.began, pictures) if do_it else (None, 0, None)
    if as_json:
        out.print_json(_as_json(desk, plan, done, differ, fetched, written))
    else:
        _show(plan)
        _say(desk, plan, done, differ, written)
        _say_pictures(fetched)
    if done is not None and (done.refused or any(row.conflicts for row in plan.rows())):
        raise typer.Exit(PARTLY)


# --- what was written on the command line -----------------------------------------------------------------------


def _rule(text: str | None) -> Opening | None:
    from syncer.sync.adopting.plan import Opening

    if text is None:
        return None
    names = [one.value for one in Opening]
    if text.casefold() not in names:
        listed = ", ".join(names)
        raise UsageProblem(
            Words(f'Aturan "{text[:30]}" tidak ada. Pilih: {listed}.', f'No rule "{text[:30]}". Choose: {listed}.')
        )
    return Opening(text.casefold())


def _score(text: str) -> float:
    from syncer.cli.reading import decimal

    found = float(decimal(text, Words("Kecocokan", "The score")))
    if not 0 < found <= 100:
        raise UsageProblem(Words("--bind-at harus 1 sampai 100.", "--bind-at must be 1 to 100."))
    return found


def _kind(file: Path | None) -> str:
    kind = file.suffix.lower() if file is not None else ""
    if file is not None and kind not in (".csv", ".xlsx"):
        raise UsageProblem(
            Words(
                f'Nama berkas "{file.name}" harus berakhir .csv atau .xlsx.',
                f'The name "{file.name}" must end with .csv or .xlsx.',
            )
        )
    return kind


def _content(file: Path | None) -> bytes | None:
    if file is None:
        return None
    from syncer.catalogue.importing.table import MAX_TEXT_BYTES

    with file.open("rb") as opened:
        return opened.read(MAX_TEXT_BYTES + 1)


def _check_location(desk: Desk, code: str) -> None:
    if code:
        from syncer.inventory.locations import find_location

        with desk.write() as connection:
            find_location(connection, code)


def _write(file: Path, data: bytes) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(data)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


# --- doing it ---------------------------------------------------------------------------------------------------


def _apply(desk: Desk, shop: Any, plan: Plan, read_at: Any, pictures: bool) -> tuple[Applied, int, _Fetched | None]:
    """Bind, fetch pictures of new products, and take away marks about nothing."""
    from syncer.sync.adopting.apply import apply, bound_ids
    from syncer.sync.adopting.tidy import tidy

    with out.Progress(
        Words("Menghubungkan", "Binding"), total=len(plan.groups), unit=Words("barang", "listings")
    ) as bar:
        done = apply(shop, plan, read_at=read_at, now=desk.now, actor=desk.actor, progress=bar.to)
    fetched = _fetch(desk, plan.account.id, done) if pictures and any(done.pictures.values()) else None
    return done, tidy(shop, bound_ids(shop), desk.now), fetched


def _fetch(desk: Desk, account_id: int, done: Applied) -> _Fetched | None:
    """Fetch the pictures now, unless a daemon does it already (``None``)."""
    from syncer.catalogue.pictures import fetch_waiting
    from syncer.catalogue.read import load_products
    from syncer.cli.waking import daemon_runs
    from syncer.sync.adopting.pictures import keep_remote_ids

    if daemon_runs(desk.settings.home):
        return None
    private = desk.settings.allow_private_images
    with out.Progress(Words("Mengambil foto", "Fetching pictures"), unit=Words("foto", "pictures")) as bar:
        found = fetch_waiting(desk.engine, desk.settings.home, private, progress=bar.to, allow_http=private)
    with desk.write() as connection:
        keep_remote_ids(connection, account_id, done.pictures, desk.now)
        handles = load_products(connection, list(done.pictures))
    owners = {url: product_id for product_id, by_id in done.pictures.items() for url in by_id.values()}
    missing = [
        _Missing(handles[owners[url]].handle if owners[url] in handles else "", url, words)
        for url, words in found.refused
        if url in owners
    ]
    return _Fetched(found.added, tuple(missing), found.again)


# --- saying it --------------------------------------------------------------------------------------------------


def _as_json(
    desk: Desk, plan: Plan, done: Applied | None, differ: int, fetched: _Fetched | None, written: Path | None
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "account": plan.account.name,
        "mode": desk.account(plan.account.name).mode.value,
        "opening": plan.rule.value if plan.rule else None,
        "listings": len(plan.groups),
        "counts": plan.counts(),
        "left_out": plan.left_out,
        "unopened": plan.unopened(),
        "sheet": str(written) if written else None,
        "applied": None,
        "rows": [row.to_json() for row in plan.rows()],
    }
    if done is not None:
        found["applied"] = {
            "bound": done.bound,
            "imported": done.imported,
            "opened": done.opened,
            "differ": differ,
            "pictures_added": fetched.added if fetched else 0,
            "pictures_missing": [
                {"product": one.product, "url": one.url, "message": say(one.words)}
                for one in (fetched.missing if fetched else ())
            ],
            "refused": [{"remote_id": remote_id, "message": say(words)} for remote_id, words in done.refused],
        }
    return found


def _show(plan: Plan) -> None:
    rows = sorted(plan.rows(), key=lambda row: not row.conflicts)
    if not rows:
        out.line(word("Toko ini kosong.", "This shop is empty."))
        return
    out.table(
        [
            Words("PRODUK DI TOKO", "LISTING THERE"),
            Words("SKU DI SANA", "SKU THERE"),
            Words("SKU KITA", "OUR SKU"),
            Words("COCOK", "MATCH"),
            Words("KEPUTUSAN", "DECISION"),
            Words("DI SANA", "THERE"),
            Words("DI SINI", "HERE"),
            Words("AWAL", "OPENING"),
        ],
        [_cells(row) for row in rows[:_SHOWN]],
        right=(5, 6, 7),
    )
    if len(rows) > _SHOWN:
        more = len(rows) - _SHOWN
        out.line(word(f"… dan {more} lagi; semua ada di --out.", f"… and {more} more; --out has them all."))
    for words, titles in _remarks(rows).items():
        shown = ", ".join(titles[:3]) + (" …" if len(titles) > 3 else "")
        out.line(f"! {out.clean(shown)}: {out.clean(words)}")


def _cells(row: Row) -> list[object]:
    title = f"{row.title[:40]} ({row.options})" if row.options else row.title[:40]
    score = None if row.score is None else f"{_MATCHED[row.by.value]()} {row.score:.0f}".strip()
    if row.by.value == "bound":
        score = None
    decision = {
        "bind": word("ikat", "bind"),
        "import": word("impor", "import"),
        "leave": word("biarkan", "leave"),
        "bound": word("terikat", "bound"),
    }[row.decision.value]
    return [title, row.offer.sku, row.sku, score, decision, row.offer.quantity, row.ours, row.opening]


#: How an offer was matched, as the table says it before the score.
_MATCHED: dict[str, Callable[[], str]] = {
    "sku": lambda: "SKU",
    "former_sku": lambda: word("SKU lama", "former SKU"),
    "marker": lambda: word("kode produk", "product code"),
    "options": lambda: word("varian", "variant"),
    "title": lambda: word("judul", "title"),
    "sheet": lambda: word("lembar kerja", "sheet"),
    "bound": lambda: "",
    "": lambda: "",
}


def _remarks(rows: list[Row]) -> dict[str, list[str]]:
    """Return what is to be said, each sentence once with the listings it is about."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for words in (*row.conflicts, *row.notes):
            titles = found.setdefault(say(words), [])
            if row.title[:40] not in titles:
                titles.append(row.title[:40])
    return found


def _say(desk: Desk, plan: Plan, done: Applied | None, differ: int, written: Path | None) -> None:
    name, counts = plan.account.name, plan.counts()
    if written is not None:
        out.done(Words(f"Lembar kerja: {written}", f"The sheet: {written}"))
    if done is None:
        out.line(
            word(
                f"Belum ada yang diikat. Ikat {counts['bind']}, impor {counts['import']}, biarkan {counts['leave']}, "
                f"sudah terikat {counts['bound']}.",
                f"Nothing is bound yet. To bind {counts['bind']}, to import {counts['import']}, to leave "
                f"{counts['leave']}, bound already {counts['bound']}.",
            )
        )
        _say_unopened(plan)
        if plan.account.mode == "live":
            _say_is_live(desk, plan.account)
        out.hint(
            Words(
                f'Ubah dulu: syncer account adopt "{name}" --out adopsi.xlsx. Ikat: tambahkan --apply.',
                f'To change it first: syncer account adopt "{name}" --out adopt.xlsx. To bind: add --apply.',
            )
        )
        return
    out.done(
        Words(
            f"{name}: {done.bound} produk diikat, {done.imported} di antaranya baru; {done.opened} hitungan awal.",
            f"{name}: {many(done.bound, 'listing')} bound, {done.imported} of them new; "
            f"{many(done.opened, 'opening count')}.",
        )
    )
    for remote_id, words in done.refused[:20]:
        out.warn(Words(f"{remote_id}: {words.id}", f"{remote_id}: {words.en}"))
    _say_unopened(plan)
    _say_mode(desk, name, done, differ)


def _say_pictures(fetched: _Fetched | None) -> None:
    """Name the pictures that are missing, each with the reason."""
    if fetched is None or not (fetched.missing or fetched.again):
        return
    for one in fetched.missing[:_NAMED]:
        out.warn(
            Words(
                f"{one.product}: foto {one.url} tidak terambil. {one.words.id}",
                f"{one.product}: the picture {one.url} was not fetched. {one.words.en}",
            )
        )
    more = len(fetched.missing) - _NAMED
    if more > 0:
        out.warn(Words(f"… dan {more} foto lagi.", f"… and {many(more, 'picture')} more."))
    if fetched.again:
        out.warn(
            Words(
                f"{fetched.again} foto belum terambil dan dicoba lagi nanti.",
                f"{many(fetched.again, 'picture')} not fetched yet; tried again later.",
            )
        )


def _say_is_live(desk: Desk, account: Account) -> None:
    """Say of an account that sends already what binding means: a sandbox is live at once."""
    from syncer.sync.adopting.apply import is_at_work

    with desk.read() as connection:
        at_work = is_at_work(connection, account.id)
    if at_work:
        out.warn(
            Words(
                f'Akun "{account.name}" sudah mengirim: begitu diikat, isi, harga, dan stok di toko langsung '
                "disamakan dengan katalog. Pilih hitungan awal (--opening) sebelum --apply.",
                f'The account "{account.name}" is live: what is bound is made like the catalogue at once, content, '
                "price and stock. Choose the opening counts (--opening) before --apply.",
            )
        )
        return
    out.line(
        word(
            f'Akun "{account.name}" sudah mengirim, seperti setiap toko simulasi. --apply menjadikannya hanya-baca: '
            "tidak ada yang berubah di toko sampai `syncer account go-live`.",
            f'The account "{account.name}" is live, as every sandbox is at once. --apply makes it read-only: nothing '
            "changes in the shop until `syncer account go-live`.",
        )
    )


def _say_unopened(plan: Plan) -> None:
    left = plan.unopened()
    if left:
        shown = "1 SKU shows" if left == 1 else f"{left} SKUs show"
        have = "has" if left == 1 else "have"
        out.warn(
            Words(
                f"{left} SKU menunjukkan jumlah lain di toko dan belum punya hitungan awal; setelah go-live toko "
                "mengikuti stok di sini. Pilih dengan --opening theirs|ours|larger|smaller|sum, atau di lembar kerja.",
                f"{shown} another number there and {have} no opening count; after go-live the shop follows the "
                "stock here. Choose with --opening theirs|ours|larger|smaller|sum, or in the sheet.",
            )
        )


def _say_mode(desk: Desk, name: str, done: Applied, differ: int) -> None:
    if desk.account(name).mode == "live":
        differs = "differs is" if differ == 1 else "differ are"
        out.warn(
            Words(
                f'Akun "{name}" sudah mengirim, jadi {differ} produk yang berbeda langsung disamakan.',
                f'The account "{name}" is live, so {many(differ, "listing")} that {differs} changed at once.',
            )
        )
        return
    was = word(" sekarang", " now") if done.read_only else ""
    out.line(
        word(
            f"Akun ini{was} hanya dibaca; {differ} produk akan berubah di toko setelah go-live (lihat `syncer plan`).",
            f"This account is{was} read-only; {many(differ, 'listing')} will change there after go-live (see "
            "`syncer plan`).",
        )
    )
    out.hint(
        Words(f'Mulai mengirim: syncer account go-live "{name}"', f'Begin to send: syncer account go-live "{name}"')
    )
