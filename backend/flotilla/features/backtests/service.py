"""What may be done with backtests."""

from typing import Any

from flotilla.domain.errors import Conflict, Invalid, NotFound, Problem
from flotilla.features.backtests.desk import BacktestDesk
from flotilla.features.backtests.repository import BacktestRepository, StoredBacktest
from flotilla.features.backtests.requests import BacktestRequest, to_plan
from flotilla.features.backtests.schemas import BacktestDetail
from flotilla.http.pagination import Page
from flotilla.research.plan import MAX_BOTS, check
from flotilla.wire.backtests import BacktestOut, BacktestStatus


class BacktestService:
    def __init__(self, repository: BacktestRepository, desk: BacktestDesk, account_id: str) -> None:
        self._repository = repository
        self._desk = desk
        self._account_id = account_id

    async def create(self, request: BacktestRequest) -> BacktestOut:
        """Queue a checked request, with the bots as they are now. Raises Invalid."""
        whole = await self._on_account(await self._with_stored(request))
        plan = to_plan(whole.bots, whole, limits=whole.limits)
        check(plan)
        names = [bot.name for bot in plan.bots]
        row = StoredBacktest(
            account_id=self._account_id,
            name=request.name.strip() or ", ".join(names)[:80],
            request=whole.model_dump(mode="json"),
            bots=names,
            source=plan.source,
            first=plan.first,
            last=plan.last,
        )
        return BacktestOut.model_validate(await self._repository.add(row))

    async def page(self, *, limit: int, cursor: str | None) -> Page[BacktestOut]:
        found, following = await self._repository.page(limit=limit, cursor=cursor)
        return Page[BacktestOut](
            items=[BacktestOut.model_validate(row) for row in found], next_cursor=following
        )

    async def read(self, backtest_id: str) -> BacktestDetail:
        return BacktestDetail.model_validate(await self._existing(backtest_id))

    async def curve(self, backtest_id: str) -> dict[str, Any]:
        """Raises NotFound; Conflict while there is none."""
        row = await self._existing(backtest_id)
        if row.curve is None:
            raise Conflict("This backtest has no result (yet).", code="BACKTEST_NOT_DONE")
        return row.curve

    async def trades(
        self, backtest_id: str, *, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        await self._existing(backtest_id)
        return await self._repository.trades(backtest_id, limit=limit, cursor=cursor)

    async def cancel(self, backtest_id: str) -> BacktestOut:
        """End it. Raises Conflict where it has ended by itself."""
        row = await self._existing(backtest_id)
        await self._repository.cancel(backtest_id)
        await self._repository.refresh(row)
        if row.status != BacktestStatus.CANCELLED:
            raise Conflict("This backtest has ended already.", code="BACKTEST_ENDED")
        return BacktestOut.model_validate(row)

    async def delete(self, backtest_id: str) -> None:
        if not await self._repository.delete(backtest_id):
            raise _unknown()

    async def _on_account(self, request: BacktestRequest) -> BacktestRequest:
        """A position's share of the account is of what the account is worth, as in trading."""
        if request.account_equity is not None:
            return request
        equity = await self._repository.account_equity(self._account_id)
        return request.model_copy(update={"account_equity": equity})

    async def _with_stored(self, request: BacktestRequest) -> BacktestRequest:
        """The request with its stored bots written out, as they are now."""
        definitions, problems = [], []
        for index, bot_id in enumerate(request.bot_ids):
            found = await self._repository.definition(bot_id)
            if found is None:
                problems.append(
                    Problem(f"bot_ids.{index}", "There is no such bot; it may have been deleted.")
                )
            else:
                definitions.append(found)
        if len(request.bot_ids) + len(request.bots) > MAX_BOTS:
            problems.append(Problem("bots", f"Test at most {MAX_BOTS} bots together."))
        if problems:
            raise Invalid(problems)
        return request.model_copy(update={"bot_ids": [], "bots": [*definitions, *request.bots]})

    async def _existing(self, backtest_id: str) -> StoredBacktest:
        row = await self._repository.get(backtest_id)
        if row is None:
            raise _unknown()
        return row


def _unknown() -> NotFound:
    return NotFound("There is no such backtest; it may have been deleted.", code="BACKTEST_NOT_FOUND")
