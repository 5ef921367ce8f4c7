"""Entry and exit rules: a tree of all / any / not over conditions.

tree            what a rule is made of, and what is true of the unknown
chart           the bars of a symbol as rules see them: longer timeframes, indicators
evaluation      whether a rule holds, over whole columns at once
words           a rule as a sentence
explanation     a rule at one bar: every part with its values
lookback        how many bars it needs
contradictions  rules that can never be true
problems        everything that can be wrong with one
"""

from flotilla.domain.rules.chart import BoolArray, Chart, Compute
from flotilla.domain.rules.evaluation import evaluate, known, values
from flotilla.domain.rules.explanation import Explained, Kind, Seen, explain
from flotilla.domain.rules.lookback import base_minutes, lookback
from flotilla.domain.rules.problems import problems, timeframe_problems
from flotilla.domain.rules.tree import (
    MAX_BARS,
    MAX_DEPTH,
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
    Leaf,
    Not,
    Operand,
    Price,
    PriceField,
    Rule,
    Trend,
    Uses,
    conditions,
    operands,
    timeframe_of,
)
from flotilla.domain.rules.words import operand_words, sentence, use_words

__all__ = [
    "MAX_BARS",
    "MAX_DEPTH",
    "All",
    "Any",
    "Between",
    "BoolArray",
    "Change",
    "Chart",
    "Comparison",
    "Compute",
    "Condition",
    "Constant",
    "Direction",
    "Explained",
    "Held",
    "IndicatorValue",
    "Kind",
    "Leaf",
    "Not",
    "Operand",
    "Price",
    "PriceField",
    "Rule",
    "Seen",
    "Trend",
    "Uses",
    "base_minutes",
    "conditions",
    "evaluate",
    "explain",
    "known",
    "lookback",
    "operand_words",
    "operands",
    "problems",
    "sentence",
    "timeframe_of",
    "timeframe_problems",
    "use_words",
    "values",
]
