"""Make the plan: match every listing, decide by the rules, and leave alone whatever is not certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from syncer.channels.records import Account, Mode
from syncer.domain.listing import RemoteListing, Status
from syncer.domain.stock import Reason
from syncer.domain.words import Words
from syncer.inventory.levels import available
from syncer.store.batches import batches
from syncer.store.tables import account as account_table
from syncer.store.tables import listing, listing_event, offer, product, stock_movement
from syncer.sync.adopting.importing import why_not_importable
from syncer.sync.adopting.match import Catalogue, Match, fits_as_variant
from syncer.sync.adopting.plan import By, Decision, Group, Opening, Plan, Row
from syncer.sync.adopting.walk import Walked

#: Event of a listing's timeline: it was bound by a person.
EVENT = "bound"
OPENING = "opening:"


def reference(account_id: int, variant_id: int) -> str:
    """Return the unique reference of the opening count of one variant by one account: it is counted once."""
    return f"{OPENING}{account_id}:{variant_id}"


def propose(
    connection: Connection,
    account: Account,
    walked: Walked,
    *,
    bind_at: float,
    rule: Opening | None,
    location: str,
) -> tuple[Plan, Catalogue]:
    """Return the plan by the rules alone, and the catalogue it was matched with. Nothing is written."""
    catalogue = Catalogue(connection)
    bound = _bound(connection, account.id, [one.remote_id for one in walked.listings])
    taken = _taken(connection, account.id)
    groups = []
    for one in walked.listings:
        if one.remote_id in bound:
            groups.append(_bound_group(one, bound[one.remote_id], catalogue, account))
        else:
            groups.append(_group(one, catalogue.match(one, taken), catalogue, bind_at))
    plan = Plan(account, groups, rule, location, walked.left_out)
    check(connection, plan, catalogue)
    fill_counts(connection, plan)
    return plan, catalogue


def _group(found: RemoteListing, match: Match, catalogue: Catalogue, bind_at: float) -> Group:
    group = Group(found, [Row(found, one) for one in found.offers])
    for row in group.rows:
        pair = match.pairs.get(row.offer.remote_id)
        if pair is not None:
            row.variant_id, row.product_id, row.sku = pair.variant.id, pair.variant.product_id, pair.variant.sku
            row.handle = catalogue.products[pair.variant.product_id].handle
            row.score, row.by = pair.score, pair.by
    if match.torn:
        names = ", ".join(one.handle for one in match.torn)
        group.leave(
            Words(
                f"SKU di produk toko ini milik beberapa produk kita: {names}. Pisahkan di toko, atau biarkan.",
                f"The SKUs of this listing belong to several of our products: {names}. Split it there, or leave it.",
            )
        )
    elif match.rivals:
        names = ", ".join(one.handle for one in match.rivals)
        why = Words(
            f"Sama cocoknya dengan {names}. Pilih sendiri di lembar kerja.",
            f"It fits {names} as well. Choose one in the sheet.",
        )
        group.leave(why)
    elif match.product is None:
        _offer_import(group)
    else:
        _decide(group, match, bind_at)
    return group


def _decide(group: Group, match: Match, bind_at: float) -> None:
    assert match.product is not None
    scores = [row.score for row in group.rows if row.score is not None]
    if min(scores) < bind_at:
        for row in group.rows:
            row.notes.append(
                Words(
                    "Mungkin ini; lihat dulu, lalu tulis bind di lembar kerja.",
                    "It may be this one; look first, then write bind in the sheet.",
                )
            )
        return
    for row in group.rows:
        row.decision = Decision.BIND
        if row.variant_id is None:
            row.decision = (
                Decision.IMPORT if fits_as_variant(match.product, group.listing, row.offer) else Decision.LEAVE
            )
            row.handle, row.product_id = match.product.handle, match.product.id


def _offer_import(group: Group) -> None:
    why = why_not_importable(group.listing)
    if why is not None:
        group.leave(why)
        return
    for row in group.rows:
        row.decision = Decision.IMPORT


# --- what must hold, whoever decided ----------------------------------------------------------------------------


def check(connection: Connection, plan: Plan, catalogue: Catalogue) -> None:
    """Leave every listing alone that can't be bound as decided, and say why."""
    for group in plan.groups:
        if group.decided(Decision.BIND):
            _check_group(group)
        elif group.decided(Decision.IMPORT):
            _check_import(group)
    _one_for_two(plan)
    _bound_elsewhere(connection, plan)
    for group in plan.groups:
        _remarks(group, catalogue)


