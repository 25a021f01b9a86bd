"""Consent, and the refresh of tokens that can be spent only once."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from syncer.channels.accounts import Account, AccountError, Mode, State, accept_shop, check_account, load_account
from syncer.channels.connectors import open_connector
from syncer.channels.sealing import read_sign_in
from syncer.channels.sign_in import Refresh, SignIn, expiry_notice, expiry_stage
from syncer.sdk.contract import Connector
from syncer.sdk.errors import SignInNeeded
from syncer.store import tables as t
from syncer.store.engine import Engine, open_engine, read, write
from syncer.store.sealed import Keys, SealBroken
from tests.channels.conftest import CONNECTORS, Bench, dump
from tests.channels.kiosk import Kiosk, KioskConnector

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


class Shop:
    """An account on the kiosk, its opened connector, and a sign-in manager."""

    def __init__(self, bench: Bench, kiosk: Kiosk, connector: str = "kiosk") -> None:
        self.bench, self.kiosk = bench, kiosk
        kiosk.access_s = 12 * 3600
        options = kiosk.options(access_expires_at=(bench.now + 4 * HOUR).isoformat())
        self.account = bench.add(connector, connector, options).account
        self.now = bench.now
        self.due = bench.now + 3 * HOUR + MINUTE
        self.connector: Any = self.open()
        self.manager = SignIn(bench.keys)

    def open(self) -> Connector:
        return open_connector(
            self.account, engine=self.bench.engine, keys=self.bench.keys, home=self.bench.home, load=self.bench.load
        )

    def reload(self) -> Account:
        with read(self.bench.engine) as connection:
            self.account = load_account(connection, self.account.id)
        return self.account

    def refresh(self, now: dt.datetime) -> Refresh:
        return self.manager.refresh_if_due(self.bench.engine, self.reload(), self.connector, now)

    def refused(self, now: dt.datetime) -> Refresh:
        return self.manager.refresh_after_refusal(self.bench.engine, self.reload(), self.connector, now)

    def row(self) -> Any:
        with read(self.bench.engine) as connection:
            return read_sign_in(connection, self.account.id)

    def access_token(self) -> str:
        return str(self.row().tokens(self.bench.keys).access_token)


@pytest.fixture
def shop(bench: Bench, kiosk: Kiosk) -> Shop:
    return Shop(bench, kiosk)


# --- refresh ----------------------------------------------------------------------------------------------------


def test_nothing_is_refreshed_before_it_is_due(shop: Shop) -> None:
    assert shop.refresh(shop.now) is Refresh.FRESH
    assert shop.kiosk.refreshes == 0


def test_a_due_token_is_refreshed_and_the_new_one_is_used(shop: Shop) -> None:
    before = shop.access_token()
    assert shop.connector.check().shop_id == "kios-7"
    assert shop.refresh(shop.due) is Refresh.REFRESHED
    assert shop.access_token() != before
    shop.kiosk.access.pop(before)
    assert shop.connector.check().shop_id == "kios-7"
    assert shop.refresh(shop.due) is Refresh.FRESH
    assert shop.row().version == 2
    assert shop.access_token() not in dump(shop.bench.engine)


def test_the_intent_is_committed_before_the_call_and_the_pair_before_its_use(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    pair = KioskConnector.refresh

    def watched(self: KioskConnector, tokens: Any) -> Any:
        seen.append(shop.row().refreshing)
        return pair(self, tokens)

    monkeypatch.setattr(KioskConnector, "refresh", watched)
    assert shop.refresh(shop.due) is Refresh.REFRESHED
    assert seen == [shop.due]
    assert shop.row().refreshing is None


def test_a_platform_that_is_down_is_asked_again_and_keeps_the_token(shop: Shop) -> None:
    shop.kiosk.faults = ["down"]
    assert shop.refresh(shop.due) is Refresh.KEPT
    assert shop.refresh(shop.due + dt.timedelta(seconds=5)) is Refresh.KEPT
    assert shop.kiosk.refreshes == 1
    assert shop.refresh(shop.due + MINUTE) is Refresh.REFRESHED
    assert shop.reload().sends


def test_a_lost_answer_keeps_the_old_token_and_then_tries_exactly_once_more(shop: Shop) -> None:
    shop.kiosk.faults = ["lost"]
    assert shop.refresh(shop.due) is Refresh.KEPT
    assert shop.connector.check().shop_id == "kios-7"
    assert shop.refresh(shop.due + 10 * dt.timedelta(seconds=1)) is Refresh.KEPT
    assert shop.kiosk.refreshes == 1
    # The pair was spent there, so the one more try is refused, and nothing is tried after it.
    assert shop.refresh(shop.due + 2 * MINUTE) is Refresh.KEPT
    assert shop.kiosk.refreshes == 2
    for minutes in (3, 10, 30):
        assert shop.refresh(shop.due + minutes * MINUTE) is Refresh.KEPT
    assert shop.kiosk.refreshes == 2
    warned = shop.reload()
    assert warned.sends
    assert warned.problem is not None
    assert "reconnect" in warned.problem.remedy.id
    # The old token ends: now a person is asked.
    assert shop.refresh(shop.now + 4 * HOUR + MINUTE) is Refresh.NEEDED
    assert shop.reload().state is State.SIGN_IN_NEEDED
    assert shop.kiosk.refreshes == 2


def test_the_one_more_try_works_where_the_write_never_arrived(shop: Shop) -> None:
    shop.kiosk.faults = ["lost"]
    shop.refresh(shop.due)
    shop.kiosk.refresh_token = shop.row().tokens(shop.bench.keys).refresh_token
    assert shop.refresh(shop.due + 2 * MINUTE) is Refresh.REFRESHED
    row = shop.row()
    assert (row.refreshing, row.recovered, row.version) == (None, False, 2)
    assert shop.reload().problem is None


def test_a_documented_recovery_is_used_instead(bench: Bench, kiosk: Kiosk) -> None:
    shop = Shop(bench, kiosk, "recovering")
    kiosk.faults = ["lost"]
    assert shop.refresh(shop.due) is Refresh.KEPT
    assert shop.refresh(shop.due + 2 * MINUTE) is Refresh.REFRESHED
    assert (kiosk.refreshes, kiosk.recoveries) == (1, 1)
    assert shop.access_token() == kiosk.pair["access_token"]


def test_a_refused_access_token_after_a_lost_answer_recovers_at_once(bench: Bench, kiosk: Kiosk) -> None:
    shop = Shop(bench, kiosk, "recovering")
    kiosk.faults = ["lost"]
    shop.connector.check()
    shop.refresh(shop.due)
    kiosk.access.pop(shop.access_token())
    with pytest.raises(SignInNeeded):
        shop.connector.check()
    assert shop.refused(shop.due + dt.timedelta(seconds=5)) is Refresh.REFRESHED
    assert shop.connector.check().shop_id == "kios-7"


def test_a_process_killed_between_the_call_and_its_record(bench: Bench, kiosk: Kiosk) -> None:
    shop = Shop(bench, kiosk, "crashing")
    with pytest.raises(KeyboardInterrupt):
        shop.refresh(shop.due)
    row = shop.row()
    assert row.refreshing == shop.due
    # The next process: at first the other one may still be at it, then it counts as lost, and one try is made.
    CONNECTORS["crashing"], crashing = KioskConnector, CONNECTORS["crashing"]
    try:
        shop.connector = shop.open()
    finally:
        CONNECTORS["crashing"] = crashing
    assert shop.refresh(shop.due + MINUTE) is Refresh.KEPT
    assert shop.kiosk.refreshes == 1
    assert shop.refresh(shop.due + 3 * MINUTE) is Refresh.KEPT
    assert shop.kiosk.refreshes == 2
    assert shop.row().recovered
    assert shop.connector.check().shop_id == "kios-7"
    assert shop.refresh(shop.now + 5 * HOUR) is Refresh.NEEDED
    assert shop.kiosk.refreshes == 2


def test_a_process_killed_during_the_recovery_does_not_try_again(bench: Bench, kiosk: Kiosk) -> None:
    shop = Shop(bench, kiosk, "crashing")
    for later in (shop.due, shop.due + 3 * MINUTE):
        with pytest.raises(KeyboardInterrupt):
            shop.refresh(later)
    for minutes in (4, 9, 20):
        assert shop.refresh(shop.due + minutes * MINUTE) is Refresh.KEPT
    assert kiosk.refreshes == 2
    assert shop.refresh(shop.now + 5 * HOUR) is Refresh.NEEDED


def test_a_bug_in_the_connector_counts_as_a_lost_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: KioskConnector, tokens: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(KioskConnector, "refresh", broken)
        with pytest.raises(ZeroDivisionError):
            shop.refresh(shop.due)
    assert shop.row().refreshing is not None
    assert shop.refresh(shop.due + 2 * MINUTE) is Refresh.REFRESHED


def test_a_dead_refresh_token_asks_a_person_only_when_the_access_ends(shop: Shop) -> None:
    shop.kiosk.faults = ["refuse"] * 9
    assert shop.refresh(shop.due) is Refresh.KEPT
    assert shop.reload().sends
    assert shop.kiosk.refreshes == 1
    assert shop.refused(shop.due + MINUTE) is Refresh.NEEDED
    needed = shop.reload()
    assert needed.state is State.SIGN_IN_NEEDED
    assert needed.problem is not None
    assert needed.problem.code == "sign_in_needed"
    assert shop.kiosk.refreshes == 1


def test_one_dead_account_leaves_the_others_alone(bench: Bench, kiosk: Kiosk) -> None:
    shop = Shop(bench, kiosk)
    other = bench.folder_account()
    kiosk.faults = ["refuse"]
    shop.refused(shop.now)
    with read(bench.engine) as connection:
        assert load_account(connection, other.id).sends
        assert not load_account(connection, shop.account.id).sends


def test_a_refusal_for_a_token_that_was_replaced_meanwhile_refreshes_nothing(shop: Shop) -> None:
    shop.connector.check()
    elsewhere = Shop.__new__(Shop)
    elsewhere.__dict__ |= shop.__dict__
    elsewhere.connector = shop.open()
    assert elsewhere.refresh(shop.due) is Refresh.REFRESHED
    assert shop.refused(shop.due) is Refresh.REFRESHED
    assert shop.kiosk.refreshes == 1


def test_a_platform_that_refuses_every_new_token_ends_with_a_person(shop: Shop) -> None:
    shop.kiosk.refuse_everything = True
    outcomes = []
    for second in range(8):
        with pytest.raises(SignInNeeded):
            shop.connector.check()
        outcomes.append(shop.refused(shop.now + dt.timedelta(seconds=second)))
    assert Refresh.NEEDED in outcomes
    assert shop.kiosk.refreshes < 8
    assert shop.reload().state is State.SIGN_IN_NEEDED


def test_tokens_that_serve_for_a_while_may_be_revoked_as_often_as_the_platform_likes(shop: Shop) -> None:
    for second in range(20):
        for _call in range(5):
            shop.connector.check()
        shop.kiosk.access.clear()
        assert shop.refused(shop.now + dt.timedelta(seconds=second)) is Refresh.REFRESHED
    assert shop.reload().sends


def test_a_copy_of_a_database_never_spends_a_token(shop: Shop) -> None:
    with write(shop.bench.engine) as connection:
        connection.execute(t.meta.insert().values(key="released", value="0"))
    assert shop.refresh(shop.due) is Refresh.KEPT
    assert shop.refused(shop.due) is Refresh.KEPT
    assert shop.kiosk.refreshes == 0


def test_a_paused_account_stays_paused_when_its_sign_in_ends(shop: Shop) -> None:
    with write(shop.bench.engine) as connection:
        connection.execute(t.account.update().values(state="paused"))
    shop.kiosk.faults = ["refuse"]
    shop.refused(shop.due)
    assert shop.reload().state is State.PAUSED


def test_threads_never_refresh_at_once(shop: Shop) -> None:
    shop.kiosk.faults = ["slow"]
    barrier = threading.Barrier(8)

    def one(_number: int) -> Refresh:
        barrier.wait()
        return shop.manager.refresh_if_due(shop.bench.engine, shop.account, shop.connector, shop.due)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(8)))
    assert shop.kiosk.refreshes == 1
    assert outcomes.count(Refresh.REFRESHED) >= 1
    assert set(outcomes) <= {Refresh.REFRESHED, Refresh.KEPT, Refresh.FRESH}


def _in_another_process(url: str, home: Any, key: str, account_id: int, now: dt.datetime, answers: Any) -> None:
    engine = open_engine(url, home=home)
    keys = Keys([key])
    with read(engine) as connection:
        account = load_account(connection, account_id)
    connector = open_connector(account, engine=engine, keys=keys, home=home, load=CONNECTORS.__getitem__)
    answers.put(SignIn(keys).refresh_if_due(engine, account, connector, now).value)
    engine.dispose()


@pytest.mark.rule("H8")
def test_two_processes_never_refresh_at_once(shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.kiosk.faults = ["slow"]
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    (key,) = shop.bench.keys._keys.values()
    jobs = [
        context.Process(
            target=_in_another_process,
            args=(database_url, shop.bench.home, key, shop.account.id, shop.due, answers),
        )
        for _ in range(2)
    ]
    for job in jobs:
        job.start()
    outcomes = sorted(answers.get(timeout=30) for _ in jobs)
    for job in jobs:
        job.join(10)
    assert shop.kiosk.refreshes == 1
    assert shop.kiosk.most_at_once == 1
    assert "refreshed" in outcomes
    assert shop.row().version == 2


def test_a_check_refreshes_what_is_due(shop: Shop) -> None:
    shop.kiosk.access.pop(shop.access_token())
    checked = check_account(
        shop.bench.engine, shop.bench.keys, shop.reload(), home=shop.bench.home, load=shop.bench.load, now=shop.due
    )
    assert checked.identity.shop_id == "kios-7"
    assert shop.kiosk.refreshes == 1


@pytest.mark.rule("K2")
def test_tokens_of_one_account_do_not_open_in_another_row(shop: Shop, bench: Bench) -> None:
    sealed = shop.row().sealed_tokens
    other = replace(shop.row(), account_id=shop.account.id + 1, sealed_tokens=sealed)
    with pytest.raises(SealBroken):
        other.tokens(bench.keys)


# --- consent ----------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(bench: Bench, kiosk: Kiosk) -> Shop:
    """An account that was added without tokens and waits for the seller's consent."""
    shop = Shop.__new__(Shop)
    shop.bench, shop.kiosk, shop.now = bench, kiosk, bench.now
    options = {"base_url": kiosk.base_url, "app_secret": "rahasia-kios"}
    shop.account = bench.add("kiosk", "kios", options).account
    shop.connector, shop.manager = shop.open(), SignIn(bench.keys)
    return shop


