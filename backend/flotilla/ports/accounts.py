"""Accounts at a broker: their keys at rest, what the broker says of keys, and whom the engine trades for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from flotilla.domain.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Keys:
    """An account's API keys. Never in a log, an error or an answer; `hint` is all that is shown."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def hint(self) -> str:
        """The last four characters of the key's id."""
        return self.key_id[-4:]


class KeysUnreadable(Unavailable):
    """Keys were sealed with another secret than ours."""

    def __init__(self) -> None:
        super().__init__(
            "The account's keys cannot be decrypted: they were stored under another FLOTILLA_SECRET_KEY or "
            "key file. Bring that back, or enter the keys again.",
            code="KEYS_UNREADABLE",
        )


class KeyVault(Protocol):
    def seal(self, keys: Keys) -> str:
        """The keys, encrypted and authenticated; never the same text twice."""
        ...

    def open(self, sealed: str) -> Keys:
        """Raises KeysUnreadable."""
        ...


class Verdict(StrEnum):
    """What a broker makes of keys."""

    OK = "ok"
    WRONG_KEYS = "wrong_keys"
    LIVE_KEYS_FOR_PAPER = "live_keys_for_paper"
    PAPER_KEYS_FOR_LIVE = "paper_keys_for_live"
    RESTRICTED = "restricted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """The verdict, in a sentence too; `equity` (USD) of the account where it answered."""

    verdict: Verdict
    sentence: str
    equity: Decimal | None = None


class KeyChecker(Protocol):
    async def check(self, keys: Keys, *, paper: bool) -> KeyCheck:
        """Ask the broker, once or twice; raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class TradingAccount:
    """An account that the engine trades on; the practice account has no keys of its own.

    Two that are equal are connected to in the same way, whatever they are called.
    """

    id: str
    name: str = field(compare=False)
    kind: str
    feed: str
    sealed_keys: str | None = field(repr=False)


class AccountDirectory(Protocol):
    """What the engine asks of the stored accounts. May raise StoreUnavailable."""

    async def trading(self) -> Sequence[TradingAccount]:
        """Every account that may be traded on now: live ones are not, until there is a login."""
        ...

    async def find(self, account_id: str) -> TradingAccount | None:
        """An account of any kind that is not archived."""
        ...

    async def say(self, account_id: str, problem: str | None) -> None:
        """Keep why an account does not trade at all, in a sentence; None when it does."""
        ...
