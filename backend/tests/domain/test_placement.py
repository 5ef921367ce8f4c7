"""Where stops and targets live."""

from decimal import Decimal

from flotilla.domain.market import Instrument, usual_instrument
from flotilla.domain.placement import Placement, guarded, in_fractions, placement, traded_as
from flotilla.domain.risk import RiskRules

AAPL, COIN = usual_instrument("AAPL"), usual_instrument("BTC/USD")


def test_whole_shares_are_protected_at_the_broker_all_else_by_the_engine() -> None:
    assert placement(AAPL) is Placement.BROKER
    assert placement(AAPL, opposed=True) is Placement.ENGINE
    assert placement(COIN) is Placement.ENGINE
    assert placement(in_fractions(AAPL)) is Placement.ENGINE


def test_what_is_opposed_is_guarded_but_for_positions_that_have_their_protection_already() -> None:
    both = [AAPL, usual_instrument("MSFT")]
    assert guarded(both) == frozenset()
    assert guarded(both, opposed={"MSFT"}) == {"MSFT"}
    assert guarded(both, opposed={"MSFT"}, before={"MSFT": Placement.BROKER}) == frozenset()
    assert guarded(both, before={"AAPL": Placement.ENGINE}) == {"AAPL"}


def test_fractions_are_a_setting_of_stocks() -> None:
    assert traded_as(AAPL, RiskRules()) is AAPL
    fine = traded_as(AAPL, RiskRules(fractional=True))
    assert fine == Instrument("AAPL", "AAPL", quantity_step=Decimal("1e-9"), min_quantity=Decimal("1e-9"))
    assert traded_as(COIN, RiskRules(fractional=True)) is COIN
