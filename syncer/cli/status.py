"""``syncer status``: how each shop stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.orders.waiting import Oversold, Waits
    from syncer.sync.status import AccountStatus

app = single()

#: Quotas of a window this long are worth a warning when they run out; shorter ones fill up by themselves.
_DAILY_S = 3600
NOT_RELEASED = Words(
    "Basis data ini dipulihkan dari cadangan dan tidak mengirim apa pun. Periksa, lalu: syncer db release",
    "This database was restored from a backup and sends nothing. Check it, then: syncer db release",
)


@command(
    app,
    "status",
    "Tunjukkan keadaan setiap toko. STOK TERLAMA: paling lama sudah berapa lama perubahan stok menunggu diterima toko.",
    "Show how each shop stands: what waits, how long, what fails. OLDEST STOCK: how long a change of a count "
    "has waited, at most, for the shop to confirm it.",
)
def status(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show the status."""
    desk = open_desk()
    from syncer.cli.waking import daemon_runs
    from syncer.orders.waiting import open_oversells, waits_by_shop
    from syncer.sync.restored import is_released
    from syncer.sync.status import read_status

    with desk.read() as connection:
        accounts = read_status(connection, desk.now)
        released = is_released(connection)
        asked = _Asked(waits_by_shop(connection), open_oversells(connection))
    if as_json:
        out.print_json([_as_json(one) for one in accounts])
        return
    if not released:
        out.warn(NOT_RELEASED)
    if not accounts:
        out.hint(
            Words(
                "Belum ada toko. Tambahkan dengan: syncer account add shopee --help",
                "There are no shops yet. Add one with: syncer account add shopee --help",
            )
        )
        asked.say()
        return
    out.table(
        [
            Words("TOKO", "SHOP"),
            Words("KEADAAN", "STATE"),
            Words("TAYANG", "LIVE"),
            Words("MENUNGGU", "WAITING"),
            Words("STOK TERLAMA", "OLDEST STOCK"),
            Words("PESANAN DIBACA", "ORDERS READ"),
            Words("PERLU ANDA", "NEEDS YOU"),
            Words("IZIN SAMPAI", "SIGN-IN UNTIL"),
        ],
        [
            [
                one.name,
                _state(one),
                one.on_sale,
                one.due,
                out.age(one.oldest_unsent_stock_s),
                out.age(_age_s(one)),
                _needs(one),
                out.moment(one.sign_in_expires_at),
            ]
            for one in accounts
        ],
        right=(2, 3, 4, 5, 6),
    )
    for one in accounts:
        _warnings(one)
    asked.say()
    for names in sorted({tuple(sorted((one.name, *one.shares_budget_with))) for one in accounts}):
        if len(names) > 1:
            out.line(out.clean(say(_shared(names))))
    if not daemon_runs(desk.settings.home):
        out.hint(
            Words(
                "Tidak ada daemon yang berjalan di sini. Jalankan: syncer run", "No daemon runs here. Start: syncer run"
            )
        )


def _shared(names: Sequence[str]) -> Words:
    """Say that shops share one quota: why one waits while the other works."""
    listed_id, listed_en = (f"{', '.join(names[:-1])} {word} {names[-1]}" for word in ("dan", "and"))
    return Words(
        f"{listed_id} memakai satu jatah panggilan bersama, karena platformnya menghitung begitu. "
        "Stok yang turun didahulukan, di toko mana pun.",
        f"{listed_en} share one budget of calls, because the platform counts them together. "
        "Stock that falls goes first, whichever shop it is in.",
    )


def _as_json(one: AccountStatus) -> dict[str, Any]:
    found = one.to_json()
    found["oldest_verified_at"] = one.oldest_verified_at
    found["sign_in_expires_at"] = one.sign_in_expires_at
    found["orders_read_at"] = one.orders.read_at
    for name, words in (
        ("sign_in_notice", one.sign_in_notice),
        ("last_error", one.last_error),
        ("orders_problem", one.orders.problem),
    ):
        found[name] = say(words) if words else None
    return found


def _state(one: AccountStatus) -> str:
    from syncer.cli.account import state_words

    return say(state_words(one.state, one.mode))


