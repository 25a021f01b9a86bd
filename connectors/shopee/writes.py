"""One remote write for one operation, and what its answer proves (shopee.md 5.7 to 5.17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from connectors.shopee import attributes, codes, read
from connectors.shopee.client import Reply, ShopeeClient
from connectors.shopee.errors import classify
from connectors.shopee.look import Reader
from connectors.shopee.options import ShopeeOptions
from connectors.shopee.read import NO_BRAND, NO_MODEL, Variants
from connectors.shopee.variants import Step, answered, bind, next_step
from connectors.shopee.wire import amount, dimension, kilograms
from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Rendered, RenderedOffer, Status
from syncer.domain.words import Words
from syncer.sdk.errors import Blocked, ConnectorError, Gone, OutcomeUnknown, Transient
from syncer.sdk.operations import Kind, Operation, Result
from syncer.sdk.wire import Object, exact, plain, text, whole

#: Content fields that ``update_item`` writes; ``option_images`` belongs to the variants.
ITEM_FIELDS = (
    "title",
    "description",
    "category",
    "pictures",
    "attributes",
    "brand",
    "condition",
    "weight_g",
    "dimension_cm",
    "logistics",
    "pre_order_days",
    "item_sku",
    "gtin",
)
EDITABLE_FIELDS = (*ITEM_FIELDS, "option_images")
#: How far Shopee's clock and ours may be apart (seconds).
_CLOCK_SLACK_S = 60.0
#: Kept with what is known of an item: the engine was told of the pause after ``add_item`` (``again_after_s``).
_PAUSE_TOLD: Mapping[str, Json] = {"pause_told": True}


class Writer:
    """Writes items of one shop. ``limits`` and ``tree`` give the facts of a category, read once."""

    def __init__(
        self,
        client: ShopeeClient,
        reader: Reader,
        options: ShopeeOptions,
        *,
        limits: Callable[[str], Mapping[str, Json]],
        tree: Callable[[str], Json],
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._reader = reader
        self._options = options
        self._limits = limits
        self._tree = tree
        self._now = now

    def apply(self, batch: Sequence[Operation]) -> list[Result]:
        """Apply a batch of one kind; one result per operation in the same order."""
        kind = batch[0].kind
        if kind in (Kind.SHOW, Kind.HIDE):
            return self._list_or_not(batch, unlist=kind is Kind.HIDE)
        one = {
            Kind.CREATE: self._create,
            Kind.UPDATE: self._update,
            Kind.RESHAPE: self._reshape,
            Kind.PRICE: self._price,
            Kind.STOCK: self._stock,
            Kind.DELETE: self._delete,
        }[kind]
        return [self._one(operation, one) for operation in batch]

    def _one(self, operation: Operation, write: Callable[[Operation], Result]) -> Result:
        try:
            return self._settled(operation, write(operation))
        except Gone as error:
            return self._settled(operation, Result(error=error))
        except Blocked as error:
            self._settled(operation, Result(error=error))
            raise

    # Content

    def _create(self, operation: Operation) -> Result:
        rendered = operation.rendered
        has_variants = bool(rendered.option_names)
        first = rendered.offers[0]
        least = self._least_stock(str(rendered.fields["category"]))
        quantity = max(first.quantity, least)
        # A count that Shopee would refuse at creation goes in hidden, and is set right before the item is shown.
        hidden = has_variants or not rendered.live or quantity != first.quantity
        body = {
            **self._item_body(operation, [name for name in ITEM_FIELDS if name in rendered.fields]),
            **_largest_parcel(rendered),
            "original_price": amount(first.price),
            "seller_stock": [self._seller_stock(quantity)],
            "item_status": "UNLIST" if hidden else "NORMAL",
        }
        reply = self._client.post("product/add_item", body).ensure()
        remote_id = text(whole(reply.payload.get("item_id")))
        if not remote_id:
            raise OutcomeUnknown(
                "no_item_id", Words("Shopee menjawab tanpa nomor produk.", "Shopee answered without an item id.")
            )
        offers = () if has_variants else (RemoteOffer(NO_MODEL, first.sku, first.price, quantity, (), {}, first.key),)
        status = Status.HIDDEN if hidden else self._shown_status([remote_id])[remote_id]
        proved = RemoteListing(
            remote_id,
            status,
            operation.ref.marker,
            {} if reply.warning else {**rendered.fields, "option_images": {}},
            offers=offers,
            offers_complete=True,
        )
        if has_variants:
            return Result(replace(proved, extra=_PAUSE_TOLD), again_after_s=self._options.variation_pause_s)
        return Result(proved, check_after_s=self._options.review_check_s)

    def _update(self, operation: Operation) -> Result:
        fields = [name for name in operation.fields if name in ITEM_FIELDS and name in operation.rendered.fields]
        if not fields:
            return self._reshape(operation)
        body = {"item_id": int(operation.remote_id), **self._item_body(operation, fields)}
        reply = self._client.post("product/update_item", body).ensure()
        written = {} if reply.warning else {name: operation.rendered.fields[name] for name in fields}
        proved = RemoteListing(
            operation.remote_id,
            marker=operation.rendered.fields["item_sku"] if "item_sku" in written else None,
            fields=written,
            offers=self._offers_after_update(operation, written),
        )
        return Result(proved, check_after_s=self._options.review_check_s)

    def _offers_after_update(self, operation: Operation, written: Mapping[str, Json]) -> tuple[RemoteOffer, ...]:
        """The SKU of an item without variants is its only offer's."""
        known = operation.known
        if known is None or known.option_names or "item_sku" not in written:
            return ()
        return tuple(replace(offer, sku=str(written["item_sku"]), price=None, quantity=None) for offer in known.offers)

    def _item_body(self, operation: Operation, names: Sequence[str]) -> dict[str, Json]:
        """Return content fields for the wire. Lists are sent whole; unknown fields are left out, never null."""
        fields, known = operation.rendered.fields, operation.known
        body: dict[str, Json] = {}
        for name in names:
            value = fields[name]
            if name == "attributes":
                tree = self._tree(str(fields.get("category", ""))) if attributes.holds_date(value) else None
                body["attribute_list"] = attributes.to_wire(value, tree)
            elif name == "logistics":
                body["logistic_info"] = _couriers(value, known.fields.get("logistics") if known else None)
            else:
                body |= _field(name, value)
        if "description" in names and known is not None and known.extra.get("description_type") == "extended":
            body["description_type"] = "normal"
        return body

    # Variants

    def _reshape(self, operation: Operation) -> Result:
        known = operation.known
        item_id = operation.remote_id
        fresh = self._reader.variants(item_id)
        hidden = known is not None and known.status is Status.HIDDEN
        least = self._least_stock(str(operation.rendered.fields.get("category", ""))) if hidden else 0
        step = next_step(operation, fresh, least_stock=least, location_id=self._options.location_id)
        if step is None:
            return self._reshape_single(operation, fresh)
        told = known is not None and bool(known.extra.get("pause_told"))
        if not fresh.tiers and not told and self._made_just_now(item_id):
            return Result(RemoteListing(item_id, extra=_PAUSE_TOLD), again_after_s=self._options.variation_pause_s)
        reply = self._client.post(step.operation, step.body).ensure()
        offers = step.proved(answered(reply.payload))
        if offers is None:
            offers = self._offers_read_back(operation, step)
        if offers is None:
            return Result(RemoteListing(item_id), check_after_s=0.0)
        proved = RemoteListing(
            item_id,
            fields={"option_images": dict(step.images)},
            option_names=step.option_names,
            offers=offers,
            offers_complete=True,
        )
        if {offer.key for offer in offers} != {offer.key for offer in operation.rendered.offers}:
            return Result(proved, again_after_s=0.0, check_after_s=None if hidden else self._options.review_check_s)
        return Result(proved, check_after_s=None if hidden else self._options.review_check_s)

    def _made_just_now(self, item_id: str) -> bool:
        """Return whether the first variants may come too soon after ``add_item``.

        Shopee wants a pause (shopee.md 5.10). An item whose create was answered to nobody (an answer that was lost, a
        process that was killed) says itself when it was made; a young one gets the whole pause, since its clock isn't
        ours.
        """
        pause_s = self._options.variation_pause_s
        if not pause_s:
            return False
        made = whole(self._reader.base_info([item_id]).get(item_id, {}).get("create_time"))
        return not made or self._now().timestamp() - made <= pause_s + _CLOCK_SLACK_S

    def _reshape_single(self, operation: Operation, fresh: Variants) -> Result:
        """No write among the variants is needed: a piece without variants gets its SKU, or all is as wanted."""
        rendered, known = operation.rendered, operation.known
        if not rendered.option_names:
            wanted = rendered.fields.get("item_sku")
            if known is None or known.fields.get("item_sku") != wanted or any(o.sku != wanted for o in known.offers):
                return self._update(replace(operation, fields=("item_sku",)))
            offers: tuple[RemoteOffer, ...] = (RemoteOffer(NO_MODEL, str(wanted), key=rendered.offers[0].key),)
        else:
            bound = bind(rendered, known.offers if known else (), fresh)
            by_key = {offer.key: offer for offer in rendered.offers}
            offers = tuple(
                RemoteOffer(model.model_id, model.sku, None, None, by_key[key].option_values, by_key[key].fields, key)
                for key, model in bound.models.items()
            )
        images = {"option_images": read.option_images(fresh)}
        names = rendered.option_names
        return Result(
            RemoteListing(operation.remote_id, fields=images, option_names=names, offers=offers, offers_complete=True)
        )

    def _offers_read_back(self, operation: Operation, step: Step) -> tuple[RemoteOffer, ...] | None:
        """Read the ids of new models, where the answer didn't name them all."""
        try:
            return step.proved(self._reader.variants(operation.remote_id).models)
        except ConnectorError:
            return None

    # Price and stock

    def _price(self, operation: Operation) -> Result:
        def entry(offer: RenderedOffer, model_id: int) -> dict[str, Json]:
            return {"model_id": model_id, "original_price": amount(offer.price)}

        return self._offer_write(operation, "product/update_price", "price_list", entry)

    def _stock(self, operation: Operation) -> Result:
        def entry(offer: RenderedOffer, model_id: int) -> dict[str, Json]:
            return {"model_id": model_id, "seller_stock": [self._seller_stock(offer.quantity)]}

        return self._offer_write(operation, "product/update_stock", "stock_list", entry)

    def _offer_write(
        self,
        operation: Operation,
        name: str,
        list_name: str,
        entry: Callable[[RenderedOffer, int], dict[str, Json]],
    ) -> Result:
        """Write prices or counts and read both lists, whatever ``error`` says (shopee.md 4, 5.15, 5.16)."""
        wanted = [offer for offer in operation.rendered.offers if offer.key in operation.offers]
        ids = self._model_ids(operation)
        unknown = {offer.key: _unknown_variant(offer) for offer in wanted if offer.key not in ids}
        wanted = [offer for offer in wanted if offer.key in ids]
        if not wanted:
            return Result(offer_errors=unknown)
        rows = [entry(offer, int(ids[offer.key])) for offer in wanted]
        reply = self._client.post(name, {"item_id": int(operation.remote_id), list_name: rows})
        done = _done(reply)
        failed = {_row_id(row): row for row in reply.rows("failure_list")}
        if reply.error is not None and not done and not failed:
            return Result(error=reply.error)
        errors, proved = dict(unknown), []
        for offer in wanted:
            if ids[offer.key] in failed:
                errors[offer.key] = self._refused(reply, failed[ids[offer.key]], offer)
            elif ids[offer.key] in done:
                proved.append(_proved_offer(operation.kind, offer, ids[offer.key], done[ids[offer.key]]))
            else:
                errors[offer.key] = reply.error or _not_named(offer)
        found = RemoteListing(operation.remote_id, offers=tuple(proved)) if proved else None
        return Result(found, offer_errors=errors)

    def _model_ids(self, operation: Operation) -> dict[str, str]:
        """Return the model id of each offer that is there. 0 is a real id: an item without variants."""
        known = operation.known.offers if operation.known else ()
        return {offer.key: offer.remote_id for offer in known if offer.key and offer.remote_id}

    def _refused(self, reply: Reply, row: Object, offer: RenderedOffer) -> ConnectorError:
        """Return one entry's own error: its reason decides, under the call's code (shopee.md 9, Partial)."""
        reason = plain(row.get("failed_reason"))
        return classify(
            reply.code,
            reason or reply.message,
            write=False,
            now=self._now(),
            request_id=reply.request_id,
            sku=offer.sku,
        )

    def _seller_stock(self, quantity: int) -> dict[str, Json]:
        location = self._options.location_id
        return {"stock": quantity, "location_id": location} if location else {"stock": quantity}

    def _least_stock(self, category: str) -> int:
        """Return the least count at creation: read, never assumed (shopee.md 5.16)."""
        if not category:
            return 0
        bounds = self._limits(category).get("stock")
        return int(exact(bounds.get("min_limit")) or 0) if isinstance(bounds, dict) else 0

    # On and off sale

    def _list_or_not(self, batch: Sequence[Operation], *, unlist: bool) -> list[Result]:
        """Hide or show up to 50 items in one call, each with its own result."""
        rows = [{"item_id": int(operation.remote_id), "unlist": unlist} for operation in batch]
        reply = self._client.post("product/unlist_item", {"item_list": rows})
        done = {text(whole(row.get("item_id"))) for row in reply.rows("success_list")}
        failed = {text(whole(row.get("item_id"))): row for row in reply.rows("failure_list")}
        if reply.error is not None and not done and not failed:
            return [self._settled(operation, Result(error=reply.error)) for operation in batch]
        if reply.error is None and not done and not failed:
            done = {operation.remote_id for operation in batch}
        shown = {} if unlist else self._shown_status(sorted(done))
        results = []
        for operation in batch:
            remote_id = operation.remote_id
            if remote_id in done:
                status = Status.HIDDEN if unlist else shown[remote_id]
                check = None if unlist else self._options.review_check_s
                results.append(Result(RemoteListing(remote_id, status), check_after_s=check))
                continue
            reason = plain(failed.get(remote_id, {}).get("failed_reason")) or reply.message
            error = classify(reply.code, reason, write=False, now=self._now(), request_id=reply.request_id)
            results.append(self._settled(operation, Result(error=error)))
        return results

    def _shown_status(self, item_ids: Sequence[str]) -> dict[str, Status]:
        """Return what listed items are now: a write's echo doesn't say (shopee.md 5.8, 5.22), a read does.

        A read that fails or lags leaves LIVE, which the look after ``review_check_s`` corrects.
        """
        try:
            there = self._reader.statuses(item_ids) if item_ids else {}
        except ConnectorError:
            there = {}
        found = {item_id: there.get(item_id) or Status.LIVE for item_id in item_ids}
        return {key: Status.LIVE if status is Status.HIDDEN else status for key, status in found.items()}

    def _delete(self, operation: Operation) -> Result:
        reply = self._client.post("product/delete_item", {"item_id": int(operation.remote_id)})
        if reply.error is not None and not isinstance(reply.error, Gone):
            return Result(error=reply.error)
        return Result(RemoteListing(operation.remote_id, Status.DELETED))

    # Refusals that a look explains

    def _settled(self, operation: Operation, result: Result) -> Result:
        """Return ``result``, with "this item can't be edited" explained by the item's status now.

        Shopee says so of deleted items and, it seems, of those in review (shopee.md 5.22).
        """
        error = result.error
        if isinstance(error, Blocked) and error.words == codes.REVIEW.words:
            error.after_s = self._options.review_check_s
            return result
        if error is None or error.code != "error_item_uneditable" or not operation.remote_id:
            return result
        try:
            status = self._reader.statuses([operation.remote_id]).get(operation.remote_id)
        except ConnectorError:
            return result
        if status is None or status is Status.DELETED:
            return result
        words = Words("Shopee sedang meninjau produk ini.", "Shopee is reviewing this product.")
        return replace(result, error=Blocked(error.code, words, after_s=self._options.review_check_s))