def start(shop: Shop, **more: Any) -> str:
    url = shop.manager.start(
        shop.bench.engine, shop.account, shop.connector, "http://127.0.0.1:8000/back", now=shop.now, **more
    )
    query = parse_qs(urlsplit(url).query)
    assert query["redirect"] == ["http://127.0.0.1:8000/back"]
    return query["state"][0]


def finish(shop: Shop, state: str, now: dt.datetime, account: Account | None = None, **more: Any) -> Any:
    answer = {"code": shop.kiosk.consent(), "state": state}
    return shop.manager.finish(shop.bench.engine, account or shop.account, shop.connector, answer, now=now, **more)


def test_consent_from_the_address_to_a_working_shop(waiting: Shop) -> None:
    assert waiting.account.state is State.SIGN_IN_NEEDED
    state = start(waiting)
    assert len(state) >= 22
    assert state not in dump(waiting.bench.engine)
    consent = finish(waiting, state, waiting.now + MINUTE)
    assert consent.identity.shop_name == "Kios Anyam"
    assert waiting.kiosk.pair["access_token"] not in repr(consent)
    assert not waiting.reload().signed_in
    added = accept_shop(
        waiting.bench.engine, waiting.bench.keys, waiting.account, waiting.connector, consent, now=waiting.now
    )
    assert added.account.sends
    assert added.account.shop_id == "kios-7"
    assert added.account.mode is Mode.LIVE
    assert added.account.consent_until is not None
    assert waiting.connector.check().shop_id == "kios-7"