def _age_s(one: AccountStatus) -> float | None:
    read_at = one.orders.read_at
    return (one.as_of - read_at).total_seconds() if read_at is not None else None


def _needs(one: AccountStatus) -> int:
    stuck = sum(one.counts.get(state, 0) for state in ("fix", "parked", "gone"))
    return stuck + one.questions + one.orders.unknown_lines + one.orders.questions + one.orders.oversold


class _Asked(NamedTuple):
    """What orders ask, of shops and of no shop: counted, with the command that shows and answers each."""

    waits: Sequence[Waits]
    oversold: Sequence[Oversold]

    def say(self) -> None:
        """Say it, what is most urgent first; nothing where nothing waits."""
        if self.oversold:
            count = len(self.oversold)
            named = ", ".join(one.sku for one in self.oversold[:3]) + (" …" if count > 3 else "")
            out.warn(
                Words(
                    f"{count} SKU terjual melebihi yang ada ({named}). Lihat dan bereskan: syncer orders oversold",
                    f"{many(count, 'SKU')} sold beyond what there is ({named}). See and settle: syncer orders oversold",
                )
            )
        unknown, questions = (sum(getattr(one, name) for one in self.waits) for name in ("unknown", "questions"))
        if unknown:
            shops = self._shops("unknown")
            lines = f"{many(unknown, 'line')} of orders {'has' if unknown == 1 else 'have'}"
            out.warn(
                Words(
                    f"{unknown} baris pesanan memakai SKU yang tidak dikenal ({shops}). Lihat: syncer orders inbox; "
                    "jawab: syncer orders bind",
                    f"{lines} a SKU that is unknown here ({shops}). See syncer orders inbox; answer with "
                    "syncer orders bind",
                )
            )
        if questions:
            shops = self._shops("questions")
            out.warn(
                Words(
                    f"{questions} pesanan menunggu jawaban Anda ({shops}). Lihat: syncer orders inbox; "
                    "jawab: syncer orders returned",
                    f"{many(questions, 'order')} to be judged by you ({shops}). See syncer orders inbox; answer with "
                    "syncer orders returned",
                )
            )

    def _shops(self, name: str) -> str:
        return ", ".join(f"{one.account} {getattr(one, name)}" for one in self.waits if getattr(one, name))


def _warnings(one: AccountStatus) -> None:
    for words in (one.last_error, one.sign_in_notice):
        if words is not None:
            out.warn(Words(f"{one.name}: {words.id}", f"{one.name}: {words.en}"))
    if one.cannot_stop:
        out.warn(
            Words(
                f"{one.name}: {one.cannot_stop} varian habis tetapi belum bisa dihentikan di sana.",
                f"{one.name}: {many(one.cannot_stop, 'variant')} sold out, and not to be stopped there yet.",
            )
        )
    _order_warnings(one)
    for budget in one.budget:
        free, limit, window = budget.get("free"), budget.get("limit"), budget.get("per_seconds")
        daily = isinstance(window, (int, float)) and window >= _DAILY_S
        if daily and isinstance(free, (int, float)) and isinstance(limit, (int, float)) and free < limit / 10:
            name = budget.get("name", "")
            out.line(
                out.clean(word(f"  {one.name}: jatah {name} hampir habis", f"  {one.name}: {name} is nearly used up"))
            )


def _order_warnings(one: AccountStatus) -> None:
    orders = one.orders
    if orders.problem is not None:
        out.warn(
            Words(
                f"{one.name}: pesanan belum terbaca. {orders.problem.id}",
                f"{one.name}: orders can't be read. {orders.problem.en}",
            )
        )
        if orders.waiting_rises:
            out.warn(
                Words(
                    f"{one.name}: {orders.waiting_rises} produk menunggu itu sebelum stoknya ditambah di sana.",
                    f"{one.name}: {orders.waiting_rises} products wait for that before more of them is shown there.",
                )
            )
    if orders.unreadable:
        out.warn(
            Words(
                f"{one.name}: {orders.unreadable} pesanan tidak dapat dipahami; lihat di toko itu.",
                f"{one.name}: {orders.unreadable} orders can't be understood; look at them in that shop.",
            )
        )
