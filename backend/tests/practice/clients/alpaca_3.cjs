// The npm client 3.1.3 against a practice market: every call's outcome as one JSON object on stdout.
const Alpaca = require("alpaca-3");
const everyOrder = require("./orders.json");

const url = process.env.PRACTICE_URL;
const alpaca = new Alpaca({
  keyId: "K0",
  secretKey: "secret",
  paper: true,
  baseUrl: url,
  dataBaseUrl: url,
  dataStreamUrl: url,
});
const step = () => fetch(`${url}/practice/step`, { method: "POST" });
const order = (more) => ({ symbol: "SPY", qty: 1, side: "buy", type: "market", time_in_force: "day", ...more });

async function collect(bars) {
  const found = [];
  for await (const bar of bars) found.push(bar);
  return found;
}

// Each order of the list: as it is answered and, unless it was filled, after its cancel.
async function orders() {
  const outcome = {};
  for (const [name, asked] of Object.entries(everyOrder)) {
    const placed = await alpaca.createOrder({ ...asked, client_order_id: `js-3-${name}` });
    const open = (await alpaca.getOrders({ status: "open" })).length > 0;
    if (open) await alpaca.cancelOrder(placed.id);
    const final = await alpaca.getOrder(placed.id);
    outcome[name] = [placed.type, placed.order_class, (placed.legs ?? []).length, final.status];
  }
  return outcome;
}

async function trading() {
  const account = await alpaca.getAccount();
  const clock = await alpaca.getClock();
  const calendar = await alpaca.getCalendar({ start: "2016-01-04", end: "2016-01-08" });
  const asset = await alpaca.getAsset("AAPL");
  const market = await alpaca.createOrder(order());
  const limit = await alpaca.createOrder(order({ type: "limit", limit_price: 50, client_order_id: "js-3" }));
  const byClientId = await alpaca.getOrderByClientId("js-3");
  const replaced = await alpaca.replaceOrder(limit.id, { limit_price: 51 });
  const open = await alpaca.getOrders({ status: "open" });
  await alpaca.cancelOrder(replaced.id);
  await alpaca.createOrder(order({ type: "stop", side: "sell", stop_price: 1 }));
  await alpaca.cancelAllOrders();
  const position = await alpaca.getPosition("SPY");
  const closed = await alpaca.closePosition("SPY");
  const activities = await alpaca.getAccountActivities({ activityTypes: "FILL" });
  const configurations = await alpaca.updateAccountConfigurations({ no_shorting: true });
  const history = await alpaca.getPortfolioHistory({ period: "1D", timeframe: "5Min" });
  const watchlist = await alpaca.addWatchlist("js", ["AAPL"]);
  await alpaca.addToWatchlist(watchlist.id, "SPY");
  await alpaca.deleteWatchlist(watchlist.id);
  let refusal;
  try {
    await alpaca.createOrder(order({ qty: 1000000 }));
  } catch (error) {
    refusal = { status: error.response.status, body: error.response.data };
  }
  return {
    account: account.status,
    clock: typeof clock.is_open,
    calendar: calendar.length,
    asset: asset.symbol,
    market: market.status,
    byClientId: byClientId.id === limit.id,
    replaces: replaced.replaces === limit.id,
    open: open.length,
    position: position.qty,
    closed: closed.side,
    activities: activities.length,
    configurations: configurations.no_shorting,
    assets: (await alpaca.getAssets({ status: "active" })).some((one) => one.symbol === "SPY"),
    paged: (await alpaca.getAccountActivities({ activityTypes: "FILL", pageSize: 1 })).length,
    positions: (await alpaca.getPositions()).map((one) => one.symbol),
    closedAll: (await alpaca.closeAllPositions()).length,
    history: history.equity.length > 0,
    refusal,
  };
}

async function data() {
  const range = { start: "2015-06-01T13:30:00Z", end: "2015-06-01T14:00:00Z", timeframe: "1Min", pageLimit: 7 };
  const bars = await collect(alpaca.getBarsV2("SPY", range));
  const trades = await collect(alpaca.getTradesV2("SPY", { ...range, limit: 20 }));
  const latest = await alpaca.getLatestTrade("SPY");
  const snapshot = await alpaca.getSnapshot("SPY");
  const crypto = await alpaca.getLatestCryptoQuotes(["BTC/USD"]);
  return {
    bars: bars.length,
    trades: trades.length,
    latest: latest.Price > 0,
    snapshot: snapshot.MinuteBar !== undefined,
    crypto: crypto.has("BTC/USD"),
  };
}

// Connects `stream`; `start` runs when it is ready, `done` gets resolve and registers handlers.
function listened(stream, ready, handlers) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing came")), 30000).unref();
    handlers(resolve);
    stream.onConnect(ready);
    stream.connect();
  });
}

async function streams() {
  const updates = alpaca.trade_ws;
  const fill = await new Promise((resolve) => {
    updates.onConnect(() => updates.subscribe(["trade_updates"]));
    updates.onStateChange(() => undefined);
    updates.onOrderUpdate((update) => update.event === "fill" && resolve(update));
    updates.connect();
    const placed = setInterval(() => alpaca.createOrder(order()), 500);
    updates.onOrderUpdate(() => clearInterval(placed));
  });
  updates.disconnect();
  const stocks = alpaca.data_stream_v2;
  // It forces wss: an address without TLS has to be put in.
  if (url.startsWith("http:")) stocks.session.url = `${url.replace("http", "ws")}/v2/iex`;
  const stepping = setInterval(step, 500);
  const bar = await listened(
    stocks,
    () => stocks.subscribeForBars(["SPY"]),
    (resolve) => stocks.onStockBar(resolve),
  );
  const crypto = alpaca.crypto_stream_v1beta3;
  const quote = await listened(
    crypto,
    () => crypto.subscribeForQuotes(["BTC/USD"]),
    (resolve) => crypto.onCryptoQuote(resolve),
  );
  clearInterval(stepping);
  return { fill: fill.order.symbol, bar: bar.Symbol, quote: quote.BidPrice > 0 };
}

(async () => {
  const outcome = { orders: await orders(), trading: await trading(), data: await data() };
  outcome.streams = await streams();
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
