"""Fills as a broker may report them: whole shares, prices in cents, long or short, never through zero."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from flotilla.domain.fills import Fill
from flotilla.domain.orders import Purpose, Side

OPENED = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


def fill(
    side: Side,
    quantity: Decimal | int,
    price: Decimal | str,
    *,
    fee: Decimal | str = "0",
    symbol: str = "AAPL",
    minute: int = 0,
) -> Fill:
    return Fill(
        order_id="order",
        bot_id="bot",
        symbol=symbol,
        side=side,
        purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        executed_at=OPENED + timedelta(minutes=minute),
    )


@st.composite
def fill_sequences(draw: st.DrawFn, symbols: tuple[str, ...] = ("AAPL", "MSFT")) -> list[Fill]:
    held = dict.fromkeys(symbols, 0)
    fills = []
    for minute in range(draw(st.integers(1, 25))):
        symbol = draw(st.sampled_from(symbols))
        before = held[symbol]
        sells = draw(st.booleans())
        closes = before != 0 and sells is (before > 0)
        quantity = draw(st.integers(1, abs(before)) if closes else st.integers(1, 500))
        held[symbol] += -quantity if sells else quantity
        fills.append(
            fill(
                Side.SELL if sells else Side.BUY,
                quantity,
                draw(st.decimals("0.01", "2000", places=2)),
                fee=draw(st.decimals("0", "2", places=3)),
                symbol=symbol,
                minute=minute,
            )
        )
    return fills
