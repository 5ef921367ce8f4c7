"""Where a market's prices come from, out of its settings."""

from dataclasses import dataclass

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.corporate_actions import CorporateActions, read_actions
from flotilla.practice.errors import PracticeStartError
from flotilla.practice.scenario import Scenario, read_scenario
from flotilla.practice.session import Session
from flotilla.practice.settings import PracticeSettings
from flotilla.practice.sources.coins import ReplayCoins, SyntheticCoins
from flotilla.practice.sources.replay import QuietExchange, ReplayMarket, has_stocks
from flotilla.practice.sources.scenario import ScenarioSource
from flotilla.practice.sources.source import PriceSource
from flotilla.practice.sources.synthetic import SyntheticMarket


@dataclass(frozen=True, slots=True)
class Prices:
    """Where a market's prices come from, and its settings."""

    settings: PracticeSettings
    source: PriceSource
    actions: CorporateActions
    scenario: Scenario
    start: Session


def prices_of(settings: PracticeSettings, calendar: TradingCalendar) -> Prices:
    scenario = read_scenario(settings.scenario) if settings.scenario else Scenario()
    source = _source(settings, calendar)
    if scenario.events:
        source = ScenarioSource(source, scenario)
    actions = read_actions(settings.bars / "actions.csv") if settings.bars else CorporateActions()
    return Prices(settings, source, actions, scenario, _start(settings, source))


def _source(settings: PracticeSettings, calendar: TradingCalendar) -> PriceSource:
    if settings.bars is not None:
        coins = ReplayCoins(settings.bars)
        if coins.days and not settings.symbols and not has_stocks(settings.bars):
            return QuietExchange(coins.identity, coins.days, coins.first_bar, calendar)
        return ReplayMarket(settings.bars, calendar, settings.symbols)
    return SyntheticMarket(calendar, settings.seed, settings.symbols)


def coins_of(settings: PracticeSettings) -> PriceSource:
    return SyntheticCoins(settings.seed) if settings.bars is None else ReplayCoins(settings.bars)


def _start(settings: PracticeSettings, source: PriceSource) -> Session:
    if settings.start is None:
        return source.first_session
    session = source.session_from(max(settings.start, source.first_session.day))
    if session is None:
        raise PracticeStartError(f"There are no bars on {settings.start} or later.")
    return session
