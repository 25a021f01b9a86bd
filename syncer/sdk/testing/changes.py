"""Checks of changes: every editable field alone, offers one by one, variants added and dropped, the stop ladder."""

from __future__ import annotations

from dataclasses import replace

from syncer.domain.listing import Status, WantedListing
from syncer.sdk.operations import Kind
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.builders import money, with_offer, without_offer
from syncer.sdk.testing.cases import PUBLISHES
from syncer.sdk.testing.checks import check
from syncer.sdk.testing.publishing import assert_shown
from syncer.sdk.testing.wishes import Wishes

_MOST_WRITES = 2


class ChangeChecks(Wishes):
    """Every editable field changed alone reaches the remote, and nothing more than needed is sent."""

    @check("{change} alone", PUBLISHES)
    def test_one_change(self, bench: Bench, change: str) -> None:
        axes = min(bench.info.max_axes, 1)
        before = self.listing(bench, axes=axes)
        after = self.change(bench, before, change)
        assert after != before
        bench.driver.converge(before)
        ids, writes = self.ids(bench, before), bench.writes()
        rendered, wanted = bench.driver.render(before), bench.driver.render(after)
        changed = {name for name in wanted.fields if wanted.fields[name] != rendered.fields.get(name)}
        assert wanted != rendered, f"a change of {change} is not rendered at all"
        same_shape = (wanted.offers, wanted.option_names) == (rendered.offers, rendered.option_names)
        if same_shape and not changed & set(bench.info.editable_fields):
            # The platform fixes it at creation, and the connector says so by leaving it out of editable_fields.
            assert not bench.driver.converge(after).operations
            return
        outcome = bench.driver.converge(after)
        assert_shown(bench, after, outcome)
        sent = bench.writes() - writes
        assert 1 <= sent <= _MOST_WRITES, f"one change took {sent} writes: {outcome.kinds}"
        assert self.ids(bench, after) == ids, "the change cost a variant its id"
        assert not bench.driver.converge(after).operations, "the change was sent twice"

    @check("one variant's price and stock leave the others alone", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_one_offer(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=1, variants=4)
        bench.driver.converge(wanted)
        remote_id = self.remote_id(bench, wanted)
        other = wanted.offers[2].sku
        bench.control.post("edit", {"remote_id": remote_id, "sku": other, "stock": 77})
        key = wanted.offers[0].key
        moved = with_offer(wanted, key, quantity=3, price=money(190_000, wanted.currency))
        for kind in (Kind.STOCK, Kind.PRICE):
            sent = kind if kind in bench.info.operations else Kind.UPDATE
            assert bench.driver.apply(bench.driver.operation(sent, moved, offers=[key])).error is None
        there = {offer["sku"]: offer["stock"] for offer in bench.control.listing(remote_id)["offers"]}
        assert there[wanted.offers[0].sku] == 3
        assert there[other] == 77, "a change of one variant wrote the number of another, which may have sold meanwhile"

    @check("a number written beside a SKU that was renamed", PUBLISHES)
    def test_number_proves_no_sku(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 1), variants=2)
        bench.driver.converge(wanted)
        key = wanted.offers[0].key
        renamed = with_offer(wanted, key, sku=f"{wanted.offers[0].sku}-B", quantity=3)
        if Kind.STOCK in bench.info.operations:
            assert bench.driver.apply(bench.driver.operation(Kind.STOCK, renamed, offers=[key])).error is None
        # Which SKU stands there is what a number proves nothing of: else the new one would never be sent.
        bench.driver.converge(renamed)
        there = {
            offer["sku"]: offer["stock"] for offer in bench.control.listing(self.remote_id(bench, wanted))["offers"]
        }
        assert there.get(renamed.offers[0].sku) == 3, f"the SKU was renamed, and the shop shows {sorted(there)}"

    @check("a variant added", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_add_variant(self, bench: Bench) -> None:
        whole = self.listing(bench, axes=1, variants=4)
        fewer = without_offer(whole, whole.offers[1].key)
        bench.driver.converge(fewer)
        ids = self.ids(bench, fewer)
        assert_shown(bench, whole, bench.driver.converge(whole))
        after = self.ids(bench, whole)
        assert {key: after[key] for key in ids} == ids, "the other variants lost their ids"

    @check("a variant dropped", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_drop_variant(self, bench: Bench) -> None:
        whole = self.listing(bench, axes=1, variants=4)
        fewer = without_offer(whole, whole.offers[1].key)
        bench.driver.converge(whole)
        ids = self.ids(bench, whole)
        assert_shown(bench, fewer, bench.driver.converge(fewer))
        after = self.ids(bench, fewer)
        assert after == {key: ids[key] for key in after}, "the other variants lost their ids"

    @check("a row of a second axis added and dropped", lambda c: PUBLISHES(c) and c.info.max_axes >= 2)
    def test_two_axes_change(self, bench: Bench) -> None:
        whole = self.listing(bench, axes=2, variants=6)
        fewer = replace(whole, offers=whole.offers[:4])
        bench.driver.converge(fewer)
        ids = self.ids(bench, fewer)
        assert_shown(bench, whole, bench.driver.converge(whole))
        after = self.ids(bench, whole)
        assert {key: after[key] for key in ids} == ids, "the other variants lost their ids"
        assert_shown(bench, fewer, bench.driver.converge(fewer))
        assert self.ids(bench, fewer) == ids

    @check("an axis added", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_add_axis(self, bench: Bench) -> None:
        marker = bench.marker()
        bench.driver.converge(self.listing(bench, marker=marker))
        remote_id = self.remote_id(bench, self.listing(bench, marker=marker))
        wanted = self.listing(bench, marker=marker, axes=1, variants=3)
        assert_shown(bench, wanted, bench.driver.converge(wanted))
        assert self.remote_id(bench, wanted) == remote_id, "the listing was replaced by another"
        assert len(bench.control.listings()) == 1

    @check("a second axis added", lambda c: PUBLISHES(c) and c.info.max_axes >= 2)
    def test_add_second_axis(self, bench: Bench) -> None:
        marker = bench.marker()
        bench.driver.converge(self.listing(bench, marker=marker, axes=1))
        wanted = self.listing(bench, marker=marker, axes=2)
        assert_shown(bench, wanted, bench.driver.converge(wanted))
        assert len(bench.control.listings()) == 1

    @check("stock and price go out though the content has a problem", PUBLISHES)
    def test_problem_holds_content_only(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        bench.driver.converge(wanted)
        remote_id = self.remote_id(bench, wanted)
        broken = replace(wanted, title="")
        assert bench.driver.render(broken).problems, "an empty title is a problem"
        outcome = bench.driver.converge(with_offer(broken, wanted.offers[0].key, quantity=1))
        there = bench.control.listing(remote_id)
        assert there["offers"][0]["stock"] == 1, f"the stock did not go out: {outcome.kinds}"
        assert there["title"] == bench.driver.render(wanted).fields["title"], "content with a problem went out"

    @check("each step of the stop ladder stops a sale", PUBLISHES)
    def test_stop_steps(self, bench: Bench) -> None:
        for step in bench.info.stop_ladder:
            wanted = self.listing(bench, axes=min(bench.info.max_axes, 1))
            bench.driver.converge(wanted)
            remote_id, key = self.remote_id(bench, wanted), wanted.offers[0].key
            stopped = with_offer(wanted, key, quantity=0) if step.kind is Kind.STOCK else wanted
            state = {Kind.STOCK: "live", Kind.HIDE: "hidden", Kind.DELETE: "deleted"}[step.kind]
            bench.driver.converge(stopped, state=state)
            there = bench.control.listing(remote_id)
            stock = {offer["sku"]: offer["stock"] for offer in there["offers"]}.get(wanted.offers[0].sku, 0)
            assert there["status"] in ("hidden", "deleted") or stock == 0, f"{step.kind} did not stop the sale"
            assert step.siblings or there["status"] == "live", f"{step.kind} stopped the siblings as well"
            if step.undo is not None:
                assert_shown(bench, wanted, bench.driver.converge(wanted))

    def remote_id(self, bench: Bench, wanted: WantedListing) -> str:
        """Return the channel's id of a listing that is there."""
        known = bench.driver.known(wanted.marker)
        assert known is not None
        assert known.status is not Status.DELETED
        return known.remote_id

    def ids(self, bench: Bench, wanted: WantedListing) -> dict[str, str]:
        """Return the channel's ids of a listing's offers by our keys, as a fresh read gives them."""
        bench.pass_time(bench.info.finding.read_lag_s)
        return {offer.key or offer.sku: offer.remote_id for offer in bench.driver.fetch(wanted).offers}
