"""Accounts as the page reads and writes them. Keys go in; of what is stored only a hint comes out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from flotilla.ports.accounts import Keys, Verdict
from flotilla.wire.base import Model, Money
from flotilla.wire.summary import AccountKind

Feed = Annotated[
    Literal["iex", "sip"],
    Field(description="Market data: `iex` is in every plan at Alpaca, `sip` (all exchanges) in a paid one."),
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]+$")
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class KeysBody(Model):
    """API keys as Alpaca shows them, once. They are stored encrypted, and never shown again."""

    key_id: Secret
    secret_key: Secret


class NewKeys(KeysBody):
    """Keys to be tried before they are stored."""

    kind: Literal["alpaca_paper", "alpaca_live"] = "alpaca_paper"


class NewAccount(NewKeys):
    """An account at Alpaca; paper unless something else is said."""

    name: Name
    feed: Feed = "iex"


class AccountChange(Model):
    """What is null stays."""

    name: Name | None = None
    feed: Feed | None = None


class LiveConfirmation(Model):
    """Said by a person who wants real money to be traded."""

    name: str = Field(max_length=200, description="The account's name, typed.")


class AccountOut(Model):
    """A stored account. Its figures are the broker's own; practice and real money are never summed.

    `problem`: why the engine does not trade on it at all, in a sentence. `trading`: whether it may;
    live accounts may not in this version. `key_hint`: the last four characters of the key's id.
    """

    id: str
    name: str
    kind: AccountKind
    is_default: bool = Field(description="Bots that name no account belong to it.")
    feed: Feed
    key_hint: str | None
    trading: bool
    problem: str | None
    connected: bool
    equity: Money | None
    cash: Money | None
    as_of: datetime | None
    bots: int
    bots_wanted: int = Field(description="Bots that are wanted running.")
    created_at: datetime


class KeyCheckOut(Model):
    """What Alpaca said of the keys; `sentence` says what to do."""

    verdict: Verdict
    sentence: str
    equity: Money | None


def to_keys(body: KeysBody) -> Keys:
    """Without the blanks that copying brings along."""
    return Keys(body.key_id.get_secret_value().strip(), body.secret_key.get_secret_value().strip())
