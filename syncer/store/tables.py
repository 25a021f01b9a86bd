"""Every table of the database, in the trade's own words. Rules that matter stand as constraints here.

Time columns are aware UTC. ``version`` columns are plain counters: marks are cleared by compare-and-set on
them, never by a clock. JSON columns hold what only one connector or rule reads.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncer.store.types import Amount, Identity64, JsonColumn, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Facts about the database itself: ``epoch`` (rises at each restore), ``released`` ("0" after a restore until a
#: person releases it), ``key_canary`` (sealed, tells whether the key fits), ``currency`` of the catalogue.
meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))

# --- catalogue ------------------------------------------------------------------------------------------------

product = Table(
    "product",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("handle", String(120), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("story", Text, nullable=False, server_default=""),
    Column("materials", JsonColumn, nullable=False),
    Column("category_key", String(80), nullable=False, server_default=""),
    Column("option_names", JsonColumn, nullable=False),
    Column("made_to_order_days", Integer, nullable=False, server_default="0"),
    Column("brand", String(120), nullable=False, server_default=""),
    Column("condition", String(10), nullable=False, server_default="new"),
    Column("maker", String(160), nullable=False, server_default=""),
    Column("unit", String(160), nullable=False, server_default=""),
    Column("attributes", JsonColumn, nullable=False),
    Column("status", String(12), nullable=False, server_default="active"),
    Column("source", String(20), nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

variant = Table(
    "variant",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("product_id", ForeignKey("product.id"), nullable=False, index=True),
    Column("sku", String(50), nullable=False),
    Column("option_values", JsonColumn, nullable=False),
    Column("price", Amount, nullable=False),
    Column("weight_g", Integer),
    Column("length_mm", Integer),
    Column("width_mm", Integer),
    Column("height_mm", Integer),
    Column("single_piece", Boolean, nullable=False, server_default=text("false")),
    Column("barcode", String(40), nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("retired_at", UtcTime),
    CheckConstraint("price > 0", name="price_positive"),
    Index(
        "uq_variant_sku_active",
        "sku",
        unique=True,
        sqlite_where=text("retired_at IS NULL"),
        postgresql_where=text("retired_at IS NULL"),
    ),
)

#: A SKU that a variant had before: imports, orders and listings there may still use it.
sku_alias = Table(
    "sku_alias",
    metadata,
    Column("sku", String(50), primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("until", UtcTime, nullable=False),
)

#: A normalised picture by content; the file is ``media/<sha256>.<ext>`` in the home folder.
media = Table(
    "media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("mime", String(20), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

photo = Table(
    "photo",
    metadata,
    Column("product_id", ForeignKey("product.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sha256", ForeignKey("media.sha256"), nullable=False, index=True),
    Column("variant_id", ForeignKey("variant.id")),
    Column("alt", Text, nullable=False, server_default=""),
    Column("source_url", Text, nullable=False, server_default=""),
)

#: An address of a picture that an import named, waiting to be fetched (or refused, with the reason).
picture_fetch = Table(
    "picture_fetch",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("product_id", ForeignKey("product.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("sku", String(50)),
    Column("state", String(10), nullable=False, server_default="waiting"),
    Column("reason", JsonColumn),
    Column("tried_at", UtcTime),
    UniqueConstraint("product_id", "url"),
)

# --- inventory ------------------------------------------------------------------------------------------------

location = Table(
    "location",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("code", String(40), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("pooled", Boolean, nullable=False, server_default=text("true")),
)

#: The ledger: append-only (a trigger refuses UPDATE and DELETE), each movement with a unique reference. ``delta`` moves
#: what is on hand, ``held_delta`` what of it is promised to orders; the ``_after`` columns are the level it led to.
stock_movement = Table(
    "stock_movement",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("location_id", ForeignKey("location.id"), nullable=False),
    Column("delta", Integer, nullable=False),
    Column("on_hand_after", Integer, nullable=False),
    Column("held_delta", Integer, nullable=False, server_default="0"),
    Column("held_after", Integer, nullable=False, server_default="0"),
    Column("reason", String(20), nullable=False),
    Column("reference", String(120), nullable=False, unique=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("actor", String(80), nullable=False, server_default=""),
    Column("at", UtcTime, nullable=False),
    Index("ix_stock_movement_variant_location", "variant_id", "location_id"),
)

stock_level = Table(
    "stock_level",
    metadata,
    Column("variant_id", ForeignKey("variant.id"), primary_key=True),
    Column("location_id", ForeignKey("location.id"), primary_key=True),
    Column("on_hand", Integer, nullable=False, server_default="0"),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
)

# --- channel accounts -----------------------------------------------------------------------------------------

#: One shop's sign-in. ``mode`` read_only|live; ``state`` active|paused|disconnected|sign_in_needed|stopped. ``buffer``
#: and ``cap`` are the allocation; ``priority`` (the smallest first) says who gets a single piece; JSON columns hold
#: rules read as a whole. ``sealed_old_options``: the secrets before the last change; what is signed with them is
#: believed until ``old_options_until``.
account = Table(
    "account",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("connector", String(40), nullable=False),
    Column("state", String(16), nullable=False, server_default="active"),
    Column("mode", String(10), nullable=False, server_default="read_only"),
    Column("options", JsonColumn, nullable=False),
    Column("sealed_options", Text, nullable=False, server_default=""),
    Column("sealed_old_options", Text, nullable=False, server_default=""),
    Column("old_options_until", UtcTime),
    Column("shop_id", String(80), nullable=False, server_default=""),
    Column("shop_name", Text, nullable=False, server_default=""),
    Column("budget_group", String(120), nullable=False, index=True),
    Column("currency", String(3), nullable=False),
    Column("rate", JsonColumn),
    Column("price_rule", JsonColumn, nullable=False),
    Column("tax_included", Boolean, nullable=False, server_default=text("true")),
    Column("buffer", Integer, nullable=False, server_default="0"),
    Column("cap", Integer),
    Column("location_id", ForeignKey("location.id")),
    Column("field_owners", JsonColumn, nullable=False),
    Column("settings", JsonColumn, nullable=False),
    Column("package_defaults", JsonColumn, nullable=False),
    Column("time_zone", String(40), nullable=False, server_default="Asia/Jakarta"),
    Column("brake", JsonColumn, nullable=False),
    Column("priority", Integer, nullable=False, server_default="100"),
    Column("problem", JsonColumn),
    Column("blocked_until", UtcTime),
    Column("checked_at", UtcTime),
    Column("swept_at", UtcTime),
    Column("sweep_cursor", Text),
    Column("looked_at", UtcTime),
    Column("look_cursor", Text),
    Column("created_at", UtcTime, nullable=False),
    # Orders and the ledger may name an account for years: its id is never given twice.
    sqlite_autoincrement=True,
)

#: SKUs that a shop sold already when it was looked through, in listings that were bound to nothing of ours. Before one
#: of them is published, it is looked whether it is still there. ``account.looked_at`` says when that was (null: never),
#: ``look_cursor`` how far a look that is under way has come.
unbound_sku = Table(
    "unbound_sku",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("sku", String(50), primary_key=True),
    Column("remote_id", String(120), primary_key=True),
)

#: The tokens of an account that signs in. ``refreshing`` is set, and committed, before the single-use refresh
#: token is spent; ``recovered`` says that the documented recovery was tried after a lost answer.
sign_in = Table(
    "sign_in",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed_tokens", Text, nullable=False),
    Column("access_until", UtcTime, nullable=False),
    Column("refresh_until", UtcTime),
    Column("consent_until", UtcTime),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("refreshing", UtcTime),
    Column("recovered", Boolean, nullable=False, server_default=text("false")),
    Column("next_try_at", UtcTime),
)

#: A consent under way: the ``state`` that must come back, single use.
sign_in_request = Table(
    "sign_in_request",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("until", UtcTime, nullable=False),
)

#: Price of one variant on one account, set by a person instead of the rule.
price_override = Table(
    "price_override",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), primary_key=True),
    Column("price", Amount, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False, server_default=""),
)

#: Our category on a channel: by account, or for a whole connector (``account_id`` 0).
category_mapping = Table(
    "category_mapping",
    metadata,
    Column("connector", String(40), primary_key=True),
    Column("account_id", Integer, primary_key=True, server_default="0"),
    Column("category_key", String(80), primary_key=True),
    Column("remote_id", String(80), nullable=False),
    Column("attributes", JsonColumn, nullable=False),
    Column("origin", String(12), nullable=False, server_default="person"),
)

#: What NeedsFacts fetched, and category trees: by account and key.
account_fact = Table(
    "account_fact",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("value", JsonColumn, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
)

#: Each picture once per account. ``remote_id`` is null until uploaded; ``problem`` says why it can't be.
picture_upload = Table(
    "picture_upload",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", ForeignKey("media.sha256"), primary_key=True),
    Column("remote_id", Text),
    Column("problem", JsonColumn),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcTime, nullable=False),
    Index(
        "ix_picture_upload_due",
        "account_id",
        "due_at",
        sqlite_where=text("remote_id IS NULL AND problem IS NULL"),
        postgresql_where=text("remote_id IS NULL AND problem IS NULL"),
    ),
)

# --- listings: the rows that are the work ---------------------------------------------------------------------

#: Why many listings changed together (an import, one edit): brakes count per cause.
cause = Table(
    "cause",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("actor", String(80), nullable=False, server_default=""),
    Column("at", UtcTime, nullable=False),
)

#: A product on one account. ``wanted`` live|hidden|deleted. ``due`` is a bit mask (see store.marks), ``lane`` the
#: most urgent of it, ``version`` counts marks. ``known`` is the acknowledged state (JSON of a RemoteListing without
#: offers), ``unknown`` lists content fields whose value there is not known, ``under_way`` the write that was
#: committed before it was sent. ``settle_at``: read again then, because a late write may still land; ``late`` names
#: what that write may change (see sync.known). ``seeking`` records the look-ups after a create whose answer was lost.
#: ``marked_at``: when it was last marked; what makes more buyable goes out only after an order read that began later.
#: ``not_before``: the platform's pause between two calls; no edit shortens it, as it would ``due_at``.
listing = Table(
    "listing",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("product_id", ForeignKey("product.id"), nullable=False),
    Column("wanted", String(8), nullable=False, server_default="live"),
    Column("remote_id", String(120)),
    Column("due", Integer, nullable=False, server_default="0"),
    Column("lane", Integer, nullable=False, server_default="9"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("acknowledged_version", Integer, nullable=False, server_default="0"),
    Column("cause_id", ForeignKey("cause.id")),
    Column("due_at", UtcTime, nullable=False),
    Column("not_before", UtcTime),
    Column("marked_at", UtcTime),
    Column("stock_due_since", UtcTime),
    Column("state", String(12), nullable=False, server_default="waiting"),
    Column("known", JsonColumn),
    Column("unknown", JsonColumn),
    Column("under_way", JsonColumn),
    Column("claim", String(80)),
    Column("claim_epoch", Integer),
    Column("settle_at", UtcTime),
    Column("late", JsonColumn),
    Column("seeking", JsonColumn),
    Column("create_key", String(64)),
    Column("stop_by", String(8)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("strikes", Integer, nullable=False, server_default="0"),
    Column("problem", JsonColumn),
    Column("held", String(12)),
    Column("acknowledged_at", UtcTime),
    Column("verified_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("account_id", "product_id"),
    Index(
        "uq_listing_remote",
        "account_id",
        "remote_id",
        unique=True,
        sqlite_where=text("remote_id IS NOT NULL"),
        postgresql_where=text("remote_id IS NOT NULL"),
    ),
    Index("ix_listing_product", "product_id"),
    Index(
        "ix_listing_due",
        "account_id",
        "lane",
        "due_at",
        sqlite_where=text("due != 0 AND claim IS NULL"),
        postgresql_where=text("due != 0 AND claim IS NULL"),
    ),
    Index(
        "ix_listing_settle",
        "account_id",
        "settle_at",
        sqlite_where=text("settle_at IS NOT NULL"),
        postgresql_where=text("settle_at IS NOT NULL"),
    ),
    Index(
        "ix_listing_claimed",
        "account_id",
        "claim",
        sqlite_where=text("claim IS NOT NULL"),
        postgresql_where=text("claim IS NOT NULL"),
    ),
    Index("ix_listing_state", "state", "account_id"),
)

#: What one variant shows there: the acknowledged price and quantity. ``unknown`` flags: the value may differ.
offer = Table(
    "offer",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), nullable=False),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("remote_id", String(120), nullable=False, server_default=""),
    Column("sku", String(120), nullable=False, server_default=""),
    Column("option_values", JsonColumn, nullable=False),
    Column("price", Amount),
    Column("quantity", Integer),
    Column("fields", JsonColumn, nullable=False),
    Column("price_unknown", Boolean, nullable=False, server_default=text("false")),
    Column("quantity_unknown", Boolean, nullable=False, server_default=text("false")),
    Column("problem", JsonColumn),
    Column("cannot_stop_until", UtcTime),
    Column("acknowledged_at", UtcTime),
    UniqueConstraint("listing_id", "variant_id"),
    Index("ix_offer_variant", "variant_id"),
    Index(
        "ix_offer_cannot_stop",
        "variant_id",
        sqlite_where=text("cannot_stop_until IS NOT NULL"),
        postgresql_where=text("cannot_stop_until IS NOT NULL"),
    ),
)

#: Remote ids that an offer had before: orders may still name them.
retired_offer = Table(
    "retired_offer",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("listing_remote_id", String(120), primary_key=True),
    Column("remote_id", String(120), primary_key=True),
    Column("variant_id", ForeignKey("variant.id"), nullable=False),
    Column("retired_at", UtcTime, nullable=False),
)

#: The timeline behind a listing's chip: one row an outcome.
listing_event = Table(
    "listing_event",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("detail", JsonColumn, nullable=False),
    Index("ix_listing_event_listing", "listing_id", "id"),
)

#: A question to a person: a brake, a drift, several candidates for one product. Answered by confirm or reject.
question = Table(
    "question",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE")),
    Column("kind", String(12), nullable=False),
    Column("topic", String(120), nullable=False),
    Column("detail", JsonColumn, nullable=False),
    Column("state", String(10), nullable=False, server_default="open"),
    Column("asked_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("actor", String(80), nullable=False, server_default=""),
    Index(
        "uq_question_open",
        "account_id",
        "topic",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

#: How often a field was put back there on a day: a correction loop needs a stop.
put_back = Table(
    "put_back",
    metadata,
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True),
    Column("field", String(120), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("times", Integer, nullable=False),
)

# --- the engine's own -----------------------------------------------------------------------------------------

#: Who owns the accounts of one budget group. ``epoch`` rises with each owner; claims and records carry it.
lease = Table(
    "lease",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("owner", String(160), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", UtcTime, nullable=False),
)

#: What is spent of a daily quota: it must survive a restart.
budget_use = Table(
    "budget_use",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("window_start", UtcTime, primary_key=True),
    Column("used", Integer, nullable=False),
)

#: The call log (names of parameters only), kept for 14 days.
call_log = Table(
    "call_log",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("operation", String(80), nullable=False),
    Column("status", Integer, nullable=False),
    Column("ms", Float, nullable=False),
    Column("outcome", String(20), nullable=False, server_default=""),
    Index("ix_call_log_at", "at"),
)

#: The file of the rows that an import refused, kept so that it can be fetched again (7 days).
import_run = Table(
    "import_run",
    metadata,
    Column("id", Identity64, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("format", String(20), nullable=False),
    Column("counts", JsonColumn, nullable=False),
    Column("failed_file", LargeBinary),
)
