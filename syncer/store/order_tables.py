"""The tables of orders, and of who may show a piece: they stand on those of :mod:`syncer.store.tables`."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncer.store.tables import metadata
from syncer.store.types import Amount, Identity64, JsonColumn, UtcTime

# --- orders ---------------------------------------------------------------------------------------------------

#: How far the orders of an account are read. ``read_to``: every change before it has been seen (the next read begins
#: ``overlap_s`` earlier). A read under way keeps ``since``, ``until``, ``cursor`` and ``began_at``; ``read_began_at``
#: is when the last complete one began. ``opened``: the open orders of any age were taken in. ``opening_at``: when the
#: account went live; orders that were placed before and were over by then are listed, not counted. ``due_at``: not
#: before then.
order_read = Table(
    "order_read",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("opened", Boolean, nullable=False, server_default=text("false")),
    Column("opening_at", UtcTime),
    Column("read_to", UtcTime),
    Column("since", UtcTime),
    Column("until", UtcTime),
    Column("cursor", Text),
    Column("began_at", UtcTime),
    Column("read_began_at", UtcTime),
    Column("read_at", UtcTime),
    Column("due_at", UtcTime),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", JsonColumn),
)

#: Orders to look at soon, because a webhook or a person said so, or because they could not be understood so far
#: (``problem``): one row an order, gone when it was read. ``returned``: a return of it that the order doesn't show.
order_hint = Table(
    "order_hint",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("remote_id", String(120), primary_key=True),
    Column("hinted_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("problem", JsonColumn),
    Column("returned", String(120), nullable=False, server_default=""),
    Index("ix_order_hint_due", "account_id", "due_at"),
)

#: An order as it was last read. ``door`` is where it came in: ``shop:CONNECTOR:SHOP`` (so that the same shop connected
#: anew finds its orders again), ``sale``, or ``partner:NAME``.
#: ``counted``: false for orders that were over before the account went live: listed, never skipped in silence.
#: ``tells_promotions``: its channel says which lines belong to a promotion.
#: ``read_as_of``: when the read began that this state is from; an older read never overwrites a newer one.
channel_order = Table(
    "channel_order",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("door", String(140), nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="SET NULL")),
    Column("remote_id", String(120), nullable=False),
    Column("status", String(120), nullable=False),
    Column("front", String(120), nullable=False, server_default=""),
    Column("counted", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("ship_by", UtcTime),
    Column("total", Amount),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("read_as_of", UtcTime, nullable=False),
    Column("problem", JsonColumn),
    Column("tells_promotions", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("door", "remote_id"),
    Index("ix_channel_order_account_status", "account_id", "status"),
    Index("ix_channel_order_created", "created_at"),
    # The ledger's references name orders by id for ever: an id is never given twice.
    sqlite_autoincrement=True,
)

#: What a shop was called whose account was removed, by the door of its orders: they stay, and stay readable.
left_shop = Table(
    "left_shop",
    metadata,
    Column("door", String(140), primary_key=True),
    Column("name", String(60), nullable=False),
)

#: A line of an order. ``variant_id`` null: its SKU is unknown here, so it waits in the inbox to be bound. ``meaning``
#: is what its status said about stock when it was read (see domain.order.Meaning).
order_line = Table(
    "order_line",
    metadata,
    Column("order_id", ForeignKey("channel_order.id", ondelete="CASCADE"), primary_key=True),
    Column("line_id", String(120), primary_key=True),
    Column("listing_remote_id", String(120), nullable=False, server_default=""),
    Column("offer_remote_id", String(120), nullable=False, server_default=""),
    Column("sku", String(120), nullable=False, server_default=""),
    Column("title", Text, nullable=False, server_default=""),
    Column("quantity", Integer, nullable=False),
    Column("status", String(120), nullable=False, server_default=""),
    Column("meaning", String(8), nullable=False, server_default=""),
    Column("promotion", String(120), nullable=False, server_default=""),
    Column("price", Amount),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("variant_id", ForeignKey("variant.id")),
    Index("ix_order_line_variant", "variant_id"),
    Index(
        "ix_order_line_unbound",
        "order_id",
        sqlite_where=text("variant_id IS NULL"),
        postgresql_where=text("variant_id IS NULL"),
    ),
)

#: What the ledger has of an order, by variant and place: the order as read now is compared with this, and the
#: difference appended to the ledger with ``revision`` in its reference. A bundle's order counts its parts here.
order_count = Table(
    "order_count",
    metadata,
    Column("order_id", ForeignKey("channel_order.id", ondelete="CASCADE"), primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), primary_key=True),
    Column("location_id", ForeignKey("location.id"), primary_key=True),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("returned", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Index("ix_order_count_variant", "variant_id"),
    Index(
        "ix_order_count_held",
        "order_id",
        sqlite_where=text("held > 0"),
        postgresql_where=text("held > 0"),
    ),
)

#: More was sold than there is: flagged in the transaction that took the second order in. Nothing is clamped.
oversell = Table(
    "oversell",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("short", Integer, nullable=False),
    Column("order_id", ForeignKey("channel_order.id", ondelete="SET NULL")),
    Column("state", String(10), nullable=False, server_default="open"),
    Column("flagged_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    Column("detail", JsonColumn, nullable=False),
    Index(
        "uq_oversell_open",
        "variant_id",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

#: A webhook as it came: stored before it is answered, processed after. Its body is sealed (security.md K4).
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("connector", String(40), nullable=False),
    Column("app", String(80), nullable=False),
    Column("delivery_key", String(160), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("headers", JsonColumn, nullable=False),
    Column("sealed_body", Text, nullable=False),
    Column("state", String(10), nullable=False, server_default="waiting"),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("processed_at", UtcTime),
    Column("problem", JsonColumn),
    UniqueConstraint("connector", "app", "delivery_key"),
    Index(
        "ix_webhook_delivery_waiting",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_webhook_delivery_received", "received_at"),
)

# --- who may show a piece -------------------------------------------------------------------------------------

#: Where a single or last piece may be shown. ``state`` there: only ``account_id`` shows it. moving: nobody does, until
#: it is stopped everywhere and orders are read past that moment; then ``to_account_id`` shows it. stuck: a person
#: decides.
placement = Table(
    "placement",
    metadata,
    Column("variant_id", ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="SET NULL")),
    Column("to_account_id", ForeignKey("account.id", ondelete="SET NULL")),
    Column("state", String(8), nullable=False, server_default="there"),
    Column("rule", String(12), nullable=False, server_default="piece"),
    Column("since", UtcTime, nullable=False),
    Column("stopped_at", UtcTime),
    Column("problem", JsonColumn),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_placement_state", "state"),
)

#: Every hand-over of a piece, kept: who had it, who got it, why, and when each step was done.
hand_over = Table(
    "hand_over",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("variant_id", ForeignKey("variant.id", ondelete="CASCADE"), nullable=False),
    Column("from_account_id", ForeignKey("account.id", ondelete="SET NULL")),
    Column("to_account_id", ForeignKey("account.id", ondelete="SET NULL")),
    Column("reason", String(12), nullable=False),
    Column("actor", String(80), nullable=False, server_default=""),
    Column("asked_at", UtcTime, nullable=False),
    Column("stopped_at", UtcTime),
    Column("orders_read_at", UtcTime),
    Column("done_at", UtcTime),
    Column("outcome", String(10), nullable=False, server_default="open"),
    Index("ix_hand_over_variant", "variant_id"),
)

#: Rules for pieces: ``product_id`` null is the default. ``mode`` several|one (``''``: as the default says);
#: ``rotate_days`` 0: stays where it is. ``guard_below``: below so many free pieces only ``guard_account_id`` shows
#: them.
piece_rule = Table(
    "piece_rule",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("product_id", ForeignKey("product.id", ondelete="CASCADE"), unique=True),
    Column("mode", String(8), nullable=False, server_default=""),
    Column("rotate_days", Integer, nullable=False, server_default="0"),
    Column("guard_below", Integer, nullable=False, server_default="0"),
    Column("guard_account_id", ForeignKey("account.id", ondelete="SET NULL")),
)

#: Stock set aside for a campaign on one account. ``consumed`` was sold in it; ``held_there`` is what the platform
#: already keeps apart for its promotion. ``state`` planned|active|released; ``recheck_at``: read the channel again
#: then. ``waits``: not even its account shows them, until they were handed over to it.
reservation = Table(
    "reservation",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("campaign", String(120), nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("location_id", ForeignKey("location.id"), nullable=False),
    Column("promotion", String(120), nullable=False, server_default=""),
    Column("quantity", Integer, nullable=False),
    Column("consumed", Integer, nullable=False, server_default="0"),
    Column("held_there", Integer, nullable=False, server_default="0"),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("state", String(10), nullable=False, server_default="planned"),
    Column("waits", Boolean, nullable=False, server_default=text("false")),
    Column("recheck_at", UtcTime),
    Column("actor", String(80), nullable=False, server_default=""),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("ends_at > starts_at", name="ends_later"),
    Index("ix_reservation_variant_state", "variant_id", "state"),
    Index(
        "uq_reservation_open",
        "campaign",
        "account_id",
        "variant_id",
        "location_id",
        unique=True,
        sqlite_where=text("state != 'released'"),
        postgresql_where=text("state != 'released'"),
    ),
    Index(
        "ix_reservation_active",
        "variant_id",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
)

#: How many made-to-order pieces a crafter can make in a week (Monday to Sunday, in the association's time zone): they
#: count in the week in which they have to be ready.
maker_capacity = Table(
    "maker_capacity",
    metadata,
    Column("maker", String(160), primary_key=True),
    Column("pieces_a_week", Integer, nullable=False),
    CheckConstraint("pieces_a_week >= 0", name="not_negative"),
)

#: What a bundle (hamper) is made of: ``quantity`` pieces of each part; a bundle has no stock of its own.
bundle_part = Table(
    "bundle_part",
    metadata,
    Column("variant_id", ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True),
    Column("part_id", ForeignKey("variant.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("part_id != variant_id", name="not_itself"),
    Index("ix_bundle_part_part", "part_id"),
)