@pytest.mark.rule("H8")
def test_an_answer_works_once_and_for_ten_minutes(waiting: Shop) -> None:
    state = start(waiting)
    finish(waiting, state, waiting.now)
    with pytest.raises(AccountError, match="used before"):
        finish(waiting, state, waiting.now)
    late = start(waiting)
    with pytest.raises(AccountError, match="10 minutes"):
        finish(waiting, late, waiting.now + 11 * MINUTE)
    with pytest.raises(AccountError):
        finish(waiting, "", waiting.now)
    with pytest.raises(AccountError):
        finish(waiting, "tebakan", waiting.now)


def test_a_code_from_the_console_needs_no_redirect(waiting: Shop) -> None:
    consent = waiting.manager.take_code(waiting.connector, {"code": waiting.kiosk.consent()})
    assert consent.identity.shop_id == "kios-7"
    with pytest.raises(SignInNeeded):
        waiting.manager.take_code(waiting.connector, {"code": "palsu"})


@pytest.mark.rule("H8")
def test_an_answer_is_for_one_account_and_one_session(waiting: Shop) -> None:
    other = waiting.bench.folder_account()
    with pytest.raises(AccountError):
        finish(waiting, start(waiting), waiting.now, account=other)
    with pytest.raises(AccountError):
        finish(waiting, start(waiting, session="milik-sari"), waiting.now, session="milik-lain")
    assert finish(waiting, start(waiting, session="milik-sari"), waiting.now, session="milik-sari").identity


