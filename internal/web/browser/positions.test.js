// What is held and what it is worth, as its owner meets it: a real browser, the real daemon, a simulated bitbank that goes dark
// while the price falls elsewhere.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, desktop, fits, launch, narrow, open, phone, says, shoot } from "./browser.js";
import { until, World } from "./world.js";

let world;
let browser;

before(async () => {
  [world, browser] = await Promise.all([World.begin(), launch()]);
  const market = { type: "market", pair: "btc_jpy" };
  assert.equal((await world.byHand({ ...market, side: "buy", position_side: "long", amount: "0.5" })).success, 1);
  assert.equal((await world.byHand({ ...market, side: "sell", position_side: "short", amount: "0.1" })).success, 1);
  const [{ last }] = (await (await fetch(`http://127.0.0.1:${world.base}/tickers_jpy`)).json()).data.filter((t) => t.pair === "btc_jpy");
  world.last = Number(last);
  assert.equal((await world.byHand({
    pair: "btc_jpy", side: "sell", position_side: "long", type: "stop_loss", amount: "0.2", trigger_price: String(Math.round(world.last * 0.7)),
  })).success, 1);
  await world.watch();
  await world.scope("healthy");
});

after(async () => {
  await browser?.close();
  await world?.end();
});

const enter = async (options) => {
  const page = await open(browser, world.link(), options);
  await page.goto(`${world.url}/positions`);
  return page;
};

async function shots(name, check = () => {}) {
  for (const [look, options] of [
    ["phone-light-ja", phone], ["desktop-light-ja", desktop], ["phone-dark-en", { ...phone, colorScheme: "dark", locale: "en-US" }],
    ["desktop-light-en", { ...desktop, locale: "en-US" }], ["320-light-en", { ...narrow, locale: "en-US" }],
  ]) {
    const page = await enter(options);
    await check(page, look);
    await fits(page);
    await accessible(page, `${name} ${look}`);
    await shoot(page, `positions-${name}-${look}`);
    await page.done();
  }
}

describe("holdings", () => {
  let page; // stays open through the story
  before(async () => { page = await enter(desktop); });

  test("stand with their value, what protects them, and how far from a margin call they are", async () => {
    await says(page, /^.*に確かめた時点の持ち高です。値段のわかるものは、合わせて[\d,]+円です/);
    const held = page.locator("[data-live=open] tbody tr");
    await until("both positions stand there", async () => assert.equal(await held.count(), 2));
    assert.match(await page.locator("[data-live=stops]").innerText(), /40%だけ/);
    assert.match(await page.locator("[data-live=stops]").innerText(), /逆指値がありません/);
    await until("the distance is worked out", async () => assert.match(await page.locator("[data-live=margin]").innerText(), /追証まで[\d,]+円/));
    assert.match(await page.locator("[data-live=coins]").innerText(), /買い建てと売り建ての両方があります/);
    await shots("calm");
  });

  test("have lines, and one that makes no sense is refused where it was typed", async () => {
    const form = page.locator("form[action='/positions/line']");
    const fill = async (kind, value) => {
      await form.getByLabel("線の種類").selectOption(kind);
      await form.getByLabel(/^ペア/).fill("btc_jpy");
      await form.getByLabel(/^円、/).fill(value);
      await form.getByRole("button", { name: "線を引く" }).click();
      await page.waitForLoadState();
    };
    await fill("below", String(Math.round(world.last * 2)));
    assert.match(await page.locator("[data-live=done]").innerText(), /もう越えています/);
    assert.equal(await form.getByLabel(/^ペア/).inputValue(), "btc_jpy");
    await accessible(page, "a line is refused");
    await shoot(page, "positions-refused-desktop-light-ja");
    await fill("below", String(Math.round(world.last * 0.93)));
    assert.match(await page.locator("[data-live=done]").innerText(), /線を引きました/);
    assert.match(await page.locator("[data-live=lines]").innerText(), /BTC\/円が[\d,]+円以下/);
  });

  test("are valued from elsewhere while bitbank is dark, with their age, and a line is crossed once", async () => {
    const well = await world.fails("refuse", "public", "private", "stream", "pubnub", "web", "app");
    await world.control("POST", "/market", { pair: "btc_jpy", move_percent: "-10", over_ms: 1000, where: "venues" });
    await says(page, /bitbankにつながらないので、いまの持ち高は確かめられません。.*あいだ/, 120_000);
    await until("the line is crossed", async () => assert.match(await page.locator("main").innerText(), /線を越えました\([\d,]+円\)/), 120_000);
    await until("the page says where its price is from", async () => assert.match(await page.locator("[data-live=assets]").innerText(), /ほかの取引所(からの見積もり|の値段)/));
    await shots("dark", async (p, look) => {
      if (look === "phone-light-ja") {
        assert.match(await p.locator(".verdict").innerText(), /越えました/);
      }
    });
    const home = await open(browser, world.url, phone);
    await home.getByText("持ち高について、見ていただきたいことがあります。").waitFor();
    await fits(home);
    await home.done();
    await well();
  });

  test("can be read on paper and when the daemon is gone", async () => {
    await page.done();
    const own = await enter({ ...phone, complaints: false });
    await own.evaluate(() => navigator.serviceWorker.ready);
    await own.reload();
    await until("the page is kept", async () => assert.ok(await own.evaluate(async () => Boolean(await caches.match("/positions")))));
    await own.emulateMedia({ media: "print" });
    await shoot(own, "positions-print-phone-ja");
    await own.emulateMedia({ media: "screen" });
    await world.kill();
    await own.goto(`${world.url}/positions`);
    assert.match(await own.locator("h1").innerText(), /持ち高/);
    await own.locator("#lost").waitFor();
    await shoot(own, "positions-gone-phone-ja");
    await own.done();
  });
});
