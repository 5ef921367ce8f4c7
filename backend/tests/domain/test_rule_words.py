"""A rule reads as a sentence, and the sentence says which rule it was."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings

from flotilla.domain import rules
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.rules import (
    All,
    Any,
    Between,
    Change,
    Comparison,
    Condition,
    Constant,
    Direction,
    Held,
    IndicatorValue,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
)
from tests.domain.rule_trees import CLOSE, HOURLY, MACD, OPEN, RSI, SIGNAL, SMA, USES, VOLUME, T, trees

Op = Comparison
A = Condition(RSI, Op.CROSSES_BELOW, Constant(30.0))
B = Condition(CLOSE, Op.ABOVE, SMA)
C = Condition(MACD, Op.AT_LEAST, SIGNAL)
RISING = Trend(SMA, Direction.RISING, 3)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (A, "RSI(3) crosses below 30"),
        (B, "close is above SMA(4)"),
        (C, "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal"),
        (Condition(VOLUME, Op.AT_MOST, Constant(1234567.5)), "volume is at most 1234567.5"),
        (Condition(Constant(0.25), Op.BELOW, OPEN), "0.25 is below open"),
        (Condition(RSI, Op.CROSSES_ABOVE, Constant(70)), "RSI(3) crosses above 70"),
        (Condition(Price("high", 1), Op.BELOW, Price("close")), "high 1 bar ago is below close"),
        (
            Condition(Price("close", 2, T.HOUR_4), Op.BELOW, HOURLY),
            "4-hour close 2 bars ago is below 1-hour SMA(2)",
        ),
        (
            Condition(Price("low", 0, T.DAY_1), Op.BELOW, Price("low", 0, T.MINUTE_15)),
            "daily low is below 15-minute low",
        ),
        (Condition(Change(CLOSE, 10), Op.ABOVE, Constant(2)), "the change of close over 10 bars is above 2%"),
        (
            Condition(Change(Price("close", 1), 1), Op.ABOVE, Change(RSI, 3)),
            "the change of close 1 bar ago over 1 bar is above the change of RSI(3) over 3 bars",
        ),
        (Between(RSI, Constant(30), Constant(70)), "RSI(3) is between 30 and 70"),
        (RISING, "SMA(4) has been rising for 3 bars"),
        (Trend(Price("close", 0, T.DAY_1), Direction.FALLING, 1), "daily close has been falling for 1 bar"),
        (Held(B, 5), "close is above SMA(4) for 5 bars in a row"),
        (Held(RISING, 5), "(SMA(4) has been rising for 3 bars) for 5 bars in a row"),
        (
            Held(All((B, C)), 2),
            "(close is above SMA(4) and MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal) "
            "for 2 bars in a row",
        ),
        (All((A, Held(B, 5))), "RSI(3) crosses below 30 and (close is above SMA(4) for 5 bars in a row)"),
        (All((Held(B, 5),)), "close is above SMA(4) for 5 bars in a row"),
        (All((A, B)), "RSI(3) crosses below 30 and close is above SMA(4)"),
        (Any((A, B)), "RSI(3) crosses below 30 or close is above SMA(4)"),
        (All((A,)), "RSI(3) crosses below 30"),
        (
            All((A, Any((B, C)))),
            "RSI(3) crosses below 30 and "
            "(close is above SMA(4) or MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal)",
        ),
        (
            All((A, All((Any((B, C)),)))),
            "RSI(3) crosses below 30 and "
            "(close is above SMA(4) or MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal)",
        ),
        (
            Any((All((A, B)), C)),
            "(RSI(3) crosses below 30 and close is above SMA(4)) or "
            "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal",
        ),
        (All((A, Any((B,)))), "RSI(3) crosses below 30 and close is above SMA(4)"),
        (Not(A), "not (RSI(3) crosses below 30)"),
        (
            All((Not(Any((A, B))), C)),
            "not (RSI(3) crosses below 30 or close is above SMA(4)) and "
            "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: Rule, words: str) -> None:
    assert rules.sentence(rule, USES) == words


def test_a_sentence_names_defaults_and_survives_what_it_does_not_know() -> None:
    uses = {"r": IndicatorUse("r", "RSI", {}), "odd": IndicatorUse("odd", "GONE", {})}
    assert rules.sentence(Condition(IndicatorValue("r", "rsi"), Op.ABOVE, OPEN), uses) == (
        "RSI(14) is above open"
    )
    for name in ("odd", "missing"):
        condition = Condition(IndicatorValue(name, "x"), Op.ABOVE, Constant(1))
        assert rules.sentence(condition, uses) == f"{name} is above 1"


# --- back from words to the rule ----------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(rule=trees)
def test_a_sentence_says_which_rule_it_was(rule: Rule) -> None:
    words = rules.sentence(rule, USES)
    reader = Reader(re.findall(r"\(|\)|[^()\s]+(?:\([^()]*\))?", words))
    assert reader.rule() == simple(rule)
    assert reader.words == []


def simple(rule: Rule) -> Rule:
    """Return the rule without what words do not keep: groups of one, and groups in their like."""
    match rule:
        case All(of) | Any(of):
            kind, members = type(rule), list[Rule]()
            for member in map(simple, of):
                members.extend(member.of if isinstance(member, kind) else [member])
            return members[0] if len(members) == 1 else kind(tuple(members))
        case Not(of):
            return Not(simple(of))
        case Held(of, bars):
            return Held(simple(of), bars)
    return rule


PHRASES = {op.phrase: op for op in Op}
OUTPUTS = {
    "RSI(3)": [RSI],
    "SMA(4)": [SMA],
    "1-hour SMA(2)": [HOURLY],
    "MACD(2, 4, 3)": [MACD, SIGNAL],
}


@dataclass
class Reader:
    """Takes a sentence apart, word by word; a number in brackets belongs to the word before it."""

    words: list[str]

    def rule(self) -> Rule:
        members = [self.member()]
        joint = self.words[0] if self.words and self.words[0] in ("and", "or") else None
        while joint and self.words and self.words[0] == joint:
            self.take(joint)
            members.append(self.member())
        return {"and": All, "or": Any, None: lambda of: of[0]}[joint](tuple(members))

    def member(self) -> Rule:
        if self.has("not"):
            self.take("not", "(")
            inner = Not(self.rule())
            self.take(")")
            return inner
        if self.has("("):
            self.take("(")
            found = self.rule()
            self.take(")")
        else:
            found = self.condition()
        if self.has("for"):
            bars = self.count("for")
            self.take("in", "a", "row")
            return Held(found, bars)
        return found

    def condition(self) -> Rule:
        left = self.operand()
        if self.has("is", "between"):
            self.take("is", "between")
            low = self.operand()
            self.take("and")
            return Between(left, low, self.operand())
        if self.has("has", "been"):
            self.take("has", "been")
            return Trend(left, Direction(self.words.pop(0)), self.count("for"))
        for phrase, op in sorted(PHRASES.items(), key=lambda item: -len(item[0])):
            if self.has(*phrase.split()):
                self.take(*phrase.split())
                return Condition(left, op, self.operand())
        raise AssertionError(self.words)

    def operand(self) -> Operand:
        if self.has("the", "change", "of"):
            self.take("the", "change", "of")
            of = self.operand()
            assert isinstance(of, Price | IndicatorValue)
            return Change(of, self.count("over"))
        word = self.words.pop(0)
        if re.fullmatch(r"-?[\d.]+%?", word):
            return Constant(float(word.rstrip("%")))
        timeframe = None
        if word == "daily" or re.fullmatch(r"\d+-(minute|hour)", word):
            spelled = {"daily": T.DAY_1} | {rules.words._prefix(t).strip(): t for t in T}
            timeframe, prefix, word = spelled[word], word, self.words.pop(0)
            word = f"{prefix} {word}" if f"{prefix} {word}" in OUTPUTS else word
        found: Operand
        if word in OUTPUTS:
            outputs = OUTPUTS[word]
            output = self.words.pop(0) if len(outputs) > 1 else outputs[0].output
            found = IndicatorValue(outputs[0].indicator, output, self.ago())
        else:
            found = Price(word, self.ago(), timeframe)  # type: ignore[arg-type]
        return found

    def ago(self) -> int:
        if len(self.words) > 2 and self.words[2] == "ago":
            count = int(self.words.pop(0))
            self.words = self.words[2:]
            return count
        return 0

    def count(self, before: str) -> int:
        self.take(before)
        number = int(self.words.pop(0))
        self.take("bar" if number == 1 else "bars")
        return number

    def has(self, *words: str) -> bool:
        return tuple(self.words[: len(words)]) == words

    def take(self, *words: str) -> None:
        assert self.has(*words), (words, self.words)
        self.words = self.words[len(words) :]