def _check_group(group: Group) -> None:
    binding = group.decided(Decision.BIND)
    products = {row.product_id for row in binding}
    if None in products or any(row.variant_id is None for row in binding):
        group.leave(
            Words(
                "Tulis SKU kita untuk setiap baris yang dihubungkan (bind).",
                "Write our SKU for every row that is to be bound.",
            )
        )
    elif len(products) > 1:
        group.leave(
            Words(
                "Satu produk toko tidak bisa menjadi beberapa produk kita.",
                "One listing there can't be several of our products.",
            )
        )
    elif len({row.variant_id for row in binding}) < len(binding):
        group.leave(
            Words("Satu SKU kita dipakai dua kali di produk toko ini.", "One of our SKUs is twice in this listing.")
        )
    elif left := group.decided(Decision.LEAVE):
        shown = ", ".join(row.options or row.offer.sku or row.offer.remote_id for row in left[:3])
        group.leave(
            Words(
                f"Varian {shown} di toko bukan milik kita, dan akan hilang di sana bila produk ini dihubungkan. "
                "Tulis import agar menjadi varian baru, atau isi SKU kita.",
                f"The variant {shown} there is none of ours, and would be removed there if this listing were bound. "
                "Write import to make it a new variant, or give our SKU.",
            )
        )


def _check_import(group: Group) -> None:
    if group.decided(Decision.LEAVE):
        group.leave(
            Words(
                "Produk toko diimpor seutuhnya: tulis import di semua barisnya.",
                "A listing is imported as a whole: write import in all of its rows.",
            )
        )
        return
    why = why_not_importable(group.listing)
    if why is not None:
        group.leave(why)


def _one_for_two(plan: Plan) -> None:
    """One of ours for two listings there: an exact match wins over guesses, two exact ones are a person's matter."""
    claims: dict[int, list[Group]] = {}
    for group in plan.groups:
        wanted = {row.product_id for row in group.rows if row.decision in (Decision.BIND, Decision.BOUND)}
        for product_id in wanted - {None}:
            assert product_id is not None
            claims.setdefault(product_id, []).append(group)
    for groups in claims.values():
        if len(groups) < 2:
            continue
        sure = [group for group in groups if all(row.by is not By.TITLE for row in group.decided(*_TAKEN))]
        keep = sure[0] if len(sure) == 1 else None
        keep = next((group for group in groups if group.decided(Decision.BOUND)), keep)
        ids = ", ".join(group.listing.remote_id for group in groups)
        for group in groups:
            if group is not keep:
                handle = group.handle
                group.leave(
                    Words(
                        f"Produk {handle} cocok dengan beberapa produk di toko ({ids}). Hapus yang dobel di toko, "
                        "atau pilih satu di lembar kerja.",
                        f"The product {handle} fits several listings there ({ids}). Remove the double there, or "
                        "choose one in the sheet.",
                    )
                )


_TAKEN = (Decision.BIND, Decision.BOUND)


def _bound_elsewhere(connection: Connection, plan: Plan) -> None:
    ids = [group.product_id for group in plan.groups if group.product_id is not None]
    rows: dict[int, Any] = {}
    columns = (listing.c.product_id, listing.c.remote_id, listing.c.claim, listing.c.under_way, listing.c.seeking)
    for part in batches(ids):
        here = and_(listing.c.account_id == plan.account.id, listing.c.product_id.in_(part))
        rows.update((row.product_id, row) for row in connection.execute(select(*columns).where(here)))
    for group in plan.groups:
        row = rows.get(group.product_id) if group.product_id is not None else None
        if row is not None and (why := why_taken(row, group.listing.remote_id)) is not None:
            group.leave(why)


def why_taken(row: Any, remote_id: str) -> Words | None:
    """Return why a product's listing row can't be bound to ``remote_id``; ``None`` if it can."""
    if row.remote_id is not None and row.remote_id != remote_id:
        return Words(
            f"Produk ini sudah terhubung dengan {row.remote_id} di toko ini.",
            f"This product is bound to {row.remote_id} in this shop already.",
        )
    if row.claim is not None or row.under_way is not None or row.seeking is not None:
        return Words(
            "Produk ini sedang dikirim ke toko ini. Tunggu sampai selesai, lalu ulangi.",
            "This product is being sent to this shop just now. Wait until that is done, then try again.",
        )
    return None


def _remarks(group: Group, catalogue: Catalogue) -> None:
    if not group.decided(Decision.BIND):
        return
    if group.listing.status is Status.HIDDEN:
        group.rows[0].notes.append(
            Words(
                "Tersembunyi di toko, dan tetap begitu sampai `syncer publish`.",
                "It is hidden there, and stays so until `syncer publish`.",
            )
        )
    owner = catalogue.products.get(group.product_id or 0)
    bound = {row.variant_id for row in group.decided(Decision.BIND)}
    missing = [one.sku for one in owner.variants if one.id not in bound] if owner else []
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        group.rows[0].notes.append(
            Words(
                f"Belum ada di toko, dan ditambahkan setelah go-live: {shown}.",
                f"Not there yet, and added after go-live: {shown}.",
            )
        )


# --- bound already ----------------------------------------------------------------------------------------------


