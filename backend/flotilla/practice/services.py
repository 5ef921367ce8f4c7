"""What the requests are answered with beside the venue itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flotilla.practice.corporate_actions import CorporateActions
from flotilla.practice.credentials import Credentials
from flotilla.practice.faults import Faults
from flotilla.practice.portfolio import Portfolio
from flotilla.practice.publishing.fakepaca import Fakepaca
from flotilla.practice.rate_limit import RateLimit
from flotilla.practice.tape import Tape
from flotilla.practice.venue import Venue
from flotilla.practice.watchlists import Watchlists

# Starts the market anew with these settings changed; raises PracticeStartError when it cannot.
ChangeSettings = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Services:
    venue: Venue
    watchlists: Watchlists
    portfolio: Portfolio
    credentials: Credentials
    rate_limit: RateLimit
    tape: Tape
    corporate_actions: CorporateActions
    change_settings: ChangeSettings
    faults: Faults
    fakepaca: Fakepaca
    symbol_limits: Mapping[str, int]
    authentication_seconds: float
