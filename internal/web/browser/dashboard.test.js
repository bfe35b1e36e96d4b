// The dashboard as its owner meets it: a real browser, the real daemon, real faults of the simulator.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { accessible, desktop, fits, launch, narrow, open, phone, says, sentence, shoot } from "./browser.js";
import { until, World } from "./world.js";

let world;
let browser;

before(async () => {
  [world, browser] = await Promise.all([World.begin(), launch()]);
});

after(async () => {
  await browser?.close();
  await world?.end();
});

afterEach(() => world.calm());

// mark leaves a trace that a reload would wipe out.
const mark = (page) => page.evaluate(() => { globalThis.stillTheSame = true; });
const unreloaded = async (page) => assert.equal(await page.evaluate(() => globalThis.stillTheSame), true, "the page was loaded anew");

describe("the first round", () => {
  test("is shown as progress, and the page changes by itself once there is a result", async () => {
    // Hosts that swallow everything make the first looks last.
    const over = await world.fails("blackhole", ...Object.keys(await world.control("GET", "/hosts")).filter((h) => h !== "control"));
    const page = await open(browser, world.url, { ...phone, first: () => world.watch() });
    await mark(page);
    assert.match(await sentence(page), /最初の測定をしています/);
    assert.match(await page.title(), /測定中/);
    await shoot(page, "first-round-phone-light-ja");
    await until("the page has a verdict", async () => assert.doesNotMatch(await sentence(page), /最初の測定/));
    await over();
    await says(page, /bitbankは、いま正常に使えます/);
    await unreloaded(page);
    await page.done();
  });
});

// Readers do not disturb each other, so two come at a time.
describe("a healthy day", { concurrency: 2 }, () => {
  // A watch that has seen every host fail is in doubt for a while: this day begins with another one.
  before(async () => {
    await world.kill();
    await world.watch();
    await world.scope("healthy");
  });

  test("stands on the page as in the API, with its evidence", async () => {
    await world.scope("healthy");
    const page = await open(browser, world.url, desktop);
    assert.equal(await sentence(page), (await world.verdict()).sentence);
    assert.match(await page.title(), /^正常 \|/);
    assert.match(await page.locator("footer").innerText(), /関係のない非公式の/);
    for (const panel of ["chain", "functions", "market", "plots", "evidence"]) {
      assert.equal(await page.locator(`[data-live=${panel}] [data-fresh]`).count(), 1, `${panel} has a clock`);
    }
    await until("everything works", async () => {
      assert.equal(await page.locator("[data-live=functions] .s-ok").count(), await page.locator("[data-live=functions] li").count());
    });
    await page.getByRole("link", { name: "根拠を見る" }).click();
    await page.locator("#ev .wf rect.ttfb").first().waitFor();
    await shoot(page, "healthy-desktop-light-ja");
    await page.done();
  });

  for (const [name, options] of [
    ["320-light-en", { ...narrow, locale: "en-US" }], ["phone-light-ja", phone], ["desktop-dark-ja", { ...desktop, colorScheme: "dark" }],
  ]) {
    test(`can be read by everyone: ${name}`, async () => {
      const page = await open(browser, world.url, options);
      for (const path of ["/", "/history", "/help", "/settings"]) {
        await page.goto(world.url + path);
        await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
        await fits(page);
        await accessible(page, `${name} ${path}`);
        await shoot(page, `${path === "/" ? "healthy" : path.slice(1)}-${name}`);
      }
      await page.done();
    });
  }

  test("fits in large print on a small phone", async () => {
    const page = await open(browser, `${world.url}/settings?print=large&back=/`, narrow);
    assert.equal(new URL(page.url()).pathname, "/");
    await fits(page);
    await shoot(page, "healthy-large-320-light-ja");
    await page.done();
  });

  test("is shown without any script", async () => {
    const page = await open(browser, world.url, { ...phone, javaScriptEnabled: false });
    assert.equal(await sentence(page), (await world.verdict()).sentence);
    await page.getByRole("link", { name: "English" }).click();
    assert.equal(await sentence(page), (await world.verdict("en")).sentence);
    await page.locator("#ev > summary").click();
    assert.equal(await page.locator("#ev .wf").first().isVisible(), true);
    await page.done();
  });

  test("changes its language where one is, and remembers it", async () => {
    const page = await open(browser, `${world.url}/history`, desktop);
    await page.getByRole("link", { name: "English" }).click();
    assert.equal(new URL(page.url()).pathname, "/history");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await page.goto(world.url);
    assert.equal(await sentence(page), (await world.verdict("en")).sentence);
    await page.getByRole("link", { name: "日本語" }).click();
    assert.equal(await sentence(page), (await world.verdict()).sentence);
    await page.done();
  });

  test("is reached with the keyboard alone", async () => {
    const page = await open(browser, world.url, desktop);
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "本文へ移動");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "根拠を見る");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#ev").evaluate((d) => d.open), true);
    await page.locator("#ev > summary").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#ev").evaluate((d) => d.open), false);
    await page.locator('nav a[href="/history"]').focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/history");
    await page.done();
  });
});