@pytest.mark.rule("H8")
def test_a_mixed_up_answer_spends_no_code(waiting: Shop) -> None:
    with pytest.raises(AccountError):
        finish(waiting, "salah", waiting.now)
    assert len(waiting.kiosk.codes) == 1


def test_consent_of_another_shop_does_not_touch_the_sign_in(shop: Shop) -> None:
    before = shop.access_token()
    state = start(shop)
    answer = {"code": shop.kiosk.consent("kios-lain"), "state": state}
    consent = shop.manager.finish(shop.bench.engine, shop.account, shop.connector, answer, now=shop.now)
    assert consent.identity.shop_id == "kios-lain"
    with pytest.raises(AccountError, match="another shop"):
        accept_shop(shop.bench.engine, shop.bench.keys, shop.account, shop.connector, consent, now=shop.now)
    assert shop.access_token() == before
    assert shop.connector.check().shop_id == "kios-7"


def test_consent_brings_an_account_back_that_needed_it(shop: Shop) -> None:
    shop.kiosk.faults = ["refuse"]
    shop.refused(shop.now)
    assert shop.reload().state is State.SIGN_IN_NEEDED
    consent = finish(shop, start(shop), shop.now)
    account = accept_shop(
        shop.bench.engine, shop.bench.keys, shop.account, shop.connector, consent, now=shop.now
    ).account
    assert account.sends
    assert account.problem is None
    row = shop.row()
    assert (row.recovered, row.refreshing) == (False, None)


