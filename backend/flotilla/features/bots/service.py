"""What may be done with a bot, and when."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from flotilla.domain import bots, order_rules
from flotilla.domain.bots import BotStatus, DesiredStatus, OnStop
from flotilla.domain.errors import Conflict, Invalid, NotFound, Problem
from flotilla.features.bots.repository import BotRepository, StoredBot
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

    async def update(self, bot_id: str, definition: BotDefinition, *, apply_to_open: bool) -> BotOut:
        """Replace a bot's definition; one that runs takes it over. Raises Invalid and Conflict."""
        row = await self._existing(bot_id)
        checked = await self._checked(definition)
        if checked.capital < row.capital:
            await self._require_cash(row, checked.capital)
        if row.desired_status != DesiredStatus.STOPPED:
            _require_traded(checked)
            if checked.capital > row.capital:
                await self._require_capital(row, checked.capital)
        await self._repository.replace(row, checked, apply_to_open=apply_to_open)
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
        _require_traded(await self._checked(_definition(row)))
        await self._require_traded_account(row)
        await self._require_capital(row, row.capital)
        row.desired_status = DesiredStatus.RUNNING
        row.on_stop = OnStop.KEEP
        row.failures, row.next_attempt_at = 0, None
        if row.status == BotStatus.ERROR:
            row.status, row.status_reason = BotStatus.STOPPED, None
        await self._repository.changed(row)
        return rows.bot(row)

    async def pause(self, bot_id: str) -> BotOut:
        """Ask a running bot to open nothing; what it holds is left as its rules say."""
        return await self._want(bot_id, DesiredStatus.PAUSED)

    async def resume(self, bot_id: str) -> BotOut:
        """Ask a paused bot to trade again."""
        return await self._want(bot_id, DesiredStatus.RUNNING)

    async def _want(self, bot_id: str, desired: DesiredStatus) -> BotOut:
        row = await self._existing(bot_id)
        if row.desired_status == DesiredStatus.STOPPED or row.status == BotStatus.ERROR:
            raise Conflict("The bot does not run: start it first.", code="BOT_NOT_RUNNING")
        if row.desired_status != desired:
            row.desired_status = desired
            await self._repository.changed(row)
        return rows.bot(row)

    async def stop(self, bot_id: str, on_stop: OnStop) -> BotOut:
        """Ask for the bot to stop, keeping or selling what it holds."""
        row = await self._existing(bot_id)
        row.desired_status = DesiredStatus.STOPPED
        row.on_stop = on_stop
        row.failures, row.next_attempt_at = 0, None
        if row.status == BotStatus.ERROR and on_stop is OnStop.FLATTEN:
            # The engine leaves a bot in error alone; to sell what it holds is to let it act again.
            row.status, row.status_reason = BotStatus.STOPPED, None
        await self._repository.changed(row)
        return rows.bot(row)

    async def _require_traded_account(self, row: StoredBot) -> None:
        kind = await self._repository.account_kind(row.account_id)
        if kind is None:
            raise Conflict("The bot's account is archived: make the bot anew in another.", code="NO_ACCOUNT")
        if kind == "alpaca_live":
            raise Conflict(
                "The bot's account holds real money, which this version does not trade: it has no login yet.",
                code="LIVE_OFF",
            )

    async def _require_capital(self, row: StoredBot, capital: Decimal) -> None:
        """What bots that are not stopped may use must not be more than the account is worth (semantics 6)."""
        equity = await self._repository.account_equity(row.account_id)
        others = await self._repository.allocated(row.account_id, besides=row.id)
        if equity is not None and others + capital > equity:
            raise Conflict(
                f"The account is worth {equity:,.2f} USD. Bots that are not stopped may already use "
                f"{others:,.2f}, and this one asks for {capital:,.2f}: lower its capital to at most "
                f"{max(equity - others, _NOTHING):,.2f}, or stop another bot.",
                code="CAPITAL_NOT_AVAILABLE",
            )

    async def _require_cash(self, row: StoredBot, capital: Decimal) -> None:
        """Capital is taken back only as far as it is not invested."""
        free = row.cash - await self._repository.reserved(row.id)
        if row.capital - capital > max(free, _NOTHING):
            lowest = row.capital - max(free, _NOTHING)
            raise Invalid(
                [Problem("capital", f"The rest is invested: choose at least {lowest:,.2f}, or sell first.")]
            )

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
        listing = (await self._market(self._account_id)).instruments
        unknown = await listing.unknown(listed)
        found.extend(
            Problem(f"symbols.{index}", f"{symbol or 'This'} is not a symbol the account can trade.")
            for index, symbol in enumerate(listed)
            if symbol in unknown
        )
        known = {symbol: await listing.find(symbol) for symbol in set(listed) - unknown}
        found.extend(order_rules.problems(spec, {s: one for s, one in known.items() if one is not None}))
        if found:
            raise Invalid(found)
        return definition.model_copy(
            update={
                "name": spec.name,
                "symbols": list(spec.symbols),
                "trading_frequency": spec.trading_frequency,
            }
        )


def _definition(row: StoredBot) -> BotDefinition:
    """The stored definition. Raises Invalid where it cannot be read."""
    problem = rows.bot(row).definition_error
    if problem is not None:
        raise Invalid([Problem("rules", problem)], f"{problem} Edit the bot and save it anew.")
    return rows.definition(row)


def _require_traded(definition: BotDefinition) -> None:
    missing = bots.not_traded_yet(to_spec(definition))
    if missing:
        raise Invalid(missing, " ".join(problem.message for problem in missing))


_NOTHING = Decimal(0)
_AT_REST = (BotStatus.STOPPED, BotStatus.ERROR)
