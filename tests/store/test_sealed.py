from __future__ import annotations

import datetime as dt
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, select, update

from syncer.store import sealed, tables
from syncer.store.engine import Engine, read, write
from syncer.store.sealed import KeyProblem, Keys, SealBroken, new_key, open_keys

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


def add_accounts(engine: Engine, keyring: Keys, count: int) -> None:
    with write(engine) as connection:
        for number in range(1, count + 1):
            connection.execute(
                insert(tables.account).values(
                    id=number,
                    name=f"shop {number}",
                    connector="probe",
                    options={},
                    sealed_options=keyring.seal({"token": f"KANARI-{number}"}, f"account:{number}:options"),
                    budget_group="probe",
                    currency="IDR",
                    price_rule={},
                    field_owners={},
                    settings={},
                    package_defaults={},
                    brake={},
                    created_at=NOW,
                )
            )


def sealed_of(engine: Engine) -> dict[int, str]:
    with read(engine) as connection:
        rows = connection.execute(select(tables.account.c.id, tables.account.c.sealed_options))
        return {row.id: row.sealed_options for row in rows}


@pytest.mark.parametrize("value", ["sandi", {"a": [1, None, "é"]}, "", 0, None])
@pytest.mark.rule("K2")
def test_what_is_sealed_opens_in_its_place_only(value: object) -> None:
    ring = Keys([new_key()])
    there = ring.seal(value, "account:1:options")
    assert ring.unseal(there, "account:1:options") == value
    with pytest.raises(SealBroken):
        ring.unseal(there, "account:2:options")


@pytest.mark.rule("K2")
def test_swapped_rows_are_refused(engine: Engine) -> None:
    """Rule K2."""
    ring = Keys([new_key()])
    add_accounts(engine, ring, 2)
    stored = sealed_of(engine)
    with write(engine) as connection:
        for number in (1, 2):
            connection.execute(
                update(tables.account).where(tables.account.c.id == number).values(sealed_options=stored[3 - number])
            )
    with pytest.raises(SealBroken):
        ring.unseal(sealed_of(engine)[1], "account:1:options")


def test_the_seal_is_fernet_as_others_read_it() -> None:
    key = new_key()
    token = Keys([key]).seal("sandi", "p").split(".", 2)[2]
    assert b'"value":"sandi"' in Fernet(key.encode()).decrypt(token.encode())


@pytest.mark.parametrize("spoil", [lambda t: t[:-9] + "AAAAAAAAA", lambda t: "", lambda t: "sandi", lambda t: t[3:]])
def test_damage_is_said_and_shows_nothing(spoil: object) -> None:
    ring = Keys([new_key()])
    with pytest.raises(SealBroken) as caught:
        ring.unseal(spoil(ring.seal("KANARI", "p")), "p")  # type: ignore[operator]
    assert "KANARI" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.rule("K1")
def test_nothing_shows_a_key() -> None:
    key = new_key()
    ring = Keys([key])
    assert key not in repr(ring)
    assert key[:8] not in ring.newest_id


@pytest.mark.parametrize("bad", ["", "short", "x" * 44, "KANARI", "A" * 43 + "= KANARI"])
def test_a_malformed_key_is_said_without_repeating_it(bad: str) -> None:
    with pytest.raises(KeyProblem) as caught:
        Keys(bad.split() or [bad])
    assert "SYNCER_SECRET_KEY" in caught.value.words.id
    assert "KANARI" not in str(caught.value)


@pytest.mark.rule("K1")
def test_keys_for_other_uses_differ_by_label_and_by_key() -> None:
    """Rule K1."""
    first, second = Keys([new_key()]), Keys([new_key()])
    got = {first.derive("csrf"), first.derive("feed"), second.derive("csrf")}
    assert len(got) == 3
    assert first.derive("csrf") == first.derive("csrf")
    assert len(first.derive("x", 16)) == 16


@pytest.mark.rule("K1")
@pytest.mark.rule("K5")
def test_the_first_use_makes_a_private_key_and_later_uses_find_it(engine: Engine, home: Path) -> None:
    first = open_keys(engine, home)
    path = home / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in home.iterdir() if "secret" in entry.name] == ["secret.key"]
    add_accounts(engine, first, 1)
    again = open_keys(engine, home)
    assert again.unseal(sealed_of(engine)[1], "account:1:options") == {"token": "KANARI-1"}


