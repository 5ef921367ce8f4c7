"""Keys at rest: Fernet (AES-128-CBC, HMAC-SHA256) under a secret of this installation."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from flotilla.domain.errors import Unavailable
from flotilla.ports.accounts import Keys, KeysUnreadable


class FernetVault:
    """`ports.accounts.KeyVault`. The secret is read, or made, when it is first needed.

    `secret`: Fernet keys by comma, the first one seals, all of them open (so that a secret can be
    changed); without it one is kept in `path`, a file that only its owner may read.
    """

    def __init__(self, path: Path, *, secret: str | None = None) -> None:
        """Raises ValueError where the secret is no Fernet key."""
        self._path = path
        self._given = None if secret is None else _fernet(secret)

    def seal(self, keys: Keys) -> str:
        """Raises Unavailable where no secret can be kept."""
        try:
            return self._fernet().encrypt(orjson.dumps([keys.key_id, keys.secret_key])).decode()
        except OSError as error:
            raise Unavailable(
                f"Keys cannot be encrypted, because {self._path} cannot be used ({error.strerror}): set "
                "FLOTILLA_SECRET_KEY, or mend the folder's permissions.",
                code="NO_SECRET",
            ) from error

    def open(self, sealed: str) -> Keys:
        try:
            key_id, secret_key = orjson.loads(self._fernet().decrypt(sealed.encode()))
        except (InvalidToken, ValueError, OSError):
            raise KeysUnreadable from None  # its cause may quote what it could not read
        return Keys(key_id, secret_key)

    def _fernet(self) -> MultiFernet:
        return self._given or _fernet(_kept(self._path))


def _fernet(secret: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in secret.split(",")])


def _kept(path: Path) -> str:
    """The secret in a file, which is made when it is missing. Of two that make it at once, one wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # of mode 0600
            file.write(Fernet.generate_key().decode())
            file.flush()
            os.fsync(file.fileno())
        made = Path(file.name)
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_text()
