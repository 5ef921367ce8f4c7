"""The compiled kernel of a live bot, loaded before it is needed."""

from datetime import UTC, datetime, time, timedelta

from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.market import Session, Window, usual_instrument
from flotilla.domain.orders import Side
from flotilla.domain.risk import RiskRules


def load_kernel() -> None:
    """Let a bot buy, hold and sell: everything that its steps call is compiled then."""
    opened = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
    session = Session(opened, opened + timedelta(minutes=390))
    spec = KernelSpec(("A",), RiskRules(), Window(time(0), time(0)))
    bot = KernelBot(spec, 10_000.0, {"A": usual_instrument("A")})
    view = SymbolView(close=100.0, fresh=True, warmed_up=True, entry=True, exit=False, high=100.0, low=100.0)
    for minute, side in ((1, Side.BUY), (2, Side.SELL)):
        bot.step({"A": view}, tau=opened + timedelta(minutes=minute), session=session)
        bot.apply_fill(symbol="A", side=side, quantity=1.0, price=100.0, fee=0.0)
        bot.order_done("A")
