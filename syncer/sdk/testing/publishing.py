"""Checks of rendering and of a listing's whole life: made, found, changed, hidden, shown, walked, removed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from syncer.domain.listing import RemoteListing, Rendered, Status, WantedListing
from syncer.domain.money import minor_digits
from syncer.sdk.contract import PICTURES, NeedsFacts, PublishesListings, ShowsPictures, UploadsPictures
from syncer.sdk.errors import ConnectorError, Gone, Recovery, Rejected
from syncer.sdk.operations import Kind, ListingRef
from syncer.sdk.testing import builders
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.builders import pictures, with_offer
from syncer.sdk.testing.cases import OVER, PUBLISHES
from syncer.sdk.testing.checks import check, implements
from syncer.sdk.testing.declaration import assert_told
from syncer.sdk.testing.difference import bind, differences, ref_of
from syncer.sdk.testing.driver import Outcome
from syncer.sdk.testing.wishes import Wishes

_MANY_PIECES = 900
_MOST_LISTINGS, _CHUNK, _WANTED_PAGES = 130, 15, 3


class RenderChecks(Wishes):
    """``render`` is pure, canonical, and finds what is over a limit before any call."""

    @check("render is pure", PUBLISHES)
    def test_render_pure(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 2))
        bench.driver.render(wanted)
        facts, untouched = copy.deepcopy(bench.driver.facts), copy.deepcopy(wanted)
        calls = len(bench.platform_calls())
        connector = bench.connector()
        first, second = connector.render(wanted, facts), bench.connector().render(wanted, facts)
        assert first == second == connector.render(wanted, facts), "equal input gave unequal output"
        assert wanted == untouched, "render changed its listing"
        assert facts == bench.driver.facts, "render changed its facts"
        assert len(bench.platform_calls()) == calls, "render made a call"

    @check("render is canonical", PUBLISHES)
    def test_render_canonical(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 2))
        rendered = bench.driver.render(wanted)
        assert not rendered.problems, f"a good listing has problems: {[p.words.en for p in rendered.problems]}"
        of_offers = [pair for offer in rendered.offers for pair in offer.fields.items()]
        for name, value in (*rendered.fields.items(), *of_offers):
            assert json.loads(json.dumps(value)) == value, f"the field {name!r} does not survive JSON: {value!r}"
        assert [offer.key for offer in rendered.offers] == [offer.key for offer in wanted.offers], (
            "offers must keep their keys"
        )
        for offer in rendered.offers:
            assert isinstance(offer.price, Decimal), "prices are Decimal"
            assert len(offer.option_values) == len(rendered.option_names)

    @check("render works before its facts are there", implements(PublishesListings, NeedsFacts))
    def test_render_without_facts(self, bench: Bench) -> None:
        rendered = bench.connector().render(self.listing(bench), {})
        assert isinstance(rendered, Rendered)
        assert not bench.platform_calls(), "render made a call"

    @check("facts are JSON and named purely", implements(PublishesListings, NeedsFacts))
    def test_facts_json(self, bench: Bench) -> None:
        wanted, connector = self.listing(bench), bench.connector()
        keys = list(connector.fact_keys(wanted))
        assert keys == list(connector.fact_keys(wanted))
        assert not bench.platform_calls(), "fact_keys made a call"
        for key in keys:
            fact = connector.fetch_fact(key)
            assert json.loads(json.dumps(fact)) == fact, f"the fact {key!r} is not JSON"

    @check("{over} over the limit", PUBLISHES)
    def test_over_limit(self, bench: Bench, over: str) -> None:
        """What is over a limit is a problem before any call; or it is shortened to what the channel then shows."""
        wanted = OVER[over][0](self.listing(bench, axes=1 if over in ("option value", "variants") else 0))
        rendered = bench.driver.render(wanted)
        if rendered.problems:
            for problem in rendered.problems:
                assert problem.words.id, f"{problem.code}: say it in Bahasa Indonesia"
                assert problem.words.en, f"{problem.code}: say it in English"
                assert problem.remedy.id, f"{problem.code}: name the remedy in Bahasa Indonesia"
                assert problem.remedy.en, f"{problem.code}: name the remedy in English"
            bench.driver.converge(wanted)
            assert bench.writes() == 0, "a listing with problems was sent"
            assert not bench.control.listings()
        else:
            assert_shown(bench, wanted, bench.driver.converge(wanted))


class PublishChecks(Wishes):
    """A listing's whole life, and the roads by which it is found again."""

    @check("create with {shape}", PUBLISHES)
    def test_create(self, bench: Bench, shape: str) -> None:
        wanted = self.shaped(bench, shape)
        outcome = bench.driver.converge(wanted)
        assert_shown(bench, wanted, outcome)
        assert outcome.kinds[0] is Kind.CREATE
        assert Kind.CREATE not in outcome.kinds[1:], "a listing was made twice"
        assert len(bench.control.listings()) == 1

    @check("a listing equal to the wish sends nothing", PUBLISHES)
    def test_nothing_changed(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 2))
        bench.driver.converge(wanted)
        writes = bench.writes()
        assert not bench.driver.converge(wanted).operations, "nothing changed, and something was sent"
        bench.driver.fetch(wanted)
        again = bench.driver.converge(wanted)
        assert not again.operations, f"a read shows something else than was rendered: {again.kinds}"
        assert bench.writes() == writes

    @check("a listing of ours is found again", PUBLISHES)
    def test_find(self, bench: Bench) -> None:
        mine, other = self.listing(bench, axes=min(bench.info.max_axes, 1)), self.listing(bench)
        there = bench.driver.converge(mine).listing
        assert there is not None
        bench.driver.converge(other)
        bench.pass_time(bench.info.finding.search_lag_s)
        found = bench.connector().find_listing(ref_of(mine))
        assert [listing.remote_id for listing in found] == [there.remote_id], "exactly this one listing must be found"
        assert found[0].marker in (mine.marker, "", None)

    @check("a listing is found by its only SKU", PUBLISHES)
    def test_find_sku(self, bench: Bench) -> None:
        self.find_by_sku(bench, self.listing(bench))

    @check("a listing is found by a variant's SKU", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_find_variant(self, bench: Bench) -> None:
        self.find_by_sku(bench, self.listing(bench, axes=1))

    def find_by_sku(self, bench: Bench, wanted: WantedListing) -> None:
        """Look for a listing by one of its SKUs alone, as for one that a person made there."""
        there = bench.driver.converge(wanted).listing
        assert there is not None
        bench.pass_time(bench.info.finding.search_lag_s)
        found = bench.connector().find_listing(ListingRef("kanari-tak-ada", (wanted.offers[-1].sku,)))
        assert [listing.remote_id for listing in found] == [there.remote_id]

    @check("a listing is found by its marker alone", PUBLISHES)
    def test_find_marker(self, bench: Bench) -> None:
        self.find_by_marker(bench, self.listing(bench))

    @check("a listing with variants is found by its marker alone", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_find_marker_variants(self, bench: Bench) -> None:
        self.find_by_marker(bench, self.listing(bench, axes=1))

    def find_by_marker(self, bench: Bench, wanted: WantedListing) -> None:
        """Look for a listing whose SKUs are others by now, as after a person renamed them there or here."""
        there = bench.driver.converge(wanted).listing
        assert there is not None
        bench.pass_time(bench.info.finding.search_lag_s)
        renamed = tuple(f"{offer.sku}-BARU" for offer in wanted.offers)
        found = bench.connector().find_listing(ListingRef(wanted.marker, renamed))
        assert [(listing.remote_id, listing.marker) for listing in found] == [(there.remote_id, wanted.marker)], (
            "a listing that carries the marker must be found by it, with SKUs that are not there: after a lost create"
            " it would be made again"
        )

    @check("what is not there is not found", PUBLISHES)
    def test_find_nothing(self, bench: Bench) -> None:
        bench.driver.converge(self.listing(bench))
        assert not list(bench.connector().find_listing(ListingRef("kanari-tak-ada", ("KANARI-TAK-ADA-1",))))

    @check("an id with signs in it stays one part of an address", PUBLISHES)
    def test_id_in_address(self, bench: Bench) -> None:
        client = bench.client()
        strange = "kanari/../9?x=1&y#z"
        try:
            bench.connector_type(bench.options, bench.context(client)).fetch_listing(strange)
        except ConnectorError as error:
            bench.driver.errors.append(error)
        for url in client.urls:
            parts = urlsplit(url)
            assert "kanari/" not in parts.path, f"{parts.path}: an id leads elsewhere; quote(id, safe='') it"
            assert "z" not in parts.fragment, "an id ends the address; quote(id, safe='') it"
            assert ("x", "1") not in parse_qsl(parts.query), "an id adds to the query; quote(id, safe='') it"

    @check("withdrawn and brought back", PUBLISHES)
    def test_hide_and_show(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 1))
        before = bench.driver.converge(wanted).listing
        assert before is not None
        writes = bench.writes()
        assert_shown(bench, wanted, bench.driver.converge(wanted, state="hidden"), live=False)
        assert bench.writes() - writes == 1, "hiding takes one write"
        after = bench.driver.converge(wanted)
        assert_shown(bench, wanted, after)
        assert bench.writes() - writes == 2, "showing takes one write"
        assert _ids(after) == {offer.key: offer.remote_id for offer in before.offers}, "ids changed"

    @check("deleted for good", lambda c: PUBLISHES(c) and Kind.DELETE in c.info.operations)
    def test_delete(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        there = bench.driver.converge(wanted).listing
        assert there is not None
        outcome = bench.driver.converge(wanted, state="deleted")
        assert outcome.kinds == [Kind.DELETE]
        assert not bench.control.listings()
        bench.pass_time(bench.info.finding.read_lag_s + bench.info.finding.search_lag_s)
        with pytest.raises(Gone) as caught:
            bench.connector().fetch_listing(there.remote_id)
        assert_told(caught.value)
        alive = [o for o in bench.connector().find_listing(ref_of(wanted)) if o.status is not Status.DELETED]
        assert not alive, "a deleted listing is still found"
        bench.driver.forget(wanted.marker)
        assert_shown(bench, wanted, bench.driver.converge(wanted))

    @check("deleted there by a person", PUBLISHES)
    def test_gone(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        there = bench.driver.converge(wanted).listing
        assert there is not None
        bench.control.post(f"items/{there.remote_id}", {"status": "deleted"})
        with pytest.raises(ConnectorError) as caught:
            bench.driver.converge(with_offer(wanted, wanted.offers[0].key, quantity=1))
        assert caught.value.recovery is Recovery.GONE, f"{caught.value!r}: a person decides, it is never made again"
        assert not bench.control.listings(), "a listing that a person deleted was made again"

    @check("rejected there, with the reason", PUBLISHES)
    def test_rejected(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        there = bench.driver.converge(wanted).listing
        assert there is not None
        bench.control.post(f"items/{there.remote_id}", {"status": "rejected", "reason": "kanari alasan"})
        bench.pass_time(bench.info.finding.read_lag_s)
        found = bench.connector().fetch_listing(there.remote_id)
        assert found.status is Status.REJECTED, f"the status is {found.status}"
        assert found.reasons, "a rejected listing says why"
        assert all(words.id and words.en for words in found.reasons)

    @check("what a person changed there is seen", PUBLISHES)
    def test_drift(self, bench: Bench) -> None:
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 1))
        there = bench.driver.converge(wanted).listing
        assert there is not None
        sku = wanted.offers[0].sku
        bench.control.post("edit", {"remote_id": there.remote_id, "sku": sku, "stock": 2})
        bench.control.post("edit", {"remote_id": there.remote_id, "title": "Mangkuk yang lain sekali"})
        bench.pass_time(bench.info.finding.read_lag_s)
        seen = bench.driver.fetch(wanted)
        assert seen.fields["title"] == "Mangkuk yang lain sekali"
        assert [offer.quantity for offer in seen.offers if offer.sku == sku] == [2]
        assert_shown(bench, wanted, bench.driver.converge(wanted))

    @check("pages", PUBLISHES)
    def test_pages(self, bench: Bench) -> None:
        """A walk meets every listing once, across the pages' edges."""
        made: dict[str, WantedListing] = {}
        pages: list[int] = []
        while len(pages) < _WANTED_PAGES and len(made) < _MOST_LISTINGS:
            for _ in range(_CHUNK):
                wanted = self.listing(bench, pictures=pictures(0), live=len(made) % 5 != 0)
                outcome = bench.driver.converge(wanted)
                assert outcome.listing is not None
                made[outcome.listing.remote_id] = wanted
            bench.pass_time(bench.info.finding.search_lag_s)
            seen, pages = walk(bench)
        assert len(seen) == len({listing.remote_id for listing in seen}), "a listing was met twice"
        assert {listing.remote_id for listing in seen} == set(made), "listings are missing, or strange"
        for listing in seen:
            wanted = made[listing.remote_id]
            assert listing.status is (Status.LIVE if wanted.live else Status.HIDDEN)
            assert [offer.sku for offer in listing.offers] == [offer.sku for offer in wanted.offers]
        assert len(pages) > 1, f"{len(made)} listings came on one page: no page's edge was crossed"

    @check("a walk of an empty shop ends", PUBLISHES)
    def test_no_pages(self, bench: Bench) -> None:
        assert walk(bench)[0] == []

    @check("a picture is uploaded once", implements(PublishesListings, UploadsPictures))
    def test_pictures(self, bench: Bench) -> None:
        file = builders.picture_file(7)
        first = bench.connector().upload_picture(file.data, file.mime, file.name)
        assert isinstance(first, str)
        assert first
        wanted = self.listing(bench, pictures=pictures(0, 1, 2))
        bench.driver.converge(wanted)
        uploads = bench.uploads()
        bench.driver.converge(self.listing(bench, pictures=pictures(2, 0)))
        assert bench.uploads() == uploads, "a picture that is there was uploaded again"
        assert [len(listing["images"]) for listing in bench.control.listings()] == [3, 2]

    @check("photos reach the platform", PUBLISHES)
    def test_photos_arrive(self, bench: Bench) -> None:
        """Bare names of files prove nothing: the platform must have got the photos, or know where to fetch them."""
        wanted = self.listing(bench, pictures=pictures(2, 0, 1))
        there = bench.driver.converge(wanted).listing
        assert there is not None
        shown = [str(image) for image in bench.control.listing(there.remote_id)["images"]]
        assert len(set(shown)) == len(wanted.pictures), f"3 photos are wanted, and there are {shown}"
        for image in shown:
            assert _has_photo(bench, image), (
                f"no shop could show the photo {image!r}: it is neither an address (https) nor something uploaded that"
                " the sandbox's file() gives back; upload it (UploadsPictures), or send where it can be fetched"
            )

    @check("a broken picture is refused in plain words", implements(PublishesListings, UploadsPictures))
    def test_broken_picture(self, bench: Bench) -> None:
        with pytest.raises(Rejected) as caught:
            bench.connector().upload_picture(b"not a picture", "image/jpeg", "x.jpg")
        assert_told(caught.value)

    @check("a listing's pictures can be fetched", implements(PublishesListings, ShowsPictures))
    def test_picture_addresses(self, bench: Bench) -> None:
        there = bench.driver.converge(self.listing(bench, pictures=pictures(2, 0, 1))).listing
        assert there is not None
        bench.pass_time(bench.info.finding.read_lag_s)
        connector = bench.connector()
        seen = connector.fetch_listing(there.remote_id)
        found = connector.picture_addresses(there.remote_id)
        assert list(found) == seen.fields[PICTURES], "the addresses must stand in the listing's order, by its own ids"
        assert len(set(found.values())) == 3, "every picture has an address of its own"
        for url in found.values():
            assert bench.client().call("GET", url, operation="kanari.picture", write=False).body, f"{url} is empty"


def walk(bench: Bench) -> tuple[list[RemoteListing], list[int]]:
    """Return all listings of the account and the pages' sizes."""
    connector, cursor, seen, pages, cursors = bench.connector(), None, [], [], set()
    while True:
        page = connector.fetch_listings(cursor)
        seen += page.listings
        pages.append(len(page.listings))
        cursor = page.cursor
        if cursor is None:
            return seen, pages
        assert cursor not in cursors, "a cursor came twice: the walk would never end"
        cursors.add(cursor)


def assert_shown(bench: Bench, wanted: WantedListing, outcome: Outcome, *, live: bool | None = None) -> None:
    """Assert that the platform shows ``wanted``: by a fresh connector's read, and by the sandbox's own account."""
    assert not outcome.problems, f"problems: {[problem.words.en for problem in outcome.problems]}"
    assert outcome.listing is not None, "the listing was not made"
    is_live = wanted.live if live is None else live
    bench.pass_time(bench.info.finding.read_lag_s)
    seen = bind(bench.connector().fetch_listing(outcome.listing.remote_id), outcome.listing, wanted)
    rendered = replace(outcome.rendered, live=is_live)
    assert not differences(bench.info, rendered, seen), differences(bench.info, rendered, seen)
    for name, value in rendered.fields.items():
        assert seen.fields.get(name) == value, f"{name}: {value!r} rendered, {seen.fields.get(name)!r} read back"
    assert seen.status is (Status.LIVE if is_live else Status.HIDDEN), f"the status is {seen.status}"
    there = bench.control.listing(outcome.listing.remote_id)
    assert there["status"] == ("live" if is_live else "hidden")
    assert there["title"] == rendered.fields["title"]
    assert len(there["images"]) == len(rendered.fields.get(PICTURES, wanted.pictures)), "the number of pictures differs"
    assert _offers_there(there) == {offer.sku: (offer.price, offer.quantity) for offer in rendered.offers}
    assert {offer["currency"] for offer in there["offers"]} == {wanted.currency}
    step = Decimal(1).scaleb(-minor_digits(wanted.currency))
    for offer, wish in zip(rendered.offers, wanted.offers, strict=True):
        # The platform may round a price, and show at most so many pieces; anything else is another offer.
        assert abs(offer.price - wish.price) < step, f"{wish.sku}: {wish.price} wanted, {offer.price} shown"
        assert offer.quantity == wish.quantity or _MANY_PIECES < offer.quantity < wish.quantity


def _has_photo(bench: Bench, image: str) -> bool:
    """Return whether what stands in ``images`` leads to a photo: an address elsewhere is believed."""
    base = f"{bench.running.base_url}/file/"
    parts = urlsplit(image)
    if parts.scheme and not image.startswith(base):
        return parts.scheme == "https" and "." in (parts.hostname or "") and len(parts.path) > 1
    found = bench.running.sandbox.file(unquote(image.removeprefix(base)))
    return found is not None and found[1].startswith("image/") and bool(found[0])


def _offers_there(there: dict[str, Any]) -> dict[str, tuple[Decimal, int]]:
    return {offer["sku"]: (Decimal(str(offer["price"])), offer["stock"]) for offer in there["offers"]}


def _ids(outcome: Outcome) -> dict[str | None, str]:
    assert outcome.listing is not None
    return {offer.key: offer.remote_id for offer in outcome.listing.offers}
