"""Keys at rest: sealed so that only this installation opens them."""

from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from flotilla.adapters.vault import FernetVault
from flotilla.domain.errors import Unavailable
from flotilla.ports.accounts import Keys, KeysUnreadable

KEYS = Keys("PKABCDEFGH7QXZ", 's3cr3t "quoted" äöü')


def test_what_is_sealed_is_opened_by_whoever_has_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    sealed = FernetVault(path).seal(KEYS)
    assert FernetVault(path).open(sealed) == KEYS
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["secret.key"]
    assert "PKABCDEFGH" not in sealed
    assert sealed != FernetVault(path).seal(KEYS), "the same text would tell that two accounts share keys"


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    FernetVault(path).seal(KEYS)
    path.chmod(0o644)
    FernetVault(path).seal(KEYS)
    assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_make_the_file_at_once_agree_on_it(tmp_path: Path) -> None:
    with ThreadPool(8) as pool:
        sealed = pool.map(lambda _: FernetVault(tmp_path / "secret.key").seal(KEYS), range(32))
    vault = FernetVault(tmp_path / "secret.key")
    assert {vault.open(one) for one in sealed} == {KEYS}


def test_a_secret_that_is_set_takes_the_files_place_and_can_be_changed(tmp_path: Path) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = FernetVault(tmp_path / "none", secret=old).seal(KEYS)
    assert not (tmp_path / "none").exists()
    both = FernetVault(tmp_path / "none", secret=f"{new}, {old}")
    assert both.open(sealed) == KEYS
    assert FernetVault(tmp_path / "none", secret=new).open(both.seal(KEYS)) == KEYS


@pytest.mark.parametrize("sealed", ["", "gAAAAAB", "nonsense", "{}"])
def test_what_is_not_ours_is_unreadable_and_is_not_quoted(tmp_path: Path, sealed: str) -> None:
    with pytest.raises(KeysUnreadable) as caught:
        FernetVault(tmp_path / "secret.key").open(sealed)
    assert caught.value.__cause__ is None


def test_where_no_secret_can_be_kept_the_answer_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="FLOTILLA_SECRET_KEY"):
        FernetVault(tmp_path / "file" / "secret.key").seal(KEYS)


def test_another_secret_does_not_open_it(tmp_path: Path) -> None:
    sealed = FernetVault(tmp_path / "a").seal(KEYS)
    with pytest.raises(KeysUnreadable):
        FernetVault(tmp_path / "b").open(sealed)


def test_a_secret_that_is_no_fernet_key_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Fernet"):
        FernetVault(tmp_path / "none", secret="too short")


def test_keys_do_not_show_in_what_is_printed() -> None:
    assert "PKABC" not in f"{KEYS!r} {KEYS}"
    assert "s3cr3t" not in f"{KEYS!r} {KEYS}"
