"""What surrounds orders, through alpaca-py: configurations, watchlists, history, every kind of data."""

from datetime import UTC, datetime

from alpaca.data.enums import Adjustment, MarketType, MostActivesBy
from alpaca.data.historical import CryptoHistoricalDataClient, NewsClient, ScreenerClient
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.requests import (
    CorporateActionsRequest,
    CryptoBarsRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoSnapshotRequest,
    MarketMoversRequest,
    MostActivesRequest,
    NewsRequest,
    StockBarsRequest,
    StockQuotesRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.enums import AssetClass
from alpaca.trading.requests import (
    CreateWatchlistRequest,
    GetAssetsRequest,
    GetPortfolioHistoryRequest,
    UpdateWatchlistRequest,
)
from practice_server import ThreadServer

START = datetime(2015, 6, 1, 13, 30, tzinfo=UTC)
END = datetime(2015, 6, 1, 13, 40, tzinfo=UTC)


def test_configurations(server: ThreadServer, key: str) -> None:
    trading = server.trading(key)
    configurations = trading.get_account_configurations()
    assert not configurations.suspend_trade
    configurations.suspend_trade = True
    assert trading.set_account_configurations(configurations).suspend_trade
    assert trading.get_account().trade_suspended_by_user


def test_watchlists(server: ThreadServer, key: str) -> None:
    trading = server.trading(key)
    made = trading.create_watchlist(CreateWatchlistRequest(name="mine", symbols=["AAPL"]))
    assert [watchlist.id for watchlist in trading.get_watchlists()] == [made.id]
    added = trading.add_asset_to_watchlist_by_id(made.id, "BTC/USD")
    assert [asset.symbol for asset in added.assets] == ["AAPL", "BTC/USD"]
    left = trading.remove_asset_from_watchlist_by_id(made.id, "AAPL")
    assert [asset.symbol for asset in left.assets] == ["BTC/USD"]
    renamed = trading.update_watchlist_by_id(made.id, UpdateWatchlistRequest(name="yours"))
    assert renamed.name == "yours"
    trading.delete_watchlist_by_id(made.id)
    assert trading.get_watchlists() == []


def test_portfolio_history_and_assets(server: ThreadServer, key: str) -> None:
    trading = server.trading(key)
    history = trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe="1Min"))
    assert len(history.timestamp) == len(history.equity) == len(history.profit_loss)
    assert history.timeframe == "1Min"
    coins = trading.get_all_assets(GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert {"BTC/USD", "ETH/USD"} <= {asset.symbol for asset in coins}


def test_stock_trades_quotes_and_adjusted_bars(server: ThreadServer) -> None:
    data = server.data()
    trades = data.get_stock_trades(StockTradesRequest(symbol_or_symbols="SPY", start=START, end=END))["SPY"]
    quotes = data.get_stock_quotes(StockQuotesRequest(symbol_or_symbols="SPY", start=START, end=END))["SPY"]
    assert START <= trades[0].timestamp <= trades[-1].timestamp <= END
    assert all(quote.bid_price < quote.ask_price for quote in quotes)
    request = StockBarsRequest(
        symbol_or_symbols="SPY", timeframe=TimeFrame.Minute, start=START, end=END, adjustment=Adjustment.ALL
    )
    assert len(data.get_stock_bars(request)["SPY"]) == 11


def test_coins_without_a_key(server: ThreadServer) -> None:
    data = CryptoHistoricalDataClient(url_override=server.url)
    symbol = "BTC/USD"
    bars = data.get_crypto_bars(
        CryptoBarsRequest(symbol_or_symbols=symbol, timeframe=TimeFrame.Hour, start=START, end=END)
    )
    assert bars.data is not None
    quote = data.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols=symbol))[symbol]
    assert quote.bid_price < quote.ask_price
    books = data.get_crypto_latest_orderbook(CryptoLatestOrderbookRequest(symbol_or_symbols=symbol))
    assert len(books[symbol].bids) == 5
    snapshot = data.get_crypto_snapshot(CryptoSnapshotRequest(symbol_or_symbols=symbol))[symbol]
    assert snapshot.latest_trade.price > 0


def test_news_screener_and_corporate_actions(server: ThreadServer) -> None:
    keys = {"api_key": "K0", "secret_key": "secret", "url_override": server.url}
    assert NewsClient(**keys).get_news(NewsRequest(symbols="SPY")).data["news"] == []
    screener = ScreenerClient(**keys)
    actives = screener.get_most_actives(MostActivesRequest(by=MostActivesBy.VOLUME, top=2))
    assert len(actives.most_actives) == 2
    movers = screener.get_market_movers(MarketMoversRequest(market_type=MarketType.STOCKS, top=3))
    assert movers.market_type is MarketType.STOCKS
    request = CorporateActionsRequest(symbols=["SPY"], start=START.date(), end=END.date())
    assert CorporateActionsClient(**keys).get_corporate_actions(request).data == {}