def test_two_processes_agree_on_the_first_key(engine: Engine, home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        rings = list(pool.map(lambda _: open_keys(engine, home), range(4)))
    assert len({ring.newest_id for ring in rings}) == 1


@pytest.mark.rule("K3")
def test_a_lost_key_is_never_replaced(engine: Engine, home: Path) -> None:
    """Rule K3: never a new key while sealed values exist."""
    add_accounts(engine, open_keys(engine, home), 1)
    (home / "secret.key").unlink()
    with pytest.raises(KeyProblem) as caught:
        open_keys(engine, home)
    assert not (home / "secret.key").exists()
    assert "hilang" in caught.value.words.id


@pytest.mark.rule("K3")
def test_sealed_values_without_a_canary_are_not_taken_over(engine: Engine, home: Path) -> None:
    add_accounts(engine, Keys([new_key()]), 1)
    with pytest.raises(KeyProblem):
        open_keys(engine, home)
    with pytest.raises(KeyProblem):
        open_keys(engine, home, key=new_key())


@pytest.mark.rule("K3")
def test_another_key_is_refused(engine: Engine, home: Path) -> None:
    key = new_key()
    open_keys(engine, home, key=key)
    open_keys(engine, home, key=f"{new_key()}, {key}")
    with pytest.raises(KeyProblem) as caught:
        open_keys(engine, home, key=new_key())
    assert "does not fit" in caught.value.words.en


@pytest.mark.rule("K1")
@pytest.mark.rule("K5")
def test_a_key_from_a_file(engine: Engine, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "credential"
    with pytest.raises(KeyProblem, match="missing"):
        open_keys(engine, home, key_file=path)
    old, new = new_key(), new_key()
    path.write_text(f"{new}\n{old}\n")
    path.chmod(0o600)
    assert len(open_keys(engine, home, key_file=path).ids) == 2
    assert not (home / "secret.key").exists()
    path.chmod(0o644)
    with pytest.raises(KeyProblem) as caught:
        open_keys(engine, home, key_file=path)
    assert "chmod 600" in caught.value.words.id


@pytest.mark.rule("K3")
def test_rotation_in_batches_and_the_old_key_may_go(engine: Engine, home: Path) -> None:
    """Rule K3."""
    old, new = new_key(), new_key()
    add_accounts(engine, open_keys(engine, home, key=old), 7)
    ring = open_keys(engine, home, key=f"{new} {old}")
    before = {status.key_id: status.values for status in sealed.key_status(engine, ring)}
    assert before == {ring.ids[0]: 0, ring.ids[1]: 8}
    steps: list[int] = []
    assert sealed.rotate(engine, ring, batch=3, progress=steps.append) == 8
    assert steps == [3, 3, 1, 1]
    assert [(status.newest, status.values) for status in sealed.key_status(engine, ring)] == [(True, 8), (False, 0)]
    alone = open_keys(engine, home, key=new)
    assert alone.unseal(sealed_of(engine)[7], "account:7:options") == {"token": "KANARI-7"}
    assert sealed.rotate(engine, alone) == 0


@pytest.mark.rule("K3")
def test_a_rotation_that_was_cut_off_goes_on(engine: Engine, home: Path) -> None:
    old, new = new_key(), new_key()
    add_accounts(engine, open_keys(engine, home, key=old), 6)
    ring = open_keys(engine, home, key=f"{new},{old}")

    def cut(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sealed.rotate(engine, ring, batch=2, progress=cut)
    for number, value in sealed_of(engine).items():
        assert ring.unseal(value, f"account:{number}:options") == {"token": f"KANARI-{number}"}
    assert sealed.rotate(engine, ring, batch=2) == 5


def test_a_value_of_an_unknown_key_is_counted_and_stops_a_rotation(engine: Engine, home: Path) -> None:
    ring = open_keys(engine, home, key=new_key())
    add_accounts(engine, Keys([new_key()]), 1)
    assert [(status.known, status.values) for status in sealed.key_status(engine, ring)] == [(True, 1), (False, 1)]
    with pytest.raises(KeyProblem):
        sealed.rotate(engine, ring)


def test_every_sealed_column_is_found() -> None:
    names = {f"{table.name}.{column.name}" for table, column in sealed.sealed_columns()}
    assert {"account.sealed_options", "sign_in.sealed_tokens"} <= names


def test_cryptography_is_loaded_only_when_something_is_sealed() -> None:
    code = "import sys, syncer.store.sealed; assert 'cryptography' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_credential_of_the_service_manager_is_taken(
    engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It belongs to root and shows the mask of its ACL as group bits; what all can read is refused as ever."""
    path = home / "credential"
    path.write_text(new_key())
    path.chmod(0o440)
    with pytest.raises(KeyProblem, match="others"):
        open_keys(engine, home, key_file=path)
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000)
    open_keys(engine, home, key_file=path)
    path.chmod(0o444)
    with pytest.raises(KeyProblem, match="others"):
        open_keys(engine, home, key_file=path)