describe("an outage", () => {
  test("appears on an open page by itself, is announced once, and leaves hands and eyes where they are", async () => {
    await world.scope("healthy");
    const page = await open(browser, world.url, desktop);
    await mark(page);
    await page.evaluate(() => {
      globalThis.announced = [];
      new MutationObserver(() => announced.push(document.getElementById("live").textContent)).observe(document.getElementById("live"), { childList: true });
    });
    await page.locator("#ev > summary").click();
    const over = await world.fails("refuse", "public");
    await says(page, /公開API/);
    assert.equal(await page.locator("#ev").evaluate((d) => d.open), true, "the drawer stays open");
    assert.equal(await page.evaluate(() => document.activeElement.parentElement.id), "ev", "the focus stays");
    const api = page.locator("[data-live=functions] [data-key=public_api]");
    assert.match(await api.innerText(), /停止/);
    assert.match(await page.locator("[data-live=functions] [data-key=web]").innerText(), /正常/);
    assert.match(await page.locator("[data-live=chain]").innerText(), /どこで切れているか/);
    await page.locator("[data-live=story]").waitFor();
    const announced = await page.evaluate(() => globalThis.announced);
    assert.equal(announced.at(-1), await sentence(page));
    assert.equal(new Set(announced).size, announced.length, "nothing is announced twice");
    await unreloaded(page);

    const small = await open(browser, world.url, { ...phone, colorScheme: "dark", locale: "en-US" });
    for (const [name, p] of [["desktop-light-ja", page], ["phone-dark-en", small]]) {
      await fits(p);
      await accessible(p, name);
      await shoot(p, `outage-${name}`);
    }
    // The verdict never leaves the screen.
    await small.goto(`${world.url}/help`);
    assert.match(await small.locator(".mini").textContent(), /Part of bitbank/);
    await small.done();

    await over();
    await says(page, /bitbankは、いま正常に使えます/);
    assert.match(await page.locator(".v-phase").innerText(), /./, "recovering is not recovered");
    await unreloaded(page);
    await shoot(page, "recovering-desktop-light-ja");
    await page.done();
  });

  test("stands in the history", async () => {
    const page = await open(browser, `${world.url}/history`, phone);
    const row = page.locator("table.rt tbody tr", { hasText: "公開API" }).first();
    assert.match(await row.innerText(), /一部の機能/);
    await fits(page);
    await shoot(page, "history-phone-light-ja");
    await row.getByRole("link").click();
    await page.waitForURL("**/history?at=*");
    await page.done();
  });

  test("of one pair marks that pair and no other", async () => {
    const page = await open(browser, world.url, phone);
    await world.control("POST", "/pairs/btc_jpy", { status: "HALT" });
    await says(page, /BTC\/円/);
    const cells = (pair) => page.locator(`[data-live=market] [data-key=${pair}] td.g`).first().innerText();
    await until("the pair is marked", async () => assert.match(await cells("btc_jpy"), /×/));
    assert.match(await cells("eth_jpy"), /○/);
    await shoot(page, "pair-phone-light-ja");
    await world.control("POST", "/pairs/btc_jpy", { status: "NORMAL" });
    await page.done();
  });
});

describe("without the daemon", () => {
  test("the last state stays, says how old it is, and comes back to life", async () => {
    await world.scope("healthy");
    const page = await open(browser, world.url, { ...phone, complaints: false });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.clock.install();
    await page.reload();
    const before = await sentence(page);
    await world.kill();
    await page.locator("#lost").waitFor();
    assert.match(await page.locator("#lost").innerText(), /つながりません.*までの内容を表示しています/s);

    await page.reload();
    await page.locator("#lost").waitFor();
    assert.equal(await sentence(page), before);
    assert.match(await page.locator("#lost").innerText(), /\d+(秒|分)前/);
    assert.match(await page.locator("footer").innerText(), /非公式/);
    await shoot(page, "lost-phone-light-ja");
    await page.goto(`${world.url}/help`);
    assert.match(await sentence(page), /測り方と限界/);
    await page.goto(world.url);
    await page.clock.fastForward(20_000);
    await until("the clocks are old", async () => assert.equal(await page.locator("[data-live=functions].is-old").count(), 1));
    await fits(page);
    await accessible(page, "lost");
    await shoot(page, "lost-old-phone-light-ja");

    await world.watch();
    await page.locator("#lost").waitFor({ state: "hidden" });
    await until("the clocks are fresh", async () => assert.equal(await page.locator("[data-live=functions].is-old").count(), 0));
    await page.done();
  });

  test("that hangs, it is as if it were gone", async () => {
    const page = await open(browser, world.url, { ...desktop, complaints: false });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    const before = await sentence(page);
    const thaw = world.freeze();
    try {
      await page.locator("#lost").waitFor();
      await page.reload();
      assert.equal(await sentence(page), before);
      await page.locator("#lost").waitFor();
    } finally {
      thaw();
    }
    await page.locator("#lost").waitFor({ state: "hidden" });
    await page.done();
  });
});
