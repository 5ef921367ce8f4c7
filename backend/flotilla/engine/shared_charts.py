"""What bots ask of the same bars at the same minute, worked out once for all of them.

Bots call their indicators by names of their own; what a condition *means* is its key: two bots with RSI(14)
below 30 ask the same question of a symbol, whatever they call it. Nothing here decides: charts and answers
are the domain's, kept for a minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from sys import intern

from flotilla.domain import indicators, rules
from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import CATALOGUE, IndicatorUse
from flotilla.domain.indicators.catalogue import complete
from flotilla.domain.market import FloatArray, Series, Timeframe
from flotilla.domain.rules import All, Any, Chart, Explained, Held, Not, Rule


@dataclass(slots=True)
class SymbolCharts:
    """One symbol at one minute: its longer bars, its indicators' columns, and what was answered."""

    frames: dict[Timeframe, Series] = field(default_factory=dict)
    answers: dict[tuple[str, bool], bool] = field(default_factory=dict)
    explained: dict[tuple[str, int], Sequence[Explained]] = field(default_factory=dict)
    _columns: dict[str, Mapping[str, FloatArray]] = field(default_factory=dict)

    def compute(self, use: IndicatorUse, series: Series) -> Mapping[str, FloatArray]:
        """`indicators.compute`, once for each distinct indicator, parameters and timeframe."""
        key = _meaning(use, series.timeframe)
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = indicators.compute(use, series)
        return found


class SharedCharts:
    """All symbols of one minute."""

    def __init__(self) -> None:
        self._symbols: dict[str, SymbolCharts] = {}

    def of(self, symbol: str) -> SymbolCharts:
        """What is shared of a symbol."""
        found = self._symbols.get(symbol)
        if found is None:
            found = self._symbols[symbol] = SymbolCharts()
        return found

    def forget(self) -> None:
        """Give it all up: who has fallen behind works out anew the little that is his."""
        self._symbols = {}


@dataclass(frozen=True, slots=True)
class Question:
    """A rule, or a part of one. `key` is what it means, None for a group, whose `members` are asked."""

    rule: Rule
    key: str | None
    members: tuple["Question", ...]

    def holds(self, chart: Chart, shared: SymbolCharts, truth: bool = True) -> bool:
        """Whether it is known to be `truth` at the chart's newest bar: the newest of `rules.known`."""
        if self.key is not None:
            asked = (self.key, truth)
            answer = shared.answers.get(asked)
            if answer is None:
                answer = shared.answers[asked] = bool(rules.known(self.rule, chart, truth)[-1])
            return answer
        if isinstance(self.rule, Not):
            return self.members[0].holds(chart, shared, not truth)
        join = all if isinstance(self.rule, All) == truth else any
        return join(member.holds(chart, shared, truth) for member in self.members)

    def explain(self, chart: Chart, shared: SymbolCharts, depth: int = 0) -> Sequence[Explained]:
        """Its conditions at the newest bar, without the groups around them: see `rules.explain`."""
        if self.key is None:
            return [part for one in self.members for part in one.explain(chart, shared, depth + 1)]
        asked = (self.key, depth)
        parts = shared.explained.get(asked)
        if parts is None:
            found = (part for part in rules.explain(self.rule, chart) if not part.is_group)
            parts = tuple(replace(part, depth=part.depth + depth) if depth else part for part in found)
            shared.explained[asked] = parts
        return parts

    def truths(self, chart: Chart, shared: SymbolCharts) -> tuple[bool, ...]:
        """Which of the conditions that `explain` names hold, without what they saw."""
        if self.key is None:
            return tuple(truth for one in self.members for truth in one.truths(chart, shared))
        if isinstance(self.rule, Held):  # it is told with the condition that has held
            return tuple(part.holds for part in self.explain(chart, shared))
        return (self.holds(chart, shared),)


class Questions:
    """What a bot asks at each of its bars, with all that can be known before the first."""

    def __init__(self, spec: BotSpec) -> None:
        self.spec = spec
        self.uses = spec.uses
        self.lookback = spec.lookback
        self._asked = {name: _question(rule, spec) for name, rule in spec.rules.items()}

    def of(self, spec: BotSpec) -> "Questions":
        """These, or those of another definition."""
        return self if spec is self.spec else Questions(spec)

    def chart(self, base: Series, shared: SymbolCharts, **when: object) -> Chart:
        """The bot's chart of a symbol, over what is shared of it; `when`: see `Chart`."""
        return Chart(
            base,
            self.spec.timeframe,
            self.uses,
            compute=shared.compute,
            frames=shared.frames,
            **when,  # type: ignore[arg-type]
        )

    def rule(self, name: str) -> Question | None:
        """The rule of that name (`BotSpec.rules`), if the bot has it."""
        return self._asked.get(name)

    def holds(self, name: str, chart: Chart, shared: SymbolCharts) -> bool:
        """Whether a rule of the bot signals at the chart's newest bar."""
        asked = self._asked.get(name)
        return asked is not None and asked.holds(chart, shared)


def _question(rule: Rule, spec: BotSpec) -> Question:
    match rule:
        case All(of) | Any(of):
            return Question(rule, None, tuple(_question(member, spec) for member in of))
        case Not(of):
            return Question(rule, None, (_question(of, spec),))
        case _:
            return Question(rule, intern(f"{spec.timeframe} {_words(rule, spec)}"), ())


def _words(part: object, spec: BotSpec) -> str:
    """The part in full, with each indicator's own words in place of what the bot calls it."""
    if isinstance(part, rules.IndicatorValue):
        use = spec.uses[part.indicator]
        return f"{_meaning(use, use.timeframe)}.{part.output}[{part.ago}]"
    names = getattr(type(part), "__dataclass_fields__", None)
    if names is not None:
        inside = ", ".join(_words(getattr(part, name), spec) for name in names)
        return f"{type(part).__name__}({inside})"
    if isinstance(part, tuple):
        return f"({', '.join(_words(one, spec) for one in part)})"
    return repr(part)


def _meaning(use: IndicatorUse, timeframe: Timeframe | None) -> str:
    return f"{timeframe} {use.name}({complete(CATALOGUE[use.name], use)!r}, {use.source})"
