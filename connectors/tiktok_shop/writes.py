"""One remote write for one operation, and what its answer proves (tiktok_shop.md 8 to 11)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from connectors.tiktok_shop import body, codes, errors, read, variants
from connectors.tiktok_shop.client import Reply, TiktokClient, in_path
from connectors.tiktok_shop.look import Reader
from connectors.tiktok_shop.options import TIKTOK_SHOP, TiktokShopOptions
from connectors.tiktok_shop.shop import Shop
from connectors.tiktok_shop.standing import DRAFT, LIVE, Standing, standing
from syncer.domain.listing import Json, RemoteListing, RemoteOffer, RenderedOffer, Status
from syncer.domain.words import Words
from syncer.sdk.errors import Blocked, ConnectorError, Gone, OutcomeUnknown, Rejected, Transient
from syncer.sdk.operations import Kind, ListingRef, Operation, Result
from syncer.sdk.wire import Object, as_object, objects, text

_PRODUCTS = "/product/202309/products"
_EDIT = "/product/202509/products/"
_STATE = codes.STATE.words
_USED_ID, _WAREHOUSE = codes.USED_ID.words, codes.WAREHOUSE.words


class Writer:
    """Writes products of one shop."""

    def __init__(self, client: TiktokClient, shop: Shop, reader: Reader, options: TiktokShopOptions) -> None:
        self._client = client
        self._shop = shop
        self._reader = reader
        self._options = options

    def apply(self, batch: Sequence[Operation]) -> list[Result]:
        """Apply a batch of one kind; one result per operation in the same order."""
        kind = batch[0].kind
        if kind in (Kind.HIDE, Kind.DELETE):
            return self._states(batch, kind)
        one = {
            Kind.CREATE: self._create,
            Kind.UPDATE: self._update,
            Kind.RESHAPE: self._reshape,
            Kind.PRICE: self._price,
            Kind.STOCK: self._stock,
            Kind.SHOW: self._show,
        }[kind]
        return [self._one(operation, one) for operation in batch]

    def _one(self, operation: Operation, write: Callable[[Operation], Result]) -> Result:
        try:
            return self._settled(operation, write(operation))
        except (Blocked, Gone) as error:
            return self._settled(operation, Result(error=error))

    # Create

    def _create(self, operation: Operation) -> Result:
        """Make a product with all its SKUs in one call.

        Hidden, or with a count of 0 (which isn't taken here: sheet 8), it is made as a draft that nobody sees; the
        counts are set right, and SHOW lists it.
        """
        rendered = operation.rendered
        draft = not rendered.live or any(offer.quantity < 1 for offer in rendered.offers)
        key = operation.key or str(uuid.uuid4())
        sent = body.create(operation, warehouse_id=self._shop.warehouse(), key=key, draft=draft)
        reply = self._write("POST", _PRODUCTS, "product.create", sent)
        if isinstance(reply.error, Blocked) and reply.error.words == _USED_ID:
            raise self._used_id(operation, reply.error)
        reply.ensure()
        product_id = text(reply.data.get("product_id"))
        if not product_id:
            raise OutcomeUnknown(
                "no_product_id",
                Words("TikTok Shop menjawab tanpa nomor produk.", "TikTok Shop answered without a product id."),
            )
        made = tuple(
            RemoteOffer("", offer.sku, offer.price, max(1, offer.quantity), offer.option_values, {}, offer.key)
            for offer in rendered.offers
        )
        offers = variants.with_ids(made, reply.rows("skus"))
        # A warning says that something was dropped, such as a brand (sheet 8): then only a read proves the content.
        proved = RemoteListing(
            product_id,
            Status.HIDDEN if draft else Status.REVIEW,
            operation.ref.marker,
            {} if reply.rows("warnings") else dict(rendered.fields),
            rendered.option_names,
            offers or (),
            offers_complete=offers is not None,
            extra={"platforms": dict.fromkeys(self._options.shown_on, DRAFT if draft else "PENDING")},
        )
        if offers is None:
            return Result(proved, check_after_s=0.0)
        return Result(proved, check_after_s=None if draft else self._options.review_check_s)

    def _used_id(self, operation: Operation, error: ConnectorError) -> ConnectorError:
        """Our number is in use: by this very product, if an earlier answer was lost (sheet 15)."""
        ref = ListingRef(operation.ref.marker, operation.ref.skus)
        if any(found.marker == ref.marker for found in self._reader.find(ref)):
            return OutcomeUnknown(error.code, error.words)
        error.after_s = max(error.after_s or 0.0, self._options.search_lag_s)
        return error

    # Content

    def _update(self, operation: Operation) -> Result:
        names = [name for name in operation.fields if name in body.EDITABLE and name in operation.rendered.fields]
        if not names:
            return Result(RemoteListing(operation.remote_id), check_after_s=0.0)
        names += [name for name in self._refused_with(operation) if name not in names]
        if body.needs_full(names, operation.rendered):
            return self._full_update(operation, names)
        sent: dict[str, Json] = {"save_mode": self._save_mode(operation), "listing_platforms": self._platforms()}
        for name in names:
            sent |= body.field(name, operation.rendered.fields)
        path = f"{_EDIT}{in_path(operation.remote_id)}/partial_edit"
        return self._edited(operation, sent, self._write("POST", path, "product.partial_edit", sent).ensure(), names)

    def _refused_with(self, operation: Operation) -> list[str]:
        """Return what the last edit carried, if it was refused: the next one starts from the version before it.

        That is what we know as sent, and want still; without it the old values would be there again.
        """
        known = operation.known
        if known is None or not known.extra.get(read.REFUSED):
            return []
        wanted = operation.rendered.fields
        return [name for name in body.EDITABLE if name in wanted and known.fields.get(name) == wanted[name]]

    def _full_update(self, operation: Operation, names: Sequence[str]) -> Result:
        product = self._reader.product(operation.remote_id)
        sent = body.whole_product(product, self._platforms(), draft=self._stays_draft(operation, standing(product)))
        sent = body.with_fields(sent, names, operation.rendered)
        if {"pre_order_days", "option_images"} & set(names):
            sent["skus"] = variants.rebuilt(operation, product, names)
        reply = self._write("PUT", f"{_EDIT}{in_path(operation.remote_id)}", "product.edit", sent).ensure()
        if "option_images" in names and not variants.same_axes(operation.rendered, product):
            # Other options stand there than we knew: their pictures were left alone, and a look shows what there is.
            written = self._edited(operation, sent, reply, [name for name in names if name != "option_images"])
            return replace(written, check_after_s=0.0)
        return self._edited(operation, sent, reply, names)

    def _reshape(self, operation: Operation) -> Result:
        """Write the SKUs by a full edit: only there may the prices and counts of those that stay be left out."""
        product = self._reader.product(operation.remote_id)
        names = operation.rendered.option_names
        again = self._refused_with(operation)
        days = operation.rendered.fields["pre_order_days"] if "pre_order_days" in again else None
        step = variants.step(operation, product, self._shop.warehouse(), days)
        if step is None:
            offers = variants.unchanged(operation, product)
            return Result(RemoteListing(operation.remote_id, option_names=names, offers=offers, offers_complete=True))
        sent = body.whole_product(product, self._platforms(), draft=self._stays_draft(operation, standing(product)))
        sent = {**body.with_fields(sent, again, operation.rendered), "skus": step.rows}
        reply = self._write("PUT", f"{_EDIT}{in_path(operation.remote_id)}", "product.edit", sent).ensure()
        offers_there = variants.with_ids(step.offers, reply.rows("skus"))
        if offers_there is None:
            status = self._status(operation, sent, reply)
            return Result(RemoteListing(operation.remote_id, status), check_after_s=0.0)
        fields = {"option_images": operation.rendered.fields["option_images"]}
        proved = RemoteListing(
            operation.remote_id,
            self._status(operation, sent, reply),
            fields=fields,
            option_names=names,
            offers=offers_there,
            offers_complete=True,
            extra={read.REFUSED: False},
        )
        return Result(proved, check_after_s=self._options.review_check_s)

    def _edited(self, operation: Operation, sent: Mapping[str, Json], reply: Reply, names: Sequence[str]) -> Result:
        written = {} if reply.rows("warnings") else {name: operation.rendered.fields[name] for name in names}
        status = self._status(operation, sent, reply)
        proved = RemoteListing(operation.remote_id, status, fields=written, extra={read.REFUSED: False})
        return Result(proved, check_after_s=self._options.review_check_s)

    def _status(self, operation: Operation, sent: Mapping[str, Json], reply: Reply) -> Status | None:
        """Return REVIEW if the edit went to review, else ``None``: the status isn't known from the answer then.

        Every edit of content is reviewed unless it is saved as a draft (sheet 9). The answer's ``audit`` speaks of
        TikTok Shop alone (sheet 11), so its silence, or another word in it, proves nothing where Tokopedia reviews,
        too. Whether an edit lists a product again that was taken off isn't documented: there only AUDITING proves it.
        """
        audit = text(as_object(reply.data.get("audit")).get("status"))
        if audit == "AUDITING":
            return Status.REVIEW
        hidden = operation.known is not None and operation.known.status is Status.HIDDEN
        if sent["save_mode"] != body.LISTING or hidden:
            return None
        return None if audit and self._options.shown_on == (TIKTOK_SHOP,) else Status.REVIEW

    def _save_mode(self, operation: Operation) -> str:
        """Return how an edit is saved: a draft stays one until SHOW lists it."""
        known = operation.known
        if known is None or known.status is not Status.HIDDEN:
            return body.LISTING
        where = self._reader.standing(operation.remote_id)
        return body.AS_DRAFT if self._stays_draft(operation, where) else body.LISTING

    def _stays_draft(self, operation: Operation, where: Standing) -> bool:
        """Return whether an edit is saved as a draft. Raises Blocked if it would put up what is to stay hidden.

        Edits of a product that was taken off list it again, as far as the documents tell (sheet 9).
        """
        if where.status is Status.HIDDEN and not where.draft and not operation.rendered.live:
            words = Words(
                "Produk tersembunyi diubah saat tampil lagi.", "A hidden product is edited when it shows again."
            )
            raise Blocked("hidden", words, after_s=3600.0)
        return where.draft

    def _platforms(self) -> list[str]:
        """Return the storefronts of the account. They are named in every edit: left out, others would count."""
        return list(self._options.shown_on)

    # Price and stock

    def _price(self, operation: Operation) -> Result:
        """Write prices; of a product that isn't live by a full edit, since the cheap road takes live ones only."""
        known = operation.known
        wanted, ids, unknown = self._wanted_offers(operation)
        if not wanted:
            return Result(offer_errors=unknown)
        if known is not None and known.status is Status.HIDDEN:
            where = self._reader.product(operation.remote_id)
            if LIVE not in standing(where).platforms.values():
                return self._price_by_edit(operation, where, wanted, ids, unknown)
        rows = [{"id": ids[offer.key], "price": body.price(offer)} for offer in wanted]
        path = f"{_PRODUCTS}/{in_path(operation.remote_id)}/prices/update"
        reply = self._write("POST", path, "product.price", {"skus": rows})
        return self._offers_written(operation, reply, wanted, ids, unknown)

    def _price_by_edit(
        self,
        operation: Operation,
        product: Object,
        wanted: Sequence[RenderedOffer],
        ids: Mapping[str, str],
        unknown: Mapping[str, ConnectorError],
    ) -> Result:
        prices = {ids[offer.key]: body.price(offer) for offer in wanted}
        sent = body.whole_product(product, self._platforms(), draft=self._stays_draft(operation, standing(product)))
        sent["skus"] = [
            {**row, "price": prices[row["id"]]} if row["id"] in prices else row for row in objects(sent["skus"])
        ]
        reply = self._write("PUT", f"{_EDIT}{in_path(operation.remote_id)}", "product.edit", sent)
        result = self._offers_written(operation, reply, wanted, ids, unknown)
        if result.proved is None:
            return result
        proved = replace(result.proved, status=self._status(operation, sent, reply))
        return replace(result, proved=proved, check_after_s=self._options.review_check_s)

    def _stock(self, operation: Operation) -> Result:
        """Write counts: absolute numbers, of every warehouse that a SKU is in and of no other (sheet 10)."""
        wanted, ids, unknown = self._wanted_offers(operation)
        if not wanted:
            return Result(offer_errors=unknown)
        several = as_object(operation.known.extra.get("warehouses")) if operation.known else {}
        there = self._reader.stock(operation.remote_id) if several and self._options.warehouse_id else {}
        rows = [
            {"id": ids[offer.key], "inventory": self._inventory(offer.quantity, ids[offer.key], several, there)}
            for offer in wanted
        ]
        path = f"{_PRODUCTS}/{in_path(operation.remote_id)}/inventory/update"
        reply = self._write("POST", path, "product.stock", {"skus": rows})
        return self._offers_written(operation, reply, wanted, ids, unknown)

    def _inventory(
        self, quantity: int, sku_id: str, several: Mapping[str, Json], there: Mapping[str, list[Object]]
    ) -> list[dict[str, Json]]:
        """Return one SKU's counts. With an own warehouse set, those in others are sent as they are, else as 0."""
        mine = self._shop.warehouse()
        others = [key for key in several.get(sku_id, ()) if key != mine]
        counts = {text(row.get("warehouse_id")): row.get("quantity") or 0 for row in there.get(sku_id, ())}
        rest = [{"warehouse_id": key, "quantity": counts.get(key, 0)} for key in others]
        return [{"warehouse_id": mine, "quantity": quantity}, *rest]

    def _wanted_offers(
        self, operation: Operation
    ) -> tuple[list[RenderedOffer], dict[str, str], dict[str, ConnectorError]]:
        """Return the offers to write, the SKU ids of all that are there, and errors for those that aren't."""
        known = operation.known.offers if operation.known else ()
        ids = {offer.key: offer.remote_id for offer in known if offer.key and offer.remote_id}
        wanted = [offer for offer in operation.rendered.offers if offer.key in operation.offers]
        unknown: dict[str, ConnectorError] = {o.key: _unknown_variant(o) for o in wanted if o.key not in ids}
        return [offer for offer in wanted if offer.key in ids], ids, unknown

    def _offers_written(
        self,
        operation: Operation,
        reply: Reply,
        wanted: Sequence[RenderedOffer],
        ids: Mapping[str, str],
        unknown: Mapping[str, ConnectorError],
    ) -> Result:
        """Read an answer whose ``data.errors`` may name single SKUs, in spite of code 0 (sheet 5, 10)."""
        if reply.error is not None:
            return Result(error=self._warehouse_checked(reply.error), offer_errors=unknown)
        failed = {text(as_object(row.get("detail")).get("sku_id")): row for row in reply.rows_failed}
        found, proved = dict(unknown), []
        nameless = failed.pop("", None)
        for offer in wanted:
            row = failed.get(ids[offer.key])
            if row is not None:
                error = errors.row_error(row, request_id=reply.request_id, sku=offer.sku)
                found[offer.key] = self._warehouse_checked(error)
            elif nameless is not None:
                found[offer.key] = _not_named(offer)
            else:
                price = offer.price if operation.kind is Kind.PRICE else None
                quantity = offer.quantity if operation.kind is Kind.STOCK else None
                # No SKU: it may have been renamed here, and not there.
                proved.append(RemoteOffer(ids[offer.key], "", price, quantity, key=offer.key))
        there = RemoteListing(operation.remote_id, offers=tuple(proved)) if proved else None
        return Result(there, offer_errors=found)

    def _warehouse_checked(self, error: ConnectorError) -> ConnectorError:
        if error.words == _WAREHOUSE:
            self._shop.forget_warehouse()
        return error

    # On and off sale

    def _show(self, operation: Operation) -> Result:
        """List a product: a draft by an edit, one that was taken off by activating it. Both go to review."""
        where = self._reader.standing(operation.remote_id)
        if where.status is not Status.HIDDEN:
            return Result(RemoteListing(operation.remote_id, where.status), check_after_s=self._options.review_check_s)
        platforms = self._platforms()
        if where.draft:
            title = body.field("title", operation.rendered.fields)
            sent = {"save_mode": body.LISTING, "listing_platforms": platforms, **title}
            path = f"{_EDIT}{in_path(operation.remote_id)}/partial_edit"
            self._write("POST", path, "product.partial_edit", sent).ensure()
        else:
            sent = {"product_ids": [operation.remote_id], "listing_platforms": platforms}
            reply = self._write("POST", f"{_PRODUCTS}/activate", "product.activate", sent).ensure()
            for row in reply.rows_failed:
                return Result(error=errors.row_error(row, request_id=reply.request_id))
        proved = RemoteListing(operation.remote_id, Status.REVIEW)
        return Result(proved, check_after_s=self._options.review_check_s)

    def _states(self, batch: Sequence[Operation], kind: Kind) -> list[Result]:
        """Hide or delete up to 20 products in one call, each with its own result (sheet 11).

        Hiding names every storefront where the product may be: without that it would hit TikTok Shop alone. One call
        has one such list; products with another one follow in the next call.
        """
        platforms = self._hide_from(batch[0])
        now = [operation for operation in batch if kind is Kind.DELETE or self._hide_from(operation) == platforms]
        ids = [operation.remote_id for operation in now]
        if kind is Kind.DELETE:
            reply = self._write("DELETE", _PRODUCTS, "product.delete", {"product_ids": ids})
        else:
            sent = {"product_ids": ids, "listing_platforms": platforms}
            reply = self._write("POST", f"{_PRODUCTS}/deactivate", "product.deactivate", sent)
        failed = {text(as_object(row.get("detail")).get("product_id")): row for row in reply.rows_failed}
        status = Status.DELETED if kind is Kind.DELETE else Status.HIDDEN
        results = []
        for operation in batch:
            row = failed.get(operation.remote_id)
            if operation not in now:
                results.append(Result(error=_next_call()))
            elif reply.error is not None:
                results.append(self._settled(operation, Result(error=reply.error)))
            elif row is not None:
                error = errors.row_error(row, request_id=reply.request_id)
                results.append(self._settled(operation, Result(error=error)))
            else:
                results.append(self._done(operation, status))
        return results

    def _done(self, operation: Operation, status: Status) -> Result:
        """Return a success; a storefront whose review was still running may show the product after all."""
        sure = operation.kind is Kind.DELETE or (operation.known is not None and operation.known.status is Status.LIVE)
        check = None if sure else self._options.review_check_s
        # Hidden everywhere, where it is asked to be shown is the account's setting again, as a read gives it.
        fields = {"listing_platforms": self._platforms()} if status is Status.HIDDEN else {}
        return Result(RemoteListing(operation.remote_id, status, fields=fields), check_after_s=check)

    def _hide_from(self, operation: Operation) -> list[str]:
        """Return the storefronts to hide from: the account's, and where it is known to be shown besides."""
        known = as_object(operation.known.extra.get("platforms")) if operation.known else {}
        shown = {name for name, state in known.items() if state == LIVE}
        return sorted({*self._options.shown_on, *shown})

    # Refusals that a look explains

    def _settled(self, operation: Operation, result: Result) -> Result:
        """Return ``result``, with "not possible in this state" explained by a look (sheet 15: 12052901).

        It is said of deleted and frozen products, of those in review, and of those that are as wanted already.
        """
        error = result.error
        if isinstance(error, Gone) and operation.kind is Kind.DELETE:
            return Result(RemoteListing(operation.remote_id, Status.DELETED))
        if error is None or error.words != _STATE or not operation.remote_id:
            return result
        error.after_s = self._options.review_check_s
        try:
            there = self._reader.listing(operation.remote_id)
        except Gone as gone:
            deleted = RemoteListing(operation.remote_id, Status.DELETED)
            return Result(deleted) if operation.kind is Kind.DELETE else Result(error=gone)
        except ConnectorError:
            return result
        return self._as_it_is(operation, result, there)

    def _as_it_is(self, operation: Operation, result: Result, there: RemoteListing) -> Result:
        if operation.kind is Kind.HIDE and there.status in (Status.HIDDEN, Status.REJECTED):
            live = LIVE in as_object(there.extra.get("platforms")).values()
            if not live:
                return Result(RemoteListing(operation.remote_id, Status.HIDDEN))
        if there.status is Status.REJECTED and there.reasons:
            return Result(error=Rejected("frozen", there.reasons[0]))
        return result

    def _write(self, method: str, path: str, operation: str, sent: Mapping[str, Json]) -> Reply:
        return self._client.write(method, path, operation, self._shop.params(), sent)


def _unknown_variant(offer: RenderedOffer) -> ConnectorError:
    words = Words("Varian ini belum ada di TikTok Shop.", "This variant isn't at TikTok Shop yet.")
    return Transient("variant_not_there", words, sku=offer.sku)


def _not_named(offer: RenderedOffer) -> ConnectorError:
    words = Words(
        "TikTok Shop tidak menyebut varian mana yang gagal.", "TikTok Shop doesn't name the variant that failed."
    )
    return OutcomeUnknown("not_named", words, sku=offer.sku)


def _next_call() -> ConnectorError:
    return Transient("next_call", Words("Dikirim di panggilan berikutnya.", "It is sent with the next call."))