def _field(name: str, value: Json) -> dict[str, Json]:
    """Return one content field for the wire."""
    if name == "category":
        return {"category_id": int(value)}
    if name == "pictures":
        return {"image": {"image_id_list": list(value)}}
    if name == "brand":
        return {"brand": {"brand_id": value["id"], "original_brand_name": value["name"] or NO_BRAND}}
    if name == "weight_g":
        return {"weight": kilograms(value)}
    if name == "dimension_cm":
        return {"dimension": dimension(value)}
    if name == "pre_order_days":
        # Days to ship are sent for a pre-order only (shopee.md 11, gotcha 13).
        days = {"days_to_ship": value} if value else {}
        return {"pre_order": {"is_pre_order": bool(value), **days}}
    return {{"title": "item_name", "gtin": "gtin_code"}.get(name, name): value}


def _largest_parcel(rendered: Rendered) -> dict[str, Json]:
    """Return the item's parcel at creation, where the variants carry their own: the heaviest and largest."""
    weights = [offer.fields["weight_g"] for offer in rendered.offers if "weight_g" in offer.fields]
    sizes = [offer.fields["dimension_cm"] for offer in rendered.offers if "dimension_cm" in offer.fields]
    body = _field("weight_g", max(weights)) if weights else {}
    return body | (_field("dimension_cm", [max(sides) for sides in zip(*sizes, strict=True)]) if sizes else {})


