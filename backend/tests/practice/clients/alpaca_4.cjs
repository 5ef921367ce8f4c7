// The npm client 4.0.2 against a practice market: every call's outcome as one JSON object on stdout.
const { Alpaca } = require("alpaca-4");

const url = process.env.PRACTICE_URL;
const ws = url.replace("http", "ws");
// The facade has no base address: requests are sent to the market's.
const rewritten = (input, init) => {
  const asked = new URL(typeof input === "string" ? input : input.url);
  return fetch(`${url}${asked.pathname}${asked.search}`, init);
};
const alpaca = new Alpaca({ keyId: "K0", secret: "secret", paper: true, fetchApi: rewritten, rateLimit: false });
const step = () => fetch(`${url}/practice/step`, { method: "POST" });

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
  return {
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
  const crypto = await alpaca.marketData.crypto.cryptoLatestQuotes({ loc: "us", symbols: ["BTC/USD"] });
  return { bars: bars.SPY.length, crypto: Object.keys(crypto.quotes) };
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
  const outcome = { trading: await trading(), data: await data(), streams: await streams() };
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
