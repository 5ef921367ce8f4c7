"""What a bot hears: the minutes of its own asset class, as many symbols as the account's plan streams."""

from datetime import timedelta

from flotilla.domain.bots import BotStatus
from flotilla.domain.market import MINUTE
from tests.builders import condition, constant, every, price
from tests.engine.exchange import bar_of
from tests.engine.harness import NO_LEGS, Engine

COIN = {"symbols": ["BTC/USD"], "risk_management": NO_LEGS}


async def test_a_bot_that_asks_for_one_symbol_too_many_says_so_and_the_others_go_on(engine: Engine) -> None:
    engine.symbol_limit = 2
    async with engine.running():
        first = await engine.start_bot(symbols=["AAPL", "MSFT"])
        second = await engine.add_bot(symbols=["SPY", "AAPL"])
        await engine.want(second, "running")
        await engine.until(lambda: engine.store.status(second) is BotStatus.ERROR)
        assert (await engine.bot(second)).status_reason == (
            "The account's market-data plan streams 2 symbols at once, and there is no room for SPY: stop a "
            "bot that trades others, or choose symbols that are streamed."
        )
        await engine.minute(AAPL=101.0, MSFT=90.0)
        await engine.minute(AAPL=101.0, MSFT=90.0)
        assert await engine.position(first) is not None


async def test_coins_and_stocks_are_heard_by_who_trades_them(engine: Engine) -> None:
    exchange = engine.exchange
    coins = [bar_of("BTC/USD", exchange.now - n * MINUTE, 101.0) for n in range(20, 0, -1)]
    exchange.history.add(*coins)
    async with engine.running():
        stocks = await engine.start_bot()
        around_the_clock = await engine.start_bot(**COIN)
        assert engine.coin_stream.subscribed == {"BTC/USD"}
        assert exchange.bar_stream.subscribed == {"AAPL"}
        tau = exchange.now + MINUTE
        engine.coin_stream.send(bar_of("BTC/USD", exchange.now, 101.0))
        await engine.until(lambda: len(exchange.called("submit")) == 1)
        await engine.booked()
        assert await engine.outline(around_the_clock) == [("entry", "filled")]
        assert tau not in engine.store.taus, "the stocks' minute is still to come"
        assert await engine.outline(stocks) == []
        exchange.minute(AAPL=90.0)
        await engine.done(tau)
        assert await engine.outline(stocks) == []


async def test_coins_are_traded_while_the_stock_market_is_closed(engine: Engine) -> None:
    exchange = engine.exchange
    exchange.now += timedelta(days=4)  # a Saturday
    exchange.history.add(*(bar_of("BTC/USD", exchange.now - n * MINUTE, 90.0) for n in range(20, 0, -1)))
    buy = every(condition(price(), "above", constant(100)))
    async with engine.running():
        bot_id = await engine.start_bot(**COIN, rules={"entry": buy, "exit": buy})
        for close in (90.0, 101.0):
            bar = bar_of("BTC/USD", exchange.now, close)
            exchange.now += MINUTE
            exchange.history.add(bar)
            engine.coin_stream.send(bar)
            await engine.done(exchange.now)
        position = await engine.position(bot_id)
        assert position is not None
        bought = (await engine.fills(bot_id))[0]
        assert position.quantity == bought.quantity - bought.coin_fee
        assert bought.coin_fee > 0
