"""What is kept of a bot's steps, read back: where replays begin, what steps took in, bars as first seen."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.packed_bars import unpack_minute, unpack_series
from flotilla.db.session import Database
from flotilla.db.tables import (
    BotRow,
    BotStepRow,
    BotVersionRow,
    ReplayOriginRow,
    SeenLearntRow,
    SeenMinuteRow,
)
from flotilla.domain.bots import BotSpec, BotStatus
from flotilla.domain.kernel.decisions import Mode
from flotilla.domain.kernel.journal import JournaledStep
from flotilla.domain.market import NEW_YORK, Session, TimeArray
from flotilla.features.decisions import live
from flotilla.features.decisions.reports import session_day
from flotilla.ports.decision_log import Learnt, OriginCause, ReplayOrigin
from flotilla.research.parity.decisions import Stretch
from flotilla.research.parity.replay import Recording
from flotilla.research.parity.report import Material
from flotilla.research.parity.seen import ClosedMinute, LearntLater, SeenBars
from flotilla.wire.bots import BotDefinition, to_spec

_SESSION = 390  # minutes of a stock's day
_SPARE = timedelta(days=10)  # for weekends and holidays among the days that warm a bot up


@dataclass(frozen=True, slots=True)
class _Bot:
    """What is asked of a bot before anything else. `last`: its newest stored step; while it is `running`
    it may have taken more of them that left nothing.
    """

    id: str
    name: str
    account_id: str
    coins: bool
    last: datetime | None
    running: bool

    @property
    def clock(self) -> tzinfo:
        return UTC if self.coins else NEW_YORK


class Recordings:
    """Reads in transactions of its own: what is made of it may take a while."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def name(self, bot_id: str) -> str | None:
        """The bot's name, None when there is no such bot."""
        async with self._database.transaction() as session:
            return await session.scalar(select(BotRow.name).where(BotRow.id == bot_id))

    async def at(self, bot_id: str, tau: datetime) -> tuple[Recording, int] | None:
        """What a replay of the step at `tau` needs, and the version that decided; None: not kept."""
        async with self._database.transaction() as session:
            bot = await _bot(session, bot_id)
            origin = await session.scalar(
                select(ReplayOriginRow)
                .where(ReplayOriginRow.bot_id == bot_id, ReplayOriginRow.tau <= tau)
                .order_by(ReplayOriginRow.tau.desc())
                .limit(1)
            )
            if bot is None or origin is None or await _had_ended(session, bot, tau):
                return None
            (recording,) = await _recordings(session, bot, [origin], tau)
            return recording, origin.bot_version

    async def newest_session(self, bot_id: str) -> date | None:
        """The session in which the bot last began to step."""
        async with self._database.transaction() as session:
            found = await session.execute(
                select(ReplayOriginRow.tau, BotRow.symbols)
                .join(BotRow, BotRow.id == ReplayOriginRow.bot_id)
                .where(ReplayOriginRow.bot_id == bot_id)
                .order_by(ReplayOriginRow.tau.desc())
                .limit(1)
            )
            row = found.first()
            return None if row is None else session_day(row.tau, row.symbols)

    async def of_session(self, bot_id: str, day: date) -> Material | None:
        """All that a parity report of a session needs; None where the bot did not step in it."""
        async with self._database.transaction() as session:
            bot = await _bot(session, bot_id)
            if bot is None:
                return None
            first, end = _day(day, bot.clock)
            origins = await _origins(session, bot_id, first, end)
            if not origins:
                return None
            recordings = await _recordings(session, bot, origins, end)
            following = await session.scalar(
                select(ReplayOriginRow)
                .where(ReplayOriginRow.bot_id == bot_id, ReplayOriginRow.tau > end)
                .order_by(ReplayOriginRow.tau)
                .limit(1)
            )
            lasts = _lasts([*origins, following], bot, recordings[0].seen, end)
            stretches = [Stretch(one, last) for one, last in zip(recordings, lasts, strict=True)]
            return Material(
                stretches=stretches,
                runs=await live.runs(session, bot_id, origins[0].tau, end),
                fills=await live.fills(session, bot_id, origins[0].tau, end),
                orders=await live.orders(session, bot_id, first, end),
                seen=recordings[0].seen,
            )


# --- the bot, and where its replays begin ---------------------------------------------------------


async def _bot(session: AsyncSession, bot_id: str) -> _Bot | None:
    row = await session.get(BotRow, bot_id)
    if row is None:
        return None
    last = row.checkpoint.get("tau")
    coins = any("/" in symbol for symbol in row.symbols)
    moment = None if last is None else datetime.fromisoformat(last)
    running = row.status == BotStatus.RUNNING
    return _Bot(row.id, row.name, row.account_id, coins, moment, running)


async def _had_ended(session: AsyncSession, bot: _Bot, tau: datetime) -> bool:
    """Whether the bot had taken its last step before `tau`, and did not begin anew until then."""
    following = await session.scalar(
        select(ReplayOriginRow)
        .where(ReplayOriginRow.bot_id == bot.id, ReplayOriginRow.tau > tau)
        .order_by(ReplayOriginRow.tau)
        .limit(1)
    )
    last = bot.last if following is None else _previous(following)
    if last is None or (following is None and bot.running):
        return False
    return tau > last


