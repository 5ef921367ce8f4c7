"""What may be done with a bot, and when."""

from collections.abc import Awaitable, Callable

from flotilla.domain import bots, risk
from flotilla.domain.bots import BotStatus, DesiredStatus, OnStop
from flotilla.domain.errors import Conflict, Invalid, NotFound, Problem
from flotilla.domain.kernel.decisions import Outcome
from flotilla.features.bots.repository import BotRepository, StoredBot
from flotilla.features.bots.schemas import DecisionOut
from flotilla.http.dependencies import AccountMarket
from flotilla.http.pagination import Page
from flotilla.wire import rows
from flotilla.wire.bots import BotDefinition, BotOut, to_spec

MarketOf = Callable[[str | None], Awaitable[AccountMarket]]


class BotService:
    """One request's. `account_id` is the account that it is about: the practice account, until a bot that
    is found or a request says otherwise.
    """

    def __init__(self, repository: BotRepository, market: MarketOf, account_id: str) -> None:
        self._repository = repository
        self._market = market
        self._account_id = account_id

    async def page(self, *, limit: int, cursor: str | None) -> Page[BotOut]:
        return await self._repository.page(limit=limit, cursor=cursor)

    async def read(self, bot_id: str) -> BotOut:
        return rows.bot(await self._existing(bot_id))

    async def create(self, definition: BotDefinition, account_id: str | None = None) -> BotOut:
        """Store a checked definition; the bot is stopped until it is started. Raises Invalid, NotFound."""
        self._account_id = account_id or self._account_id
        checked = await self._checked(definition)
        return rows.bot(await self._repository.add(self._account_id, checked))

    async def update(self, bot_id: str, definition: BotDefinition) -> BotOut:
        """Replace a bot's definition. Raises Invalid; Conflict while the bot trades."""
        row = await self._existing(bot_id)
        if row.desired_status != DesiredStatus.STOPPED or row.status not in _AT_REST:
            raise Conflict("Stop the bot before you change it.", code="BOT_RUNNING")
        checked = await self._checked(definition)
        await self._require_room(row, checked)
        await self._repository.replace(row, checked)
        return rows.bot(row)

    async def delete(self, bot_id: str) -> None:
        """Archive a bot: its trades stay. Raises Conflict unless it is stopped and flat."""
        row = await self._existing(bot_id)
        if row.desired_status != DesiredStatus.STOPPED or row.status not in _AT_REST:
            raise Conflict("Stop the bot before you delete it.", code="BOT_RUNNING")
        if not await self._repository.is_flat(bot_id):
            raise Conflict(
                "The bot still holds a position or an order. Sell everything first, or wait for its stop "
                "or target.",
                code="BOT_NOT_FLAT",
            )
        await self._repository.archive(row)

    async def start(self, bot_id: str) -> BotOut:
        """Ask for the bot to run; the engine makes it so."""
        row = await self._existing(bot_id)
        definition = await self._checked(rows.definition(row))
        missing = bots.not_traded_yet(to_spec(definition))
        if missing:
            raise Invalid(missing, " ".join(problem.message for problem in missing))
        await self._require_traded_account(row)
        await self._require_capital(row)
        row.desired_status = DesiredStatus.RUNNING
        row.on_stop = OnStop.KEEP
        if row.status == BotStatus.ERROR:
            row.status, row.status_reason = BotStatus.STOPPED, None
        await self._repository.changed(row)
        return rows.bot(row)

    async def stop(self, bot_id: str, on_stop: OnStop) -> BotOut:
        """Ask for the bot to stop, keeping or selling what it holds."""
        row = await self._existing(bot_id)
        row.desired_status = DesiredStatus.STOPPED
        row.on_stop = on_stop
        if row.status == BotStatus.ERROR and on_stop is OnStop.FLATTEN:
            # The engine leaves a bot in error alone; to sell what it holds is to let it act again.
            row.status, row.status_reason = BotStatus.STOPPED, None
        await self._repository.changed(row)
        return rows.bot(row)

    async def decisions(self, bot_id: str, symbol: str | None, limit: int) -> list[DecisionOut]:
        await self._existing(bot_id)
        found = await self._repository.decisions(bot_id, symbol=symbol, limit=limit)
        return [
            DecisionOut.model_validate(
                {
                    **{n: getattr(row, n) for n in DecisionOut.model_fields if hasattr(row, n)},
                    "sentence": _sentence(row.outcome, row.refusal),
                }
            )
            for row in found
        ]

    async def _require_traded_account(self, row: StoredBot) -> None:
        kind = await self._repository.account_kind(row.account_id)
        if kind is None:
            raise Conflict("The bot's account is archived: make the bot anew in another.", code="NO_ACCOUNT")
        if kind == "alpaca_live":
            raise Conflict(
                "The bot's account holds real money, which this version does not trade: it has no login yet.",
                code="LIVE_OFF",
            )

    async def _require_capital(self, row: StoredBot) -> None:
        """What running bots may use must not be more than the account is worth (semantics 6)."""
        equity = await self._repository.account_equity(row.account_id)
        others = await self._repository.allocated(row.account_id, besides=row.id)
        if equity is not None and others + row.capital > equity:
            raise Conflict(
                f"The account is worth {equity:,.2f} USD, and running bots may already use {others:,.2f}: "
                "lower this bot's capital, or stop another bot.",
                code="CAPITAL_NOT_AVAILABLE",
            )

    async def _require_room(self, row: StoredBot, definition: BotDefinition) -> None:
        """While a bot holds something, its capital and the symbols it may hold stay."""
        if await self._repository.is_flat(row.id):
            return
        sentence = "The bot still holds a position or an order: wait until it is flat, or sell everything."
        removed = set(row.symbols) - set(definition.symbols)
        found = [Problem("capital", sentence)] if definition.capital < row.capital else []
        found += [Problem("symbols", sentence)] if removed else []
        if found:
            raise Invalid(found)

    async def _existing(self, bot_id: str) -> StoredBot:
        row = await self._repository.get(bot_id)
        if row is None:
            raise NotFound("There is no such bot; it may have been deleted.", code="BOT_NOT_FOUND")
        self._account_id = row.account_id
        return row

    async def _checked(self, definition: BotDefinition) -> BotDefinition:
        spec = to_spec(definition)
        found = bots.problems(spec)
        listed = spec.symbols[: bots.MAX_SYMBOLS]
        unknown = await (await self._market(self._account_id)).instruments.unknown(listed)
        found.extend(
            Problem(f"symbols.{index}", f"{symbol or 'This'} is not a symbol the account can trade.")
            for index, symbol in enumerate(listed)
            if symbol in unknown
        )
        if found:
            raise Invalid(found)
        return definition.model_copy(
            update={
                "name": spec.name,
                "symbols": list(spec.symbols),
                "trading_frequency": spec.trading_frequency,
            }
        )


_AT_REST = (BotStatus.STOPPED, BotStatus.ERROR)
_SENTENCES = {
    Outcome.NONE: "No rule held.",
    Outcome.ENTER: "The entry rule held, and every gate let it pass: an order was sent.",
    Outcome.EXIT: "An exit rule or limit was met (or the bot was told to sell): an order was sent.",
}


def _sentence(outcome: str, refusal: str | None) -> str:
    if refusal is None:
        return _SENTENCES[Outcome(outcome)]
    reason = risk.REFUSAL_SENTENCES[risk.RefusalCode(refusal)]
    if outcome == Outcome.ENTER:
        return f"The entry rule held, and a smaller order was sent. {reason}"
    return reason
