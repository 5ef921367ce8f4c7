"""Accounts of the market, under /practice/accounts: open, deposit, reset."""

from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.market import Market
from flotilla.practice.numbers import cents
from flotilla.practice.rest.parameters import body, decimal, text
from flotilla.practice.rest.responses import json_response
from flotilla.practice.settings import AccountSettings
from flotilla.practice.venue import Venue

_STARTING_CASH = Decimal(100_000)


async def list_accounts(request: Request) -> Response:
    venue = _venue(request)
    async with venue.committed() as market:
        accounts = sorted(market.accounts.values(), key=lambda account: account.key)
        return json_response({"accounts": [_json(account, market) for account in accounts]})


async def open_account(request: Request) -> Response:
    venue, values = _venue(request), await body(request)
    key, secret = text(values, "key"), text(values, "secret")
    if not key or not secret or ":" in key:
        raise invalid_parameter("key and secret are required, and the key has no colon")
    asked = AccountSettings(key, secret, _cash(values, _STARTING_CASH))
    if any(account.key == key for account in venue.market.accounts.values()):
        raise invalid_parameter("key must be unique")
    now = venue.now
    await venue.rewrite(lambda store: store.ensure_accounts([asked], now))
    return await _one(request, venue, key)


async def deposit(request: Request) -> Response:
    venue, values = _venue(request), await body(request)
    amount = decimal(values, "amount")
    if not amount:
        raise invalid_parameter("amount is required: dollars, negative to withdraw")
    account = _account(venue.market, request)
    now = venue.now
    await venue.administer(lambda office: office.transfer(account.id, amount, now, new_york_day(now)))
    return await _one(request, venue, account.key)


async def reset(request: Request) -> Response:
    """Begin the account again: no orders, no positions, no history."""
    venue, values = _venue(request), await body(request)
    account = _account(venue.market, request)
    cash = _cash(values, account.initial_cash)
    now = venue.now
    await venue.rewrite(lambda store: store.reset_account(account.id, cash, now))
    return await _one(request, venue, account.key)


def _venue(request: Request) -> Venue:
    venue: Venue = request.app.state.venue
    return venue


def _cash(values: dict[str, Any], default: Decimal) -> Decimal:
    cash = decimal(values, "cash")
    cash = default if cash is None else cash
    if cash < 0:
        raise invalid_parameter("cash must not be negative")
    return cash


def _account(market: Market, request: Request) -> Account:
    key = request.path_params["key"]
    for account in market.accounts.values():
        if account.key == key:
            return account
    raise not_found(f"account not found for {key[:50]}")


async def _one(_request: Request, venue: Venue, key: str) -> Response:
    async with venue.committed() as market:
        (account,) = [one for one in market.accounts.values() if one.key == key]
        return json_response(_json(account, market))


def _json(account: Account, market: Market) -> dict[str, Any]:
    return {
        "id": account.id,
        "key": account.key,
        "cash": cents(account.cash),
        "equity": cents(account.equity(market.marks)),
        "positions": len(account.positions),
    }


ROUTES = [
    Route("/practice/accounts", list_accounts, methods=["GET"]),
    Route("/practice/accounts", open_account, methods=["POST"]),
    Route("/practice/accounts/{key}/deposit", deposit, methods=["POST"]),
    Route("/practice/accounts/{key}/reset", reset, methods=["POST"]),
]