async def _origins(
    session: AsyncSession, bot_id: str, first: datetime, end: datetime
) -> Sequence[ReplayOriginRow]:
    found = await session.scalars(
        select(ReplayOriginRow)
        .where(ReplayOriginRow.bot_id == bot_id, ReplayOriginRow.tau > first, ReplayOriginRow.tau <= end)
        .order_by(ReplayOriginRow.tau)
    )
    return found.all()


def _lasts(origins: Sequence[ReplayOriginRow | None], bot: _Bot, seen: SeenBars, end: datetime) -> list[int]:
    """The newest step stored of each origin; `origins` end with the one after the session, if any."""
    found = []
    for origin, following in pairwise(origins):
        assert origin is not None
        last = bot.last if following is None else _previous(following)
        if last is None and following is not None:  # it went on with the next session: all steps are known
            closed = [one.tau for one in seen.minutes if one.tau < following.tau.timestamp()]
            last = _moment(closed[-1]) if closed else origin.tau
        found.append(int(min(max(last or origin.tau, origin.tau), end).timestamp()))
    return found


def _previous(origin: ReplayOriginRow) -> datetime | None:
    text = origin.values.get("previous")
    return None if text is None else datetime.fromisoformat(text)


async def _recordings(
    session: AsyncSession, bot: _Bot, origins: Sequence[ReplayOriginRow], until: datetime
) -> list[Recording]:
    """A recording for each origin, all over the same bars."""
    specs = {row.bot_version: await _spec(session, bot.id, row.bot_version) for row in origins}
    symbols = {i["symbol"] for row in origins for i in row.values["instruments"]}
    warm_up = max(spec.base_warm_up for spec in specs.values())
    days = warm_up / (1440 if bot.coins else _SESSION) * 7 / 5
    since = origins[0].tau - timedelta(days=days) - _SPARE
    seen = await _seen(session, bot.account_id, symbols, since, until)
    journal = await _journal(session, bot.id, origins[0].tau, until)
    closes = _closes(seen)
    return [Recording(specs[row.bot_version], _origin(row), journal, seen, closes) for row in origins]


async def _spec(session: AsyncSession, bot_id: str, version: int) -> BotSpec:
    row = await session.get_one(BotVersionRow, (bot_id, version))
    return to_spec(BotDefinition.model_validate(row.definition))


def _origin(row: ReplayOriginRow) -> ReplayOrigin:
    values: dict[str, Any] = dict(row.values)
    values["previous"] = _previous(row)
    return ReplayOrigin(tau=row.tau, cause=OriginCause(row.cause), bot_version=row.bot_version, **values)


async def _journal(
    session: AsyncSession, bot_id: str, since: datetime, until: datetime
) -> Mapping[int, JournaledStep]:
    found = await session.scalars(
        select(BotStepRow).where(
            BotStepRow.bot_id == bot_id, BotStepRow.tau >= since, BotStepRow.tau <= until
        )
    )
    return {int(row.tau.timestamp()): _step(row) for row in found}


def _step(row: BotStepRow) -> JournaledStep:
    told = dict(row.journal)
    if told.get("mode") is not None:
        told["mode"] = Mode(told["mode"])
    for name in ("calls", "stops"):
        told[name] = [tuple(one) for one in told.get(name, ())]
    return JournaledStep(row.tau, **told)


# --- bars -----------------------------------------------------------------------------------------


async def _seen(
    session: AsyncSession, account_id: str, symbols: set[str], since: datetime, until: datetime
) -> SeenBars:
    minutes = await session.execute(
        select(SeenMinuteRow.tau, SeenMinuteRow.session_open, SeenMinuteRow.session_close, SeenMinuteRow.bars)
        .where(SeenMinuteRow.account_id == account_id)
        .where(SeenMinuteRow.tau >= since, SeenMinuteRow.tau <= until)
        .order_by(SeenMinuteRow.tau)
    )
    learnt = await session.execute(
        select(SeenLearntRow.tau, SeenLearntRow.symbol, SeenLearntRow.kind, SeenLearntRow.bars)
        .where(SeenLearntRow.account_id == account_id, SeenLearntRow.symbol.in_(symbols))
        .where(SeenLearntRow.tau <= until, SeenLearntRow.last_start >= since)
        .order_by(SeenLearntRow.tau)
    )
    return await asyncio.to_thread(_unpacked, minutes.all(), learnt.all(), symbols)


def _unpacked(minutes: Sequence[Any], learnt: Sequence[Any], symbols: set[str]) -> SeenBars:
    return SeenBars(
        [
            ClosedMinute(
                int(tau.timestamp()),
                Session(opened, closed),
                {s: values for s, values in unpack_minute(bars).items() if s in symbols},
            )
            for tau, opened, closed, bars in minutes
        ],
        [
            LearntLater(int(tau.timestamp()), symbol, Learnt(kind), unpack_series(bars, symbol))
            for tau, symbol, kind, bars in learnt
        ],
    )


def _closes(seen: SeenBars) -> TimeArray:
    return np.array(sorted({int(one.session.close.timestamp()) for one in seen.minutes}), np.int64)


def _day(day: date, clock: tzinfo) -> tuple[datetime, datetime]:
    """Midnight to midnight by the bot's clock, in UTC."""
    first = datetime.combine(day, time(0), clock)
    end = datetime.combine(day + timedelta(days=1), time(0), clock)
    return first.astimezone(UTC), end.astimezone(UTC)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
