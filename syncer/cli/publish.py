"""``syncer publish``: put products on a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, UsageProblem, command, single
from syncer.cli.texts import both, say
from syncer.domain.words import SyncerError, Words

if TYPE_CHECKING:
    from syncer.channels.publishing import PublishReport
    from syncer.channels.records import Account

app = single()


@command(
    app,
    "publish",
    "Terbitkan produk di sebuah toko.",
    "Publish products on a shop.",
    examples=[
        'syncer publish SRP-BTK-001 --account "Toko Orange"',
        'syncer publish --all --account "Toko Orange"',
    ],
)
def publish(
    refs: list[str] | None = typer.Argument(None, metavar="REF", help=both("Produk atau SKU.", "Products or SKUs.")),
    account: str = typer.Option(..., "--account", metavar="NAME", help=both("Nama akun toko.", "The shop's account.")),
    everything: bool = typer.Option(False, "--all", help=both("Semua produk.", "All products.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Publish products: rows that the daemon (or ``syncer sync``) carries out."""
    if bool(refs) == everything:
        raise UsageProblem(
            Words(
                "Tulis produknya, atau --all untuk semuanya.", "Name the products, or give --all for every one of them."
            )
        )
    desk = open_desk()
    there = desk.account(account)
    report, failed = (_publish_all(desk, there), []) if everything else _publish_some(desk, there, refs or [])
    refused = [(ref, say(words)) for ref, words in failed] + _refused(desk, report)
    if as_json:
        out.print_json(
            {
                "account": there.name,
                "new": report.new,
                "again": report.again,
                "already": report.already,
                "refused": [{"ref": ref, "reason": reason} for ref, reason in refused],
            }
        )
    else:
        _say(there, report)
        for ref, reason in refused:
            out.complain(f"{ref}: {reason}")
        _say_what_next(desk, report)
    if refused:
        raise typer.Exit(PARTLY)


def _publish_all(desk: Desk, there: Account) -> PublishReport:
    from syncer.channels.publishing import publish_all

    with out.Progress(Words("Menerbitkan", "Publishing")):
        return publish_all(desk.engine, there, now=desk.now, actor=desk.actor)


def _publish_some(desk: Desk, there: Account, refs: list[str]) -> tuple[PublishReport, list[tuple[str, Words]]]:
    from syncer.catalogue.read import find_product
    from syncer.channels.publishing import new_cause
    from syncer.channels.publishing import publish as do

    ids, failed = [], []
    with desk.write() as connection:
        for ref in refs:
            try:
                ids.append(find_product(connection, ref))
            except SyncerError as error:
                failed.append((ref, error.words))
        if failed and not ids:
            raise SyncerError(failed[0][1])
        cause = new_cause(connection, "publish", note=there.name, actor=desk.actor, now=desk.now)
        return do(connection, there, ids, now=desk.now, cause_id=cause), failed


def _refused(desk: Desk, report: PublishReport) -> list[tuple[str, str]]:
    if not report.refused:
        return []
    from syncer.catalogue.read import load_products

    with desk.read() as connection:
        found = load_products(connection, [product_id for product_id, _words in report.refused])
    return [
        (found[product_id].handle if product_id in found else str(product_id), say(words))
        for product_id, words in report.refused
    ]


def _say(there: Account, report: PublishReport) -> None:
    out.done(
        Words(
            f"{there.name}: {report.new} produk baru, {report.again} diterbitkan lagi, {report.already} sudah terbit.",
            f"{there.name}: {report.new} new, {report.again} again, {report.already} published already.",
        )
    )
    for note in report.notes:
        out.line(out.clean(say(note)))


def _say_what_next(desk: Desk, report: PublishReport) -> None:
    from syncer.cli.waking import daemon_runs

    if report.marked and daemon_runs(desk.settings.home):
        out.hint(
            Words(
                "Sedang dikirim. Ikuti dengan: syncer listings", "They are on their way. Follow them: syncer listings"
            )
        )
    elif report.marked:
        from syncer.cli.products import say_next

        say_next(desk)
