"""The connectors of the benchmarks: two platforms that differ in the shape of a call only.

``bench_many`` takes 50 offers of any listings a call, ``bench_one`` offers of one listing a call. They are installed
for the daemon as a stranger's package is: :func:`install` writes the metadata that pip would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Rendered, RenderedOffer, Status, WantedListing
from syncer.domain.words import Words
from syncer.sdk.contract import BatchShape, Budget, BudgetKind, Context, Finding, Identity, Info
from syncer.sdk.errors import RateLimited, Transient
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options

OFFERS_A_CALL = 50
DISTRIBUTION = "syncer-bench"


class BenchOptions(Options):
    """``kind`` "none": the limit is not known beforehand."""

    base_url: str = "http://127.0.0.1:9"
    shop: str = "kios"
    kind: str = "none"
    calls: int = 1000
    per_s: float = 1.0


class ManyListings:
    """Up to 50 offers of any listings a call."""

    info: ClassVar[Info] = Info(
        name="bench_many",
        label="Bench",
        currencies=("IDR",),
        operations=frozenset(Kind),
        batches={Kind.STOCK: BatchShape(OFFERS_A_CALL, OFFERS_A_CALL)},
        finding=Finding(search_lag_s=1.0, late_write_s=1.0, read_lag_s=0.1, strong=True),
        editable_fields=("title", "description"),
        concurrency=12,
    )
    options_type: ClassVar[type[Options]] = BenchOptions

    def __init__(self, options: Options, context: Context) -> None:
        assert isinstance(options, BenchOptions)
        self._options, self._http = options, context.http
        self._made: dict[str, RemoteListing] = {}

    def check(self) -> Identity:
        return Identity(self._options.shop, self._options.shop, currency="IDR", test_shop=True)

    def budgets(self) -> Sequence[Budget]:
        one = self._options
        if one.kind == "none":
            return ()
        return (Budget("all", f"bench:{one.shop}", BudgetKind(one.kind), one.calls, one.per_s),)

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        offers = tuple(RenderedOffer(o.key, o.sku, o.price, o.quantity, o.option_values) for o in listing.offers)
        fields = {"title": listing.title, "description": listing.description}
        return Rendered(fields, offers, listing.option_names, listing.live)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        kind = batch[0].kind
        items = []
        for operation in batch:
            wanted = operation.rendered.offers
            items += [(o.sku, o.quantity) for o in wanted if kind is not Kind.STOCK or o.key in operation.offers]
        answer = self._http.call(
            "POST",
            f"{self._options.base_url}/{self._options.shop}/{kind.value}",
            operation=kind.value,
            write=True,
            json={"items": items},
        )
        if answer.status == 429:
            words = Words("Terlalu cepat.", "Too fast.")
            return [Result(error=RateLimited("rate", words))] * len(batch)
        if answer.status != 200:
            return [Result(error=Transient("status", Words("Gagal.", "Failed.")))] * len(batch)
        results = [_proved(operation) for operation in batch]
        if kind is Kind.CREATE:
            self._made |= {one.proved.remote_id: one.proved for one in results if one.proved is not None}
        return results

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        return ()

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        """Make the call; the answer is what this connector has written there, since nobody else does."""
        url = f"{self._options.base_url}/{self._options.shop}/read"
        if self._http.call("GET", url, operation="read", write=False).status != 200:
            raise RateLimited("rate", Words("Terlalu cepat.", "Too fast."))
        return self._made[remote_id]

    def fetch_listings(self, cursor: str | None) -> Page:
        return Page(())


class OneListing(ManyListings):
    """Offers of one listing a call."""

    info: ClassVar[Info] = replace(
        ManyListings.info, name="bench_one", batches={Kind.STOCK: BatchShape(1, OFFERS_A_CALL)}
    )


def _proved(operation: Operation) -> Result:
    wanted, kind = operation.rendered, operation.kind
    if kind is Kind.STOCK:
        by_key = {o.key: o.remote_id for o in operation.known.offers} if operation.known else {}
        offers = tuple(
            RemoteOffer(by_key[o.key], o.sku, quantity=o.quantity, key=o.key)
            for o in wanted.offers
            if o.key in operation.offers
        )
        return Result(RemoteListing(operation.remote_id, offers=offers))
    offers = tuple(
        RemoteOffer(f"o{o.key}", o.sku, o.price, o.quantity, o.option_values, o.fields, o.key) for o in wanted.offers
    )
    found = RemoteListing(
        operation.remote_id or f"r-{operation.ref.marker}",
        Status.LIVE,
        operation.ref.marker,
        wanted.fields,
        wanted.option_names,
        offers,
        True,
    )
    return Result(found)


def install(folder: Path) -> None:
    """Write the metadata of an installed package with these connectors into ``folder``."""
    info = folder / "syncer_bench-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"bench_many = {__name__}:ManyListings", f"bench_one = {__name__}:OneListing"]
    (info / "entry_points.txt").write_text("\n".join(["[syncer.connectors]", *lines, ""]), encoding="utf-8")


def load(name: str) -> type[ManyListings]:
    """Return the connector class of that name, for ``Deps.load``."""
    return {"bench_many": ManyListings, "bench_one": OneListing}[name]
