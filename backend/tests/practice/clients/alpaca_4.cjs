// The npm client 4.0.2 against a practice market: every call's outcome as one JSON object on stdout.
const { Alpaca } = require("alpaca-4");
const everyOrder = require("./orders.json");

const url = process.env.PRACTICE_URL;
const ws = url.replace("http", "ws");
// The facade has no base address: requests are sent to the market's.
const rewritten = (input, init) => {
  const asked = new URL(typeof input === "string" ? input : input.url);
  return fetch(`${url}${asked.pathname}${asked.search}`, init);
};
const alpaca = new Alpaca({ keyId: "K0", secret: "secret", paper: true, fetchApi: rewritten, rateLimit: false });
const step = () => fetch(`${url}/practice/step`, { method: "POST" });

const camel = (value) =>
  typeof value === "object"
    ? Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name.replace(/_(.)/g, (_, c) => c.toUpperCase()), camel(inner)]),
      )
    : value;

// Which method of the client takes the order.
const methodOf = (asked) =>
  asked.order_class ?? asked.type.replace(/_(.)/g, (_, c) => c.toUpperCase());

// Each order of the list: as it is answered and, unless it was filled, after its cancel.
async function orders() {
  const api = alpaca.trading.orders;
  const outcome = {};
  for (const [name, asked] of Object.entries(everyOrder)) {
    const placed = await api[methodOf(asked)]({ ...camel(asked), clientOrderId: `js-4-${name}` });
    const open = (await api.getAllOrders({ status: "open" })).length > 0;
    if (open) await api.deleteOrderByOrderID({ orderId: placed.id });
    const final = await api.getOrderByOrderID({ orderId: placed.id });
    outcome[name] = [placed.type, placed.orderClass, (placed.legs ?? []).length, final.status];
  }
  return outcome;
}

async function trading() {
  const orders = alpaca.trading.orders;
  const account = await alpaca.trading.account.getAccount();
  const clock = await alpaca.trading.clock.legacyClock();
  const newer = await alpaca.trading.clock.clock({ markets: ["NYSE"] });
  const calendar = await alpaca.trading.calendar.legacyCalendar({
    start: new Date("2016-01-04"),
    end: new Date("2016-01-08"),
  });
  const market = await orders.market({ symbol: "SPY", side: "buy", qty: 1, clientOrderId: "js-4-m" });
  const limit = await orders.limit({
    symbol: "SPY",
    side: "buy",
    qty: 1,
    limitPrice: 50,
    clientOrderId: "js-4",
  });
  const listed = await orders.getAllOrders({ status: "open", limit: 100 });
  const replaced = await orders.patchOrderByOrderId({
    orderId: limit.id,
    patchOrderRequest: { limitPrice: "51" },
  });
  await orders.deleteOrderByOrderID({ orderId: replaced.id });
  const positions = await alpaca.trading.positions.getAllOpenPositions();
  let refusal;
  try {
    await orders.market({ symbol: "SPY", side: "buy", qty: 1000000, clientOrderId: "js-4-big" });
  } catch (error) {
    refusal = { name: error.constructor.name, status: error.status ?? error.statusCode };
  }
  const updates = alpaca.trading.stream({ url: `${ws}/stream` });
  updates.connect();
  const filled = await alpaca.trading.submitAndWait(
    { type: "market", symbol: "SPY", side: "sell", qty: 1, clientOrderId: "js-4-w" },
    { timeoutMs: 20000, stream: updates },
  );
  const assets = await alpaca.trading.assets.getV2Assets({ status: "active" });
  const asset = await alpaca.trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "AAPL" });
  const activities = await alpaca.trading.collectActivitiesByType({ activityType: "FILL", pageSize: 2 });
  const configurations = await alpaca.trading.accountConfigurations.getAccountConfig();
  const history = await alpaca.trading.portfolioHistory.getAccountPortfolioHistory({ period: "1D", timeframe: "5Min" });
  const closed = await alpaca.trading.positions.deleteOpenPosition({ symbolOrAssetId: "TSLA", percentage: "50" });
  const closedAll = await alpaca.trading.positions.deleteAllOpenPositions({ cancelOrders: true });
  return {
    assets: assets.some((one) => one.symbol === "SPY"),
    asset: asset.symbol,
    activities: activities.length,
    configurations: configurations.tradeConfirmEmail,
    history: history.equity.length > 0,
    closed: closed.side,
    closedAll: closedAll.length,
    account: account.status,
    clock: typeof clock.isOpen,
    newer: newer.clocks.length,
    calendar: calendar.length,
    market: market.status,
    listed: listed.length,
    replaces: replaced.replaces === limit.id,
    positions: positions.length,
    refusal,
    filled: filled.status ?? filled.order?.status,
  };
}

async function data() {
  const bars = await alpaca.marketData.getStockBars({
    symbols: ["SPY"],
    timeframe: "1Min",
    start: new Date("2015-06-01T13:30:00Z"),
    end: new Date("2015-06-01T14:00:00Z"),
  });
  const paged = [];
  const pages = alpaca.marketData.iterateStockBars({
    symbols: ["SPY", "AAPL"],
    timeframe: "1Min",
    start: new Date("2015-06-01T13:30:00Z"),
    end: new Date("2015-06-01T14:00:00Z"),
    limit: 7,
  });
  for await (const one of pages) paged.push(one);
  const snapshots = await alpaca.marketData.stocks.stockSnapshots({ symbols: "SPY" });
  const news = await alpaca.marketData.collectNews({ symbols: "SPY" });
  const crypto = await alpaca.marketData.crypto.cryptoLatestQuotes({ loc: "us", symbols: ["BTC/USD"] });
  return {
    bars: bars.SPY.length,
    paged: paged.length,
    snapshots: Object.keys(snapshots),
    news: news.length,
    crypto: Object.keys(crypto.quotes),
  };
}

function first(stream, subscribe, listen) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing came")), 30000).unref();
    listen(resolve);
    stream.onConnect(subscribe);
    stream.connect();
  });
}

async function streams() {
  const stepping = setInterval(step, 500);
  const stocks = alpaca.marketData.stockStream({ url: `${ws}/v2/iex`, feed: "iex" });
  const bar = await first(stocks, () => stocks.subscribeForBars(["SPY"]), (found) => stocks.onBar(found));
  const crypto = alpaca.marketData.cryptoStream({ url: `${ws}/v1beta3/crypto/us` });
  const quote = await first(
    crypto,
    () => crypto.subscribeForQuotes(["BTC/USD"]),
    (found) => crypto.onQuote(found),
  );
  clearInterval(stepping);
  return { bar: bar.symbol, quote: quote.symbol };
}

(async () => {
  const outcome = { orders: await orders(), trading: await trading(), data: await data() };
  outcome.streams = await streams();
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