def _couriers(wanted: Json, known: Json) -> list[Json]:
    """Return the full courier list: the wanted ones on, those that are on there and not wanted off."""
    chosen = {entry["id"] for entry in wanted}
    on = [{"logistic_id": entry["id"], "enabled": True, "is_free": entry["is_free"]} for entry in wanted]
    off = [
        {"logistic_id": entry["id"], "enabled": False, "is_free": False}
        for entry in known or ()
        if entry["id"] not in chosen
    ]
    return [*on, *off]


def _row_id(row: Object) -> str:
    """Return the model id of an entry: "0" where the key is absent, as for items without variants (gotcha 9)."""
    model_id = whole(row.get("model_id"))
    return NO_MODEL if model_id is None else str(model_id)


def _done(reply: Reply) -> dict[str, Object]:
    return {_row_id(row): row for row in reply.rows("success_list")}


def _proved_offer(kind: Kind, offer: RenderedOffer, model_id: str, row: Object) -> RemoteOffer:
    """Return what an entry of the success list proves, and no SKU: that may have been renamed here, and not there.

    A number in it counts more than what we sent.
    """
    if kind is Kind.PRICE:
        price = exact(row.get("original_price"))
        return RemoteOffer(model_id, "", price=offer.price if price is None else price, key=offer.key)
    count = whole(row.get("stock"))
    return RemoteOffer(model_id, "", quantity=offer.quantity if count is None else count, key=offer.key)


def _unknown_variant(offer: RenderedOffer) -> ConnectorError:
    words = Words("Varian ini belum ada di Shopee.", "This variant isn't at Shopee yet.")
    return Transient("variant_not_there", words, sku=offer.sku)


def _not_named(offer: RenderedOffer) -> ConnectorError:
    words = Words("Shopee tidak menyebut varian ini dalam jawabannya.", "Shopee's answer doesn't name this variant.")
    return OutcomeUnknown("not_named", words, sku=offer.sku)
