"""docs/indicators.md says what the catalogue says, and the catalogue says it in a form that can be used."""

import re
from pathlib import Path

import pandas_ta_classic as pandas_ta
import pytest
import talib
from talib import abstract

from flotilla.domain.indicators import CATALOGUE, IndicatorUse, problems, warm_up
from flotilla.domain.indicators.reference import page
from tests.domain.indicator_cases import NAMES

PAGE = Path(__file__).parents[3] / "docs" / "indicators.md"
OTHER_NAMES = {
    *("cdl_pattern", "dm", "hl2", "hlc3", "linreg", "linregangle", "linregintercept", "linregslope", "mad"),
    *("md", "ohlc4", "psar", "stdev", "true_range", "uo", "variance", "wcp", "zlma"),
}
LEFT_OUT = {"tos_stdevall", "vp"}
SECOND_SERIES = {"BETA": ["against"], "CORREL": ["against"]}


def test_the_page_is_that_of_the_catalogue() -> None:
    assert PAGE.read_text("utf-8") == page(), (
        "python -m flotilla.domain.indicators.reference > docs/indicators.md"
    )


def test_every_function_of_talib_is_there_but_the_math() -> None:
    groups = talib.get_function_groups()
    wanted = {name for group, names in groups.items() if not group.startswith("Math") for name in names}
    assert {name for name, entry in CATALOGUE.items() if entry.library == "TA-Lib"} == wanted


def test_every_function_of_pandas_ta_is_there_or_is_said_to_have_another_name_or_to_be_left_out() -> None:
    there = {name for names in pandas_ta.Category.values() for name in names}
    assert {name for name in there if name.upper() not in CATALOGUE} == OTHER_NAMES | LEFT_OUT
    text = page()
    assert all(f"`{name}`" in text for name in OTHER_NAMES | LEFT_OUT)


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOGUE[name].library == "TA-Lib"])
def test_talibs_parameters_keep_their_names_and_order(name: str) -> None:
    theirs = list(abstract.Function(name).info["parameters"])
    ours = [parameter.name for parameter in CATALOGUE[name].parameters]
    if name == "VAR":  # its deviations are read by nothing
        theirs.remove("nbdev")
    assert ours == theirs + SECOND_SERIES.get(name, [])


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_complete(name: str) -> None:
    entry = CATALOGUE[name]
    assert not problems(IndicatorUse("x", name), "at")
    assert warm_up([IndicatorUse("x", name)]) >= 1
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
    assert entry.title
    assert entry.explanation.endswith(".")
    assert len(entry.explanation) <= 200
    assert entry.outputs
    names = [output.name for output in entry.outputs]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", output) for output in names)
    known = {parameter.name: parameter for parameter in entry.parameters}
    assert len(known) == len(entry.parameters)
    for parameter in entry.parameters:
        if parameter.type == "choice":
            assert parameter.default in parameter.choices
        else:
            assert parameter.minimum is not None
            assert parameter.maximum is not None
    assert all({rule.lower, rule.upper} <= set(known) for rule in entry.constraints)