def _bound(connection: Connection, account_id: int, remote_ids: Sequence[str]) -> dict[str, Any]:
    """Return what is bound already, by remote id: the product, our variants by offer, and whether a person bound it."""
    found: dict[str, Any] = {}
    for part in batches(remote_ids):
        query = (
            select(listing.c.id, listing.c.remote_id, listing.c.product_id, product.c.handle)
            .join(product, product.c.id == listing.c.product_id)
            .where(and_(listing.c.account_id == account_id, listing.c.remote_id.in_(part)))
        )
        rows = connection.execute(query).all()
        ids = [row.id for row in rows]
        offers: dict[int, dict[str, int]] = {}
        for row in connection.execute(
            select(offer.c.listing_id, offer.c.remote_id, offer.c.variant_id).where(offer.c.listing_id.in_(ids))
        ):
            offers.setdefault(row.listing_id, {})[row.remote_id] = row.variant_id
        by_person = set(
            connection.execute(
                select(listing_event.c.listing_id).where(
                    and_(listing_event.c.listing_id.in_(ids), listing_event.c.kind == EVENT)
                )
            ).scalars()
        )
        for row in rows:
            found[row.remote_id] = (row, offers.get(row.id, {}), row.id in by_person)
    return found


def _taken(connection: Connection, account_id: int) -> set[int]:
    """Return the products that a listing of this account is bound to."""
    here = and_(listing.c.account_id == account_id, listing.c.remote_id.is_not(None))
    return set(connection.execute(select(listing.c.product_id).where(here)).scalars())


def _bound_group(found: RemoteListing, bound: Any, catalogue: Catalogue, account: Account) -> Group:
    row, offers, by_person = bound
    group = Group(found, [])
    for one in found.offers:
        variant_id = offers.get(one.remote_id)
        ours = catalogue.variants.get(variant_id or 0)
        group.rows.append(
            Row(
                found,
                one,
                variant_id=variant_id,
                product_id=row.product_id,
                handle=row.handle,
                sku=ours.sku if ours else "",
                score=100.0,
                by=By.BOUND,
                decision=Decision.BOUND,
                # Once it sends, the number there is ours: it opens nothing any more.
                may_open=by_person and account.mode is Mode.READ_ONLY and ours is not None,
            )
        )
    return group


# --- counts -----------------------------------------------------------------------------------------------------


def fill_counts(connection: Connection, plan: Plan) -> None:
    """Fill in what is on hand here, who opened a SKU already, and the opening count by the plan's rule."""
    ids = sorted({row.variant_id for row in plan.rows() if row.variant_id is not None})
    free = available(connection, ids, plan.account.location_id)
    counted, opened = _history(connection, ids)
    names = dict(connection.execute(select(account_table.c.id, account_table.c.name)).tuples().all())
    for row in plan.rows():
        if row.variant_id is not None:
            row.ours = free[row.variant_id] if row.variant_id in counted else None
            by = opened.get(row.variant_id, [])
            if plan.account.id in by:
                row.may_open, row.opened_here = False, True
            elif by:
                row.opened_by = names.get(by[0], "?")
        row.opening = opening_count(row, plan.rule)
        if row.opened_by and row.decision is not Decision.LEAVE and row.opening in (None, row.ours):
            row.notes.append(
                Words(
                    f"Sudah dihitung lewat {row.opened_by}: {row.ours}. Hitungan itu tetap, kecuali Anda memilih lain.",
                    f"Counted through {row.opened_by} already: {row.ours}. That stays, unless you choose otherwise.",
                )
            )


def opening_count(row: Row, rule: Opening | None) -> int | None:
    """Return the opening count by ``rule``; ``None``: nothing is written, our count stays as it is."""
    if rule is None or not row.may_open or row.decision is Decision.LEAVE:
        return None
    theirs, ours = row.offer.quantity, row.ours
    if theirs is None or theirs < 0:
        return None
    if ours is None:
        return None if rule is Opening.OURS else theirs
    if row.opened_by and rule is Opening.THEIRS:
        return max(ours, 0)
    chosen = {
        Opening.THEIRS: theirs,
        Opening.OURS: ours,
        Opening.LARGER: max(theirs, ours),
        Opening.SMALLER: min(theirs, ours),
        Opening.SUM: theirs + ours,
    }[rule]
    return max(chosen, 0)


def _history(connection: Connection, ids: Sequence[int]) -> tuple[set[int], Mapping[int, list[int]]]:
    """Return which variants were ever counted, and by which accounts each was opened."""
    counted: set[int] = set()
    opened: dict[int, list[int]] = {}
    for part in batches(ids):
        mine = stock_movement.c.variant_id.in_(part)
        counted |= set(connection.execute(select(stock_movement.c.variant_id).where(mine).distinct()).scalars())
        query = select(stock_movement.c.variant_id, stock_movement.c.reference).where(
            and_(mine, stock_movement.c.reason == Reason.OPENING.value, stock_movement.c.reference.startswith(OPENING))
        )
        for row in connection.execute(query.order_by(stock_movement.c.id)):
            account_id = row.reference.removeprefix(OPENING).partition(":")[0]
            if account_id.isdigit():
                opened.setdefault(row.variant_id, []).append(int(account_id))
    return counted, opened
