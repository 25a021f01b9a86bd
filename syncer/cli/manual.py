"""``docs/cli.md``, made from the commands themselves: ``python -m syncer.cli.manual``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from syncer.cli import kit
from syncer.cli.main import COMMANDS, app
from syncer.cli.texts import language, set_language

_HEAD = """# The command line

This page is made from the commands (`make manual`); a test keeps it equal to them. The same is told by
`syncer --help` and `syncer COMMAND --help`, in Bahasa Indonesia, or in English with `SYNCER_LANGUAGE=en`.

REF is a product's handle or any of its SKUs. What is changed by a command is marked and sent by the daemon
(`syncer run`) at once; without one, `syncer sync` sends it. Settings: see [settings.md](settings.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | not done; one sentence on standard error says why, and what to do |
| 2 | the command was written wrongly |
| 3 | done in part: rows, products or shops need somebody; the output says which |
| 4 | the database is in use by another process; try again |
| 70 | a fault inside the program; `SYNCER_DEBUG=1` shows it in full |
| 130 | stopped by Ctrl-C |

## JSON

Every list has `--json`. Keys are stable: new ones may come, none goes without a notice in the changelog. Times are
ISO 8601 in UTC, money is a number in the currency beside it, sentences are in the language of `SYNCER_LANGUAGE`.
"""

#: What each list holds, by command; a test runs them and compares the keys.
JSON_KEYS: dict[str, tuple[str, ...]] = {
    name: tuple(keys.split())
    for name, keys in {
        "products": "handle title status category description story materials maker brand attributes "
        "made_to_order_days option_names photos stock variants listings",
        "products / variants": "sku options price stock weight_g single_piece",
        "stock": "sku title location on_hand held free note",
        "stock history": "at location delta on_hand held_delta held reason actor note",
        "stock audit (an object)": "mismatches unexplained missing unsettled unknown on_their_way looked variants",
        "stock audit / variants": "sku title on_hand held free levels shops",
        "orders": "id order account status created_at updated_at ship_by total currency counted held gone returned "
        "asks asked lines",
        "orders / lines": "line sku their_sku title quantity status meaning price",
        "orders inbox (an object)": "unknown questions",
        "orders oversold": "id sku title short flagged_at state orders",
        "orders oversold / orders": "id order account status held gone value total currency created_at ship_by newest "
        "same_second asked cost message kept_message",
        "orders import (an object)": "rows new changed unchanged pieces unread_columns refused returned_file dry_run",
        "sale (an object)": "id reference sku quantity free oversold new campaigns",
        "price": "sku title price currency accounts",
        "location": "code name pooled",
        "reserve list": "campaign account sku location quantity sold left state waits problem starts_at ends_at",
        "bundle list": "sku free parts",
        "bundle list / parts": "sku pieces",
        "capacity list": "maker pieces_a_week ordered left weeks",
        "connectors": "name label package version allowed hosts problem",
        "account list": "name connector state mode shop_id shop_name currency rate price_rule tax_included buffer cap "
        "location_id field_owners settings package_defaults time_zone brake signed_in access_until consent_until "
        "problem options old_key_until",
        "account go-live (an object)": "account mode orders unreadable oversold notes",
        "account adopt (an object)": "account mode opening listings counts left_out unopened sheet applied rows",
        "account adopt / rows": "key remote_id offer_remote_id title options status_there sku_there price_there "
        "product our_sku score matched_by decision count_there our_on_hand opening_count opened_by conflicts notes",
        "map list": "category products remote_id path origin",
        "map suggest": "remote_id path score",
        "plan": "account handle title kind changes why held problem notes",
        "status": "name connector shop_name state mode counts on_sale due oldest_unsent_stock_s oldest_verified_at "
        "budget shares_budget_with sign_in_expires_at sign_in_notice last_error questions cannot_stop "
        "orders_read_at orders_read_age_s open_orders waiting_rises oldest_hint_s unreadable_orders orders_problem "
        "unknown_order_lines order_questions oversold",
        "listings": "account handle title state wanted chip synced due due_at remote_id currency quantity offers "
        "problem held acknowledged_at verified_at",
        "listings / offers": "sku remote_id price stock certain problem cannot_stop_until",
        "problems": "kind account handle title sku state code message remedy who field question count since",
        "drift": "at account handle title sku field known seen owner question",
        "sync": "account state mode sent counts waiting problems questions notes last_error",
        "doctor": "subject good message",
        "key status": "key newest known values",
        "import (an object)": "format dry_run rows new changed unchanged products_failed rows_failed variants "
        "stock_set pictures_waiting failed notes unread_columns returned_file pictures_added "
        "pictures_refused",
        "publish (an object)": "account new again already refused",
    }.items()
}


def manual() -> str:
    """Return the page, in English."""
    before = language()
    set_language("en")
    try:
        return "\n".join(_lines()) + "\n"
    finally:
        set_language(before)


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| command | keys of each entry |"
    yield "|---|---|"
    for name, keys in JSON_KEYS.items():
        yield f"| `{name}` | {', '.join(f'`{key}`' for key in keys)} |"
    yield ""
    root = typer.main.get_command(app)
    panel = ""
    for name, place in COMMANDS.items():
        found = kit.load(name, place)
        if found.rich_help_panel != panel:
            panel = found.rich_help_panel
            yield f"## {panel}\n"
        ctx = typer.Context(root, info_name="syncer")
        yield from _command(found, f"syncer {name}", ctx)


def _command(found: Any, path: str, parent: Any) -> Iterator[str]:
    ctx = typer.Context(found, info_name=path.rpartition(" ")[2], parent=parent)
    yield f"### `{path}`\n"
    yield f"{found.help}\n"
    inner = getattr(found, "commands", {})
    if not inner or found.invoke_without_command:
        yield f"```\n{path}{_pieces(found, ctx)}\n```\n"
    rows = [_row(one) for one in found.params if getattr(one, "help", None)]
    if rows:
        yield "| | |"
        yield "|---|---|"
        yield from rows
        yield ""
    for name, one in inner.items():
        yield from _command(one, f"{path} {name}", ctx)


def _pieces(found: Any, ctx: Any) -> str:
    pieces = [one for one in found.collect_usage_pieces(ctx) if not one.startswith("COMMAND")]
    shown = " ".join(pieces).replace("{", "").replace("}", "")
    return f" {shown}" if shown else ""


def _row(one: Any) -> str:
    if one.param_type_name == "argument":
        name = str(one.metavar or one.name).upper()
    else:
        name = ", ".join([*one.opts, *one.secondary_opts])
        if not one.is_flag and one.metavar:
            name += f" {one.metavar}"
    needed = " Required." if one.required and one.param_type_name == "option" else ""
    return f"| `{name}` | {one.help.replace('|', '/')}{needed} |"


if __name__ == "__main__":
    Path("docs", "cli.md").write_text(manual(), encoding="utf-8")
