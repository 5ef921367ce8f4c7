"""A bot's definition on its way from JSON to the domain, and to the row and back."""

from copy import deepcopy
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from flotilla.db.tables import BotRow
from flotilla.domain import bots
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import All, Comparison, Condition, Constant, IndicatorValue, Not, Price
from flotilla.domain.rules import Any as AnyOf
from flotilla.features.bots.examples import EXAMPLES
from flotilla.wire import rows
from flotilla.wire.bots import BotDefinition, BotOut, to_spec
from tests.builders import condition, constant, definition, every, indicator, price, some

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def row_of(stored: BotDefinition) -> BotRow:
    """Return the row that the API writes for a definition."""
    columns = stored.model_dump(mode="json", exclude={"capital"})
    return BotRow(
        **columns,
        id="bot",
        account_id="account",
        capital=stored.capital,
        cash=stored.capital,
        realized_pnl=Decimal(0),
        status="stopped",
        desired_status="stopped",
        on_stop="keep",
        version=1,
        failures=0,
        created_at=NOW,
        updated_at=NOW,
    )


def test_a_definition_becomes_the_domains() -> None:
    rsi = indicator("rsi", "rsi")
    spec = to_spec(
        BotDefinition.model_validate(
            definition(
                name="  Dip buyer ",
                symbols=[" aapl", "Msft"],
                timeframe="5Min",
                rules={
                    "entry": every(
                        condition(rsi, "below", constant(30)),
                        some(condition(price("open"), "at_most", price("close"))),
                        {"type": "not", "of": condition(constant(1), "crosses_above", rsi)},
                    ),
                },
                risk_management={"position_percent": 12.5, "stop_loss_percent": None},
                start_hour=9,
                start_minute=45,
                end_hour=15,
                end_minute=30,
            )
        )
    )
    value = IndicatorValue("rsi", "rsi")
    assert spec == bots.BotSpec(
        name="Dip buyer",
        capital=Decimal(10_000),
        symbols=("AAPL", "MSFT"),
        timeframe=Timeframe.MINUTE_5,
        trading_frequency=300,
        indicators=(IndicatorUse("rsi", "RSI", {"timeperiod": 14}),),
        entry=All(
            (
                Condition(value, Comparison.BELOW, Constant(30.0)),
                AnyOf((Condition(Price("open"), Comparison.AT_MOST, Price("close")),)),
                Not(Condition(Constant(1.0), Comparison.CROSSES_ABOVE, value)),
            )
        ),
        exit=None,
        risk=RiskRules(position_percent=12.5, stop_loss_percent=None),
        window=Window(time(9, 45), time(15, 30)),
    )


def test_an_indicator_may_have_numbers_choices_and_a_source() -> None:
    bands = {"timeperiod": 20, "nbdevup": 2.5, "matype": "EMA"}
    use = {"id": "bb", "name": "BBANDS", "params": bands, "source": "hlc3", "timeframe": None}
    definition_ = BotDefinition.model_validate(definition(indicators=[use]))
    assert to_spec(definition_).indicators == (IndicatorUse("bb", "BBANDS", bands, "hlc3"),)
    assert definition_.model_dump(mode="json")["indicators"] == [use]


def test_an_indicator_stored_before_sources_reads_the_close() -> None:
    use = {"id": "rsi", "name": "RSI", "params": {"timeperiod": 14}}
    (read,) = BotDefinition.model_validate(definition(indicators=[use])).indicators
    assert read.source == "close"


def test_what_is_left_out_has_the_domains_defaults() -> None:
    spec = to_spec(BotDefinition.model_validate(definition()))
    assert spec.risk == RiskRules()
    assert spec.window == Window(time(0), time(0))
    assert (spec.timeframe, spec.trading_frequency) == (Timeframe.MINUTE_1, 60)


@pytest.mark.parametrize("frequency", [0, -60, 90])
def test_a_given_frequency_is_not_replaced_by_the_default(frequency: int) -> None:
    spec = to_spec(BotDefinition.model_validate(definition(trading_frequency=frequency)))
    assert spec.trading_frequency == frequency
    assert [p.field for p in bots.problems(spec)] == ["trading_frequency"]


def test_a_definition_survives_its_row() -> None:
    stored = BotDefinition.model_validate(definition(trading_frequency=60))
    assert rows.definition(row_of(stored)) == stored
    assert rows.spec(row_of(stored)) == to_spec(stored)


def test_a_stored_bot_reads_its_rules_in_words() -> None:
    shown = rows.bot(row_of(BotDefinition.model_validate(definition(trading_frequency=60))))
    assert shown.entry_sentence == "RSI(14) crosses below 30"
    assert shown.exit_sentence == "RSI(14) crosses above 60"
    without = definition(trading_frequency=60)
    del without["rules"]["exit"]
    assert rows.bot(row_of(BotDefinition.model_validate(without))).exit_sentence is None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_nothing_is_wrong_with_the_examples(example: BotDefinition) -> None:
    assert bots.problems(to_spec(example)) == []
    whole_day = example.model_copy(update={"trading_frequency": example.timeframe.seconds})
    assert rows.definition(row_of(whole_day)) == whole_day


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    body: Any = deepcopy(definition())
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return body


@pytest.mark.parametrize(
    "path",
    [
        ["surprise"],
        ["risk_management"],
        ["rules", "surprise"],
        ["rules", "entry", "surprise"],
        ["rules", "entry", "of", 0, "surprise"],
        ["rules", "entry", "of", 0, "left", "surprise"],
        ["indicators", 0, "surprise"],
    ],
)
def test_unknown_fields_are_refused_everywhere(path: list[Any]) -> None:
    value = {"surprise": 1} if path == ["risk_management"] else 1
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        BotDefinition.model_validate(changed(path, value))


def test_what_is_answered_has_every_field() -> None:
    schema = BotOut.model_json_schema(mode="serialization")
    assert set(schema["required"]) == set(schema["properties"]) == set(BotOut.model_fields)
