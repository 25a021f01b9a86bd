"""What would be sent, and why, without sending anything: ``syncer plan``."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select

from syncer.channels.connectors import open_connector
from syncer.channels.records import Account, load_accounts
from syncer.domain.listing import Rendered
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.store.engine import read
from syncer.store.marks import Due
from syncer.store.tables import listing
from syncer.sync.difference import Difference
from syncer.sync.known import Known
from syncer.sync.lease import Lease
from syncer.sync.pace import Pacer
from syncer.sync.prepare import Action, Task, prepare
from syncer.sync.service import Deps
from syncer.sync.shelf import SHELF
from syncer.sync.shop import Shop, ShopGate

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Planned:
    """One listing that something would be sent for. ``changes`` hold field, from and to as JSON.

    ``kind`` is the next write (create, update ...), or read, seek, fix, ask, wait, orders. ``held`` names a brake.
    ``notes`` say what of it will be shown otherwise than the catalogue says.
    """

    account: str
    handle: str
    title: str
    kind: str
    changes: tuple[dict[str, Any], ...]
    why: Words
    held: str | None = None
    problem: Problem | None = None
    notes: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return this as a JSON object."""
        return {
            "account": self.account,
            "handle": self.handle,
            "title": self.title,
            "kind": self.kind,
            "changes": list(self.changes),
            "why": self.why.to_json(),
            "held": self.held,
            "problem": self.problem.to_json() if self.problem else None,
            "notes": [one.to_json() for one in self.notes],
        }


def plan(deps: Deps, names: Sequence[str] = ()) -> list[Planned]:
    """Return what is due and what the next write of each listing would be; no call is made."""
    planned: list[Planned] = []
    with read(deps.engine) as connection:
        for account in load_accounts(connection):
            if names and account.name not in names:
                continue
            shop = _still(deps, account)
            for ids in _due(connection, account.id):
                planned += [
                    _planned(account, task)
                    for task in prepare(connection, shop, ids)
                    if task.action not in (Action.DONE, Action.REST)
                ]
    return planned


def _still(deps: Deps, account: Account) -> Shop:
    """Return a shop for rendering only: its gate never opens."""

    shut = threading.Event()
    shut.set()
    pacer = Pacer([])
    lease = Lease(deps.engine, account.budget_group, owner="", ttl_s=0)
    gate = ShopGate(pacer, lease, 0, shut)
    connector = open_connector(
        account, engine=deps.engine, keys=deps.keys, home=deps.home, gate=gate, allowed=deps.allowed, load=deps.load
    )
    return Shop(
        engine=deps.engine,
        account=account,
        opened_as=account,
        connector=connector,
        pacer=pacer,
        lease=lease,
        gate=gate,
        timing=deps.timing,
        claim_name="",
        sign_in=deps.timing.sign_in(deps.keys),
    )


def _due(connection: Connection, account_id: int) -> Iterator[list[int]]:
    last = 0
    while True:
        query = (
            select(listing.c.id)
            .where(and_(listing.c.account_id == account_id, listing.c.due != 0, listing.c.id > last))
            .order_by(listing.c.id)
            .limit(_AT_ONCE)
        )
        ids = list(connection.execute(query).scalars())
        if not ids:
            return
        last = ids[-1]
        yield ids


def _planned(account: Account, task: Task) -> Planned:
    kind = task.operation.kind.value if task.operation else task.action.value
    wanted = task.wanted
    return Planned(
        account=account.name,
        handle=wanted.marker if wanted else "",
        title=wanted.title if wanted else "",
        kind=kind,
        changes=tuple(_changes(task.difference, task.rendered, task.item.known)) if task.rendered else (),
        why=_why(task),
        held=task.held.value if task.held else task.item.held,
        problem=task.problem,
        notes=_notes(task),
    )


def _notes(task: Task) -> tuple[Problem, ...]:
    difference = task.difference
    told = task.rendered.notes if task.rendered is not None else ()
    return tuple(one for one in told if difference.create or one.field in difference.fields)


def _changes(difference: Difference, rendered: Rendered, known: Known) -> Iterator[dict[str, Any]]:
    by_key = {offer.key: offer for offer in rendered.offers}
    for name in difference.fields:
        yield {"field": name, "from": known.fields.get(name), "to": rendered.fields[name]}
    for key in difference.prices:
        old = known.offers[key]
        yield {"field": "price", "sku": by_key[key].sku, "from": _text(old.price), "to": str(by_key[key].price)}
    for key in difference.stops + difference.falls + difference.rises:
        old, new = known.offers[key], by_key.get(key)
        seen = None if old.quantity_unknown else old.quantity
        yield {"field": "stock", "sku": new.sku if new else old.sku, "from": seen, "to": new.quantity if new else 0}
    if difference.reshape:
        yield {
            "field": "variants",
            "from": sorted(offer.sku for offer in known.offers.values()),
            "to": sorted(offer.sku for offer in rendered.offers),
        }
    if difference.status is not None:
        yield {"field": "status", "from": known.status.value if known.status else None, "to": difference.status.value}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_REASONS = {
    Action.READ: Words(
        "Hasil kiriman terakhir belum pasti; dilihat dulu.", "The last outcome is unsure; looking first."
    ),
    Action.SEEK: Words("Mencari apakah produk sudah ada di toko.", "Looking whether the listing exists there already."),
    Action.FIX: Words("Menunggu perbaikan produk.", "Waiting for the product to be mended."),
    Action.ASK: Words("Menunggu persetujuan: perubahan besar.", "Waiting for a confirmation: a large change."),
    Action.WAIT: Words("Menunggu foto terunggah.", "Waiting for its pictures to be uploaded."),
    Action.ORDERS: Words(
        "Menunggu pesanan toko dibaca sebelum stok ditambah: bisa jadi sudah laku.",
        "Waits for the order read before more is shown: it may be sold already.",
    ),
    Action.FACTS: Words("Menunggu aturan toko dibaca.", "Waiting for the shop's rules to be read."),
}


def _why(task: Task) -> Words:
    if SHELF in task.facts:
        return Words("Melihat dulu apa yang sudah dijual toko.", "Looks first what the shop sells already.")
    if task.action in _REASONS:
        return _REASONS[task.action]
    difference = task.difference
    if difference.create:
        return Words("Belum ada di toko.", "Not in the shop yet.")
    if difference.stops:
        return Words("Stok habis.", "Sold out.")
    due = Due(task.item.due)
    if difference.falls or difference.rises:
        return Words("Stok berubah.", "The stock changed.")
    if difference.prices:
        return Words("Harga berubah.", "The price changed.")
    if difference.status is not None:
        return Words("Tampil atau tidaknya berubah.", "Whether it is shown changed.")
    return Words("Isi produk berubah.", "The product's content changed.") if due else Words("", "")
