"""What may be done with an account, and when."""

from datetime import timedelta
from typing import NoReturn

from flotilla.domain.errors import Conflict, Invalid, NotFound, Problem
from flotilla.domain.risk import account_problems
from flotilla.features.accounts.desk import AccountDesk
from flotilla.features.accounts.limits import LimitsBody, LimitsOut, limits_out, to_limits
from flotilla.features.accounts.repository import AccountRepository, EngineState, StoredAccount
from flotilla.features.accounts.schemas import (
    AccountChange,
    AccountOut,
    KeyCheckOut,
    KeysBody,
    NewAccount,
    NewKeys,
    to_keys,
)
from flotilla.ports.accounts import KeyCheck, Keys, Verdict

_ENGINE_SILENCE = timedelta(seconds=10)
_WRONG = (Verdict.WRONG_KEYS, Verdict.LIVE_KEYS_FOR_PAPER, Verdict.PAPER_KEYS_FOR_LIVE)
_LIVE_OFF = "Real money is not traded by this version: it has no login yet, and without one it stays off."


class AccountService:
    def __init__(self, repository: AccountRepository, desk: AccountDesk) -> None:
        self._repository = repository
        self._desk = desk

    async def all(self) -> list[AccountOut]:
        return [await self._out(row) for row in await self._repository.all()]

    async def read(self, account_id: str) -> AccountOut:
        return await self._out(await self._existing(account_id))

    async def create(self, body: NewAccount) -> AccountOut:
        """Store an account with its keys. Raises Invalid where Alpaca refuses them."""
        keys = to_keys(body)
        await self._require_right(keys, body.kind)
        row = await self._repository.add(
            name=body.name, kind=body.kind, feed=body.feed, sealed=self._desk.vault.seal(keys), hint=keys.hint
        )
        if row is None:
            raise _taken(body.name)
        return await self._out(row)

    async def change(self, account_id: str, body: AccountChange) -> AccountOut:
        """Rename an account, or choose another feed. Raises Invalid."""
        row = await self._existing(account_id)
        if row.id == self._desk.default_id:
            fields = [name for name in ("name", "feed") if getattr(body, name) is not None]
            raise Invalid([Problem(field, "The practice account stays as it is.") for field in fields])
        if body.name is not None and await self._repository.is_taken(body.name, besides=row.id):
            raise _taken(body.name)
        await self._repository.change(row, name=body.name, feed=body.feed)
        return await self._out(row)

    async def replace_keys(self, account_id: str, body: KeysBody) -> AccountOut:
        """Store other keys of the same account. Raises Invalid where Alpaca refuses them."""
        row = await self._with_keys(account_id)
        keys = to_keys(body)
        await self._require_right(keys, row.kind)
        await self._repository.replace_keys(row, sealed=self._desk.vault.seal(keys), hint=keys.hint)
        return await self._out(row)

    async def check(self, account_id: str) -> KeyCheckOut:
        """Ask the broker about the stored keys. Raises KeysUnreadable."""
        row = await self._with_keys(account_id)
        return _told(await self._ask(self._desk.vault.open(row.sealed_keys or ""), row.kind))

    async def check_new(self, body: NewKeys) -> KeyCheckOut:
        """Ask the broker about keys that are not stored."""
        return _told(await self._ask(to_keys(body), body.kind))

    async def archive(self, account_id: str) -> None:
        """Trade on the account no more. Raises Conflict while a bot of it runs or holds something."""
        row = await self._existing(account_id, lock=True)
        if row.id == self._desk.default_id:
            raise Conflict("The practice account stays.", code="ACCOUNT_IS_DEFAULT")
        if await self._repository.is_in_use(account_id):
            raise Conflict(
                "Bots of this account run, or still hold a position or an order: stop them, and sell "
                "everything first.",
                code="ACCOUNT_IN_USE",
            )
        await self._repository.archive(row)

    async def enable_live(self, account_id: str, name: str) -> NoReturn:
        """Refuse to trade real money, for the first of the conditions that is not met.

        The last of them, a login, is what this version does not have.
        """
        row = await self._existing(account_id)
        if row.kind != "alpaca_live":
            raise Conflict("This account has no real money: its bots trade as it is.", code="NOT_LIVE")
        if not self._desk.allow_live:
            raise Conflict(
                "This installation does not permit real money: whoever runs it sets "
                f"FLOTILLA_ALLOW_LIVE=true. {_LIVE_OFF}",
                code="LIVE_NOT_ALLOWED",
            )
        if name.strip() != row.name:
            raise Invalid([Problem("name", f"Type the account's name to confirm: {row.name}.")])
        raise Conflict(_LIVE_OFF, code="LIVE_NEEDS_LOGIN")

    async def limits(self, account_id: str) -> LimitsOut:
        row = await self._existing(account_id)
        return limits_out(row.limits, row.limits_state)

    async def limit(self, account_id: str, body: LimitsBody) -> LimitsOut:
        """Replace the limits. Raises Invalid."""
        row = await self._existing(account_id)
        limits = to_limits(body)
        found = list(account_problems(limits))
        if found:
            raise Invalid(found)
        await self._repository.limit(row, limits)
        return limits_out(row.limits, row.limits_state)

    # --- inside ---------------------------------------------------------------------------------

    async def _require_right(self, keys: Keys, kind: str) -> None:
        """Keys that Alpaca refuses are not stored; while it cannot be asked they are."""
        found = await self._ask(keys, kind)
        if found.verdict in _WRONG:
            raise Invalid([Problem("secret_key", found.sentence)], found.sentence)

    async def _ask(self, keys: Keys, kind: str) -> KeyCheck:
        return await self._desk.checker.check(keys, paper=kind != "alpaca_live")

    async def _existing(self, account_id: str, *, lock: bool = False) -> StoredAccount:
        """The row. It is not locked while the broker is asked: the engine writes figures into it."""
        row = await self._repository.get(account_id, lock=lock)
        if row is None:
            raise NotFound("There is no such account; it may have been archived.", code="ACCOUNT_NOT_FOUND")
        return row

    async def _with_keys(self, account_id: str) -> StoredAccount:
        row = await self._existing(account_id)
        if row.kind == "practice":
            raise Conflict("The practice account has no keys of its own.", code="NO_KEYS")
        return row

    async def _out(self, row: StoredAccount) -> AccountOut:
        total, wanted = await self._repository.bots(row.id)
        engine = await self._repository.engine_state(row.id)
        live = row.kind == "alpaca_live"
        stored = {name: getattr(row, name) for name in AccountOut.model_fields if hasattr(row, name)}
        return AccountOut.model_validate(
            stored
            | {
                "is_default": row.id == self._desk.default_id,
                "trading": not live,
                "problem": _LIVE_OFF if live else None if engine is None else engine.problem,
                "connected": self._is_alive(engine),
                "bots": total,
                "bots_wanted": wanted,
            }
        )

    def _is_alive(self, engine: EngineState | None) -> bool:
        if engine is None or engine.heartbeat_at is None:
            return False
        return engine.connected and self._desk.clock.now() - engine.heartbeat_at < _ENGINE_SILENCE


def _taken(name: str) -> Invalid:
    return Invalid([Problem("name", f"Another account is called {name}.")])


def _told(found: KeyCheck) -> KeyCheckOut:
    return KeyCheckOut(verdict=found.verdict, sentence=found.sentence, equity=found.equity)