def test_a_shop_without_consent_page_says_so(bench: Bench) -> None:
    account = bench.folder_account()
    connector = open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home, load=bench.load)
    with pytest.raises(AccountError, match="no consent page"):
        SignIn(bench.keys).start(bench.engine, account, connector, "http://127.0.0.1/back", now=bench.now)


def test_old_requests_are_swept_away(waiting: Shop, engine: Engine) -> None:
    start(waiting)
    waiting.now += HOUR
    start(waiting)
    with read(engine) as connection:
        assert len(connection.execute(select(t.sign_in_request)).all()) == 1


# --- warnings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "stage", "said"),
    [
        (200, None, None),
        (15, None, None),
        (14, 14, "14 days"),
        (8, 14, "8 days"),
        (7, 7, "7 days"),
        (3, 3, "3 days"),
        (2, 3, "2 days"),
        (1, 1, "1 day."),
        (0, 0, "has ended"),
        (-3, 0, "has ended"),
    ],
)
def test_the_end_of_a_consent_is_said_14_7_3_and_1_days_ahead(
    shop: Shop, days: int, stage: int | None, said: str | None
) -> None:
    account = replace(shop.account, consent_until=shop.now + dt.timedelta(days=days))
    notice = expiry_notice(account, shop.now)
    assert expiry_stage(account, shop.now) == stage
    if said is None:
        assert notice is None
    else:
        assert notice is not None
        assert said in notice.en
        assert "reconnect" in notice.id


def test_without_a_known_end_there_is_no_warning(bench: Bench) -> None:
    assert expiry_notice(bench.folder_account(), bench.now) is None
