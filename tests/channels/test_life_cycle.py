"""A shop's life: added, checked, paused, disconnected, connected again, removed, gone live."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from syncer.channels.accounts import (
    Account,
    AccountError,
    ConsentNeeded,
    Mode,
    Settings,
    State,
    UnknownAccount,
    check_account,
    disconnect,
    get_account,
    go_live,
    load_account,
    load_accounts,
    pause,
    reconnect,
    remove,
    resume,
)
from syncer.channels.connectors import open_connector
from syncer.channels.publishing import publish
from syncer.domain.pricing import Rate
from syncer.sdk.errors import AccountStopped, SignInNeeded
from syncer.sdk.options import BadOptions
from syncer.sdk.registry import UnknownConnector
from syncer.store import tables as t
from syncer.store.engine import read, write
from syncer.store.marks import Due
from tests.channels.conftest import Bench, dump
from tests.channels.folder_shop import make_shop
from tests.channels.kiosk import Kiosk


def accounts(bench: Bench) -> list[Account]:
    with read(bench.engine) as connection:
        return load_accounts(connection)


# --- add --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("K4")
def test_a_shop_on_loopback_is_live_at_once_and_its_secrets_are_sealed(bench: Bench, kiosk: Kiosk) -> None:
    options = kiosk.options(note="catatan")
    added = bench.add("kiosk", "Kios Anyam", options)
    account = added.account
    assert (account.state, account.mode, account.shop_id) == (State.ACTIVE, Mode.LIVE, "kios-7")
    assert account.sends
    assert account.options == {"base_url": kiosk.base_url, "note": "catatan"}
    assert account.signed_in
    assert account.consent_until is not None
    assert account.consent_until > bench.now
    assert account.currency == "IDR"
    stored = dump(bench.engine)
    for secret in ("rahasia-kios", options["access_token"], options["refresh_token"]):
        assert secret not in stored
        assert secret not in repr(account)
    assert accounts(bench) == [account]


def test_the_opened_connector_gets_its_secrets_back_and_works(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    calls: list[str] = []
    connector = open_connector(
        account,
        engine=bench.engine,
        keys=bench.keys,
        home=bench.home,
        load=bench.load,
        on_call=lambda call: calls.append(call.operation),
    )
    assert connector.check().shop_name == "Kios Anyam"
    assert calls == ["me"]
    assert (bench.home / "scratch" / str(account.id)).is_dir()


def test_accounts_of_one_app_share_a_budget_group(bench: Bench, kiosk: Kiosk) -> None:
    first = bench.add("kiosk", "satu", kiosk.options()).account
    kiosk.shop_id = "kios-8"
    second = bench.add("kiosk", "dua", kiosk.options()).account
    assert first.budget_group == second.budget_group == "kiosk:app:1"
    assert bench.folder_account().budget_group == "folder:gudang"


def test_a_shop_that_is_not_empty_is_read_only_and_says_so(bench: Bench) -> None:
    options = make_shop(bench.folder / "lama", shop_id="lama", listings=["mangkuk"])
    added = bench.add("folder", "lama", options)
    assert added.account.mode is Mode.READ_ONLY
    assert not added.account.sends
    assert any("hanya-baca" in note.id and "pesanan" in note.id for note in added.notes)
    assert any("read-only" in note.en and "orders" in note.en for note in added.notes)


def test_a_shop_that_is_empty_is_live_at_once(bench: Bench) -> None:
    assert bench.folder_account().mode is Mode.LIVE


def test_a_sign_in_that_does_not_work_is_not_saved(bench: Bench, kiosk: Kiosk) -> None:
    with pytest.raises(SignInNeeded):
        bench.add("kiosk", "kios", kiosk.options(access_token="palsu"))
    options = make_shop(bench.folder / "x", shop_id="x") | {"key": "salah"}
    with pytest.raises(AccountStopped):
        bench.add("folder", "x", options)
    assert accounts(bench) == []


def test_wrong_options_name_the_option_and_show_no_value(bench: Bench, kiosk: Kiosk) -> None:
    options = kiosk.options()
    del options["app_secret"]
    with pytest.raises(BadOptions, match="app_secret"):
        bench.add("kiosk", "kios", options)
    with pytest.raises(BadOptions) as caught:
        bench.add("kiosk", "kios", kiosk.options(app_sekret="hush-hush"))
    assert "app_sekret" in caught.value.words.id
    assert "hush-hush" not in str(caught.value)


@pytest.mark.rule("X1")
def test_a_connector_that_is_not_allowed_is_refused(bench: Bench, kiosk: Kiosk) -> None:
    bench.load = None  # type: ignore[method-assign, assignment]
    with pytest.raises(UnknownConnector, match="kiosk"):
        bench.add("kiosk", "kios", kiosk.options())


def test_one_shop_has_one_account(bench: Bench) -> None:
    account = bench.folder_account("gudang", shop_id="toko-1")
    options = make_shop(bench.folder / "lagi", shop_id="toko-1")
    with pytest.raises(AccountError, match="gudang"):
        bench.add("folder", "lain", options)
    with write(bench.engine) as connection:
        disconnect(connection, account)
    with pytest.raises(AccountError, match="reconnect"):
        bench.add("folder", "lain", options)


def test_two_sandboxes_are_two_shops(bench: Bench, kiosk: Kiosk) -> None:
    bench.add("kiosk", "satu", kiosk.options())
    other = Kiosk()
    try:
        assert bench.add("kiosk", "dua", other.options()).account.shop_id == "kios-7"
    finally:
        other.stop()
    with pytest.raises(AccountError, match="satu"):
        bench.add("kiosk", "tiga", kiosk.options())


def test_a_name_is_given_once_whatever_its_capitals(bench: Bench) -> None:
    bench.folder_account("Gudang")
    options = make_shop(bench.folder / "y", shop_id="y")
    with pytest.raises(AccountError, match="gudang"):
        bench.add("folder", "gudang", options)
    for name in ("", "   ", "--name"):
        with pytest.raises(AccountError):
            bench.add("folder", name, options)


def test_another_currency_needs_a_dated_rate(bench: Bench) -> None:
    options = make_shop(bench.folder / "usd", shop_id="usd", currency="USD")
    with pytest.raises(AccountError, match="dated rate"):
        bench.add("folder", "usd", options)
    rate = Rate(Decimal("0.000061"), bench.now.date())
    account = bench.add("folder", "usd", options, Settings(rate=rate)).account
    assert (account.currency, account.rate) == ("USD", rate)
    with pytest.raises(AccountError, match="USD, not EUR"):
        other = make_shop(bench.folder / "usd2", shop_id="usd2", currency="USD")
        bench.add("folder", "usd2", other, Settings(currency="EUR", rate=rate))


def test_settings_that_cannot_be_meant_are_refused_before_any_call(bench: Bench, kiosk: Kiosk) -> None:
    with pytest.raises(AccountError, match="Mars"):
        bench.add("kiosk", "kios", kiosk.options(access_token="palsu"), Settings(time_zone="Mars/Olympus"))


# --- list -------------------------------------------------------------------------------------------------------


def test_an_unknown_name_gets_suggestions(bench: Bench) -> None:
    with read(bench.engine) as connection, pytest.raises(UnknownAccount, match="none at all"):
        get_account(connection, "toko")
    bench.folder_account("toko-orange")
    with read(bench.engine) as connection:
        assert get_account(connection, " Toko-Orange ").name == "toko-orange"
        with pytest.raises(UnknownAccount, match="Did you mean: toko-orange"):
            get_account(connection, "toko-oren")
        with pytest.raises(UnknownAccount, match="There are: toko-orange"):
            get_account(connection, "zzz")


# --- check ------------------------------------------------------------------------------------------------------


def test_a_check_keeps_what_the_platform_says(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    kiosk.shop_name, kiosk.consent_days = "Kios Anyam Baru", 5
    checked = check_account(bench.engine, bench.keys, account, **bench.road)
    assert checked.account.shop_name == "Kios Anyam Baru"
    assert checked.account.consent_until is not None
    assert (checked.account.consent_until - bench.now).days in (4, 5)


def test_a_check_that_finds_another_shop_stops_the_account(bench: Bench) -> None:
    account = bench.folder_account("gudang", shop_id="toko-1")
    make_shop(bench.folder / "gudang", shop_id="toko-2")
    with pytest.raises(AccountError, match="another shop"):
        check_account(bench.engine, bench.keys, account, **bench.road)
    (stopped,) = accounts(bench)
    assert stopped.state is State.STOPPED
    assert stopped.shop_id == "toko-1"
    assert stopped.problem is not None
    assert stopped.problem.code == "other_shop"


# --- pause, resume ----------------------------------------------------------------------------------------------


def published(bench: Bench, account: Account, *, quantity: int = 3, status: str = "live") -> int:
    product_id = bench.product("mangkuk")
    with write(bench.engine) as connection:
        publish(connection, account, [product_id], now=bench.now)
        listing_id = connection.execute(select(t.listing.c.id).where(t.listing.c.product_id == product_id)).scalar_one()
        variant_id = connection.execute(select(t.variant.c.id)).scalar_one()
    bench.show(listing_id, variant_id, quantity=quantity, remote_id="r1", status=status)
    return product_id


def test_a_paused_account_keeps_its_sign_in_and_says_what_still_sells(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    published(bench, account)
    with write(bench.engine) as connection:
        left = pause(connection, account)
    assert left.account.state is State.PAUSED
    assert not left.account.sends
    assert left.account.signed_in
    assert [(item.handle, item.pieces) for item in left.still_selling] == [("mangkuk", 3)]
    with write(bench.engine) as connection:
        assert resume(connection, left.account).account.sends


def test_an_account_without_sign_in_is_not_resumed_but_connected_again(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", {"base_url": kiosk.base_url, "app_secret": "rahasia-kios"}).account
    assert account.state is State.SIGN_IN_NEEDED
    with write(bench.engine) as connection, pytest.raises(AccountError, match="reconnect"):
        resume(connection, account)
    with write(bench.engine) as connection:
        gone = disconnect(connection, account).account
        with pytest.raises(AccountError, match="reconnect"):
            resume(connection, gone)
        with pytest.raises(AccountError, match="reconnect"):
            pause(connection, gone)


# --- disconnect, reconnect --------------------------------------------------------------------------------------


def test_disconnecting_forgets_the_tokens_and_says_what_still_sells(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    published(bench, account)
    with write(bench.engine) as connection:
        left = disconnect(connection, account)
        assert connection.execute(select(func.count()).select_from(t.sign_in)).scalar_one() == 0
    assert left.account.state is State.DISCONNECTED
    assert not left.account.signed_in
    assert [item.title for item in left.still_selling] == ["Mangkuk"]
    assert "1 produk masih bisa dibeli" in left.notes[0].id
    with write(bench.engine) as connection, pytest.raises(AccountError, match="disconnected"):
        publish(connection, left.account, [1], now=bench.now)


@pytest.mark.parametrize(("quantity", "status", "sells"), [(0, "live", False), (3, "hidden", False), (3, "live", True)])
def test_only_what_buyers_can_buy_still_sells(bench: Bench, quantity: int, status: str, sells: bool) -> None:
    account = bench.folder_account()
    published(bench, account, quantity=quantity, status=status)
    with write(bench.engine) as connection:
        assert bool(disconnect(connection, account).still_selling) is sells


def test_a_number_that_is_not_known_counts_as_selling(bench: Bench) -> None:
    account = bench.folder_account()
    published(bench, account, quantity=0)
    with write(bench.engine) as connection:
        connection.execute(t.offer.update().values(quantity_unknown=True))
        (item,) = disconnect(connection, account).still_selling
    assert item.pieces is None


def test_reconnecting_needs_tokens_and_takes_nothing_there_for_known(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    published(bench, account)
    with write(bench.engine) as connection:
        account = disconnect(connection, account).account
    with pytest.raises(ConsentNeeded):
        reconnect(bench.engine, bench.keys, account, **bench.road)
    pair = kiosk.new_pair()
    fresh = {"access_token": pair["access_token"], "refresh_token": pair["refresh_token"]}
    again = reconnect(bench.engine, bench.keys, account, options=fresh, **bench.road).account
    assert again.sends
    assert again.signed_in
    assert again.options == account.options
    with read(bench.engine) as connection:
        due = connection.execute(select(t.listing.c.due)).scalar_one()
        offer = connection.execute(select(t.offer.c.quantity_unknown, t.offer.c.price_unknown)).one()
    assert Due(due) == Due.READ | Due.STOCK | Due.PRICE | Due.CONTENT
    assert tuple(offer) == (True, True)
    assert pair["access_token"] not in dump(bench.engine)


def test_reconnecting_to_another_shop_is_refused_and_changes_nothing(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    before = dump(bench.engine)
    kiosk.shop_id, kiosk.shop_name = "kios-99", "Kios Lain"
    with pytest.raises(AccountError, match="Kios Lain"):
        reconnect(bench.engine, bench.keys, account, options=kiosk.options(), **bench.road)
    assert dump(bench.engine) == before


def test_an_account_that_leaves_its_sandbox_is_read_only_again(bench: Bench) -> None:
    options = make_shop(bench.folder / "coba", shop_id="coba", listings=["mangkuk"])
    account = bench.add("folder", "coba", options | {"base_url": "http://127.0.0.1:9"}).account
    assert account.mode is Mode.LIVE
    again = reconnect(bench.engine, bench.keys, account, **bench.road).account
    assert again.mode is Mode.LIVE
    real = reconnect(bench.engine, bench.keys, account, options={"base_url": ""}, **bench.road)
    assert real.account.mode is Mode.READ_ONLY
    assert any("read-only" in note.en for note in real.notes)


# --- remove -----------------------------------------------------------------------------------------------------


def test_an_account_that_still_sells_is_not_removed(bench: Bench) -> None:
    account = bench.folder_account()
    published(bench, account)
    with write(bench.engine) as connection, pytest.raises(AccountError, match="Mangkuk"):
        remove(connection, account)
    assert accounts(bench) == [account]
    with write(bench.engine) as connection:
        gone = remove(connection, disconnect(connection, account).account)
    assert [item.handle for item in gone.still_selling] == ["mangkuk"]
    assert accounts(bench) == []


def test_removing_by_force_says_what_is_left_and_forgets_everything(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    other = bench.folder_account()
    published(bench, account)
    with write(bench.engine) as connection:
        connection.execute(
            t.category_mapping.insert().values(
                connector="kiosk", account_id=account.id, category_key="batik-tulis", remote_id="1", attributes={}
            )
        )
        left = remove(connection, account, force=True)
    assert left.still_selling
    assert accounts(bench) == [other]
    with read(bench.engine) as connection:
        for table in (t.listing, t.offer, t.sign_in, t.category_mapping):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(t.product)).scalar_one() == 1
    with read(bench.engine) as connection, pytest.raises(UnknownAccount):
        load_account(connection, account.id)


def test_an_account_with_a_write_under_way_is_not_removed(bench: Bench) -> None:
    account = bench.folder_account()
    published(bench, account, quantity=0)
    with write(bench.engine) as connection:
        connection.execute(t.listing.update().values(under_way={"kind": "stock"}))
        with pytest.raises(AccountError, match="being sent"):
            remove(connection, account)
        remove(connection, account, force=True)
    assert accounts(bench) == []


# --- go live ----------------------------------------------------------------------------------------------------


def test_a_shop_with_listings_does_not_go_live_while_orders_are_not_read(bench: Bench) -> None:
    account = bench.folder_account("lama", listings=["mangkuk"])
    connector = open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home, load=bench.load)
    with pytest.raises(AccountError) as caught:
        go_live(bench.engine, account, connector, now=bench.now)
    assert "pesanan" in caught.value.words.id
    assert accounts(bench)[0].mode is Mode.READ_ONLY


def test_a_shop_that_was_emptied_goes_live(bench: Bench) -> None:
    account = bench.folder_account("lama", listings=["mangkuk"])
    (bench.folder / "lama" / "mangkuk.json").unlink()
    connector = open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home, load=bench.load)
    assert go_live(bench.engine, account, connector, now=bench.now).account.sends
    (live,) = accounts(bench)
    assert "live already" in go_live(bench.engine, live, now=bench.now).notes[0].en


def test_words_exist_in_both_languages(bench: Bench) -> None:
    with pytest.raises(AccountError) as caught:
        bench.add("folder", "", {})
    assert caught.value.words.id != caught.value.words.en
    assert json.loads(json.dumps(caught.value.words.to_json()))["id"]
