"""GET /v2/account/portfolio/history: numbers, not strings; arrays of one length."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import invalid_parameter
from flotilla.practice.portfolio import REPORTING, TIMEFRAMES, Portfolio, PortfolioRequest, period_days
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import boolean, choice, moment
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import midnight
from flotilla.practice.venue import Venue

_LONGEST_BY_STEP = {1: 7, 5: 30, 15: 30, 60: 30}  # days of an intraday timeframe


async def portfolio_history(request: Request, venue: Venue, account_id: str) -> Response:
    portfolio: Portfolio = request.app.state.portfolio
    async with venue.committed() as market:
        now = venue.now
        equity = float(market.accounts[account_id].equity(market.marks))
    timeframe, asked = _request(request, now)
    found = await portfolio.history(account_id, asked, now, equity)
    return json_response(
        {
            "timestamp": [int(at.timestamp()) for at, _ in found.points],
            "equity": [round(value, 2) for _, value in found.points],
            "profit_loss": found.profits,
            "profit_loss_pct": found.ratios,
            "base_value": round(found.base_value, 2),
            "base_value_asof": new_york_day(asked.start).isoformat(),
            "timeframe": timeframe,
            "cashflow": {},
        }
    )


def _request(request: Request, now: datetime) -> tuple[str, PortfolioRequest]:
    start, end = _range(request, now)
    length = (end - start).days
    default = "1Min" if length < 7 else "15Min" if length < 30 else "1D"
    timeframe = choice(request, "timeframe", tuple(TIMEFRAMES), default)
    step = TIMEFRAMES[timeframe]
    if step is not None and length > _LONGEST_BY_STEP[step]:
        raise invalid_parameter(f"the timeframe {timeframe} is too short for that period")
    reporting = choice(request, "intraday_reporting", REPORTING, "market_hours")
    if "intraday_reporting" not in request.query_params and boolean(request, "extended_hours", False):
        reporting = "extended_hours"
    reset = choice(request, "pnl_reset", ("per_day", "no_reset"), "per_day")
    return timeframe, PortfolioRequest(
        start=start,
        end=end,
        step=step,
        reporting=reporting,
        per_day=reset == "per_day" and step is not None,
    )


def _range(request: Request, now: datetime) -> tuple[datetime, datetime]:
    start = moment(request, "start", invalid_parameter) or moment(request, "date_start", invalid_parameter)
    end = moment(request, "end", invalid_parameter) or moment(request, "date_end", invalid_parameter)
    text = request.query_params.get("period")
    if start and end and text:
        raise invalid_parameter("only two of start, end and period are accepted")
    days = period_days(text or "1M")
    if days is None:
        raise invalid_parameter("invalid period")
    end = end or (start + timedelta(days=days) if start and text else now)
    if start is None:
        # A period of one day is the day of its end, not the 24 hours before.
        start = midnight(new_york_day(end) - timedelta(days=days if days > 1 else 0))
    if end < start:
        raise invalid_parameter("end should not be before start")
    return start, end


ROUTES = [
    Route("/v2/account/portfolio/history", authenticated(portfolio_history), methods=["GET"]),
]
