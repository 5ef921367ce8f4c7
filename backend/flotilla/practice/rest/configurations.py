"""What an account's owner allows: GET and PATCH /v2/account/configurations."""

import dataclasses
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import invalid_parameter
from flotilla.practice.matching.account import Configurations
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import body
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue

# Flags take JSON booleans; the others one of these values.
_VALUES: dict[str, tuple[object, ...]] = {
    "max_margin_multiplier": ("1", "2", "4"),
    "trade_confirm_email": ("all", "none"),
    "max_options_trading_level": (0, 1, 2, 3),
}


async def get_configurations(_request: Request, venue: Venue, account_id: str) -> Response:
    async with venue.committed() as market:
        return json_response(dataclasses.asdict(market.accounts[account_id].configurations))


async def change_configurations(request: Request, venue: Venue, account_id: str) -> Response:
    changes = _changes(await body(request))
    async with venue.committed() as market:
        changed = dataclasses.replace(market.accounts[account_id].configurations, **changes)
    await venue.administer(lambda back_office: back_office.configure(account_id, changed))
    return json_response(dataclasses.asdict(changed))


def _changes(values: dict[str, Any]) -> dict[str, Any]:
    """Return the members that change; null and absent ones stay as they are, unknown are ignored."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(Configurations):
        value = values.get(field.name)
        if value is None:
            continue
        if field.name == "max_margin_multiplier" and not isinstance(value, bool):
            value = str(value)
        allowed = _VALUES.get(field.name, (True, False))
        if not any(value == one and type(value) is type(one) for one in allowed):
            raise invalid_parameter(f"invalid {field.name}")
        changes[field.name] = value
    return changes


ROUTES = [
    Route("/v2/account/configurations", authenticated(get_configurations), methods=["GET"]),
    Route("/v2/account/configurations", authenticated(change_configurations), methods=["PATCH"]),
]
