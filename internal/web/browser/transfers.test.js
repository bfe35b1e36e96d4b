// Where deposits and withdrawals stand, as their owner meets them: a real browser, the real daemon, the simulated bitbank.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, desktop, fits, launch, narrow, open, phone, says, shoot } from "./browser.js";
import { until, World } from "./world.js";

const txid = "f00dfeed0123456789abcdef0123456789abcdef0123456789abcdef01234567";

let world;
let browser;

before(async () => {
  [world, browser] = await Promise.all([World.begin(), launch()]);
  const two = (await world.control("POST", "/accounts/sim/deposits", { asset: "xrp", amount: "40", txid, found_at: Date.now() - 7_200_000, hold: true })).uuid;
  assert.ok(two);
  await world.control("POST", "/accounts/sim/deposits", { asset: "btc", amount: "0.25", unconfirmed: true });
  await world.control("POST", "/accounts/sim/deposits", { asset: "jpy", amount: "30000", status: "DONE" });
  await world.control("POST", "/accounts/sim/stops", { asset: "eth", network: "arbitrum", stop_deposit: true, stop_withdrawal: true });
  await world.watch();
});

after(async () => {
  await browser?.close();
  await world?.end();
});

// enter opens the link, as its owner does, and goes to the transfers.
async function enter(options, at = "/transfers") {
  const page = await open(browser, world.link(), options);
  await page.goto(`${world.url}${at}`);
  return page;
}

describe("deposits and withdrawals", () => {
  test("that need a look come first, with their stations and what to check", async () => {
    const page = await enter(desktop);
    await says(page, /^確かめたい入出金が2件あります/);
    const late = page.locator("article.order", { hasText: "40 XRP" });
    assert.match(await late.innerText(), /遅れ/);
    assert.match(await late.innerText(), /2分ほど、30分を過ぎたら遅れ/);
    assert.equal(await late.locator(".proof li.now").innerText().then((s) => s.split("\n")[1] ?? s), "bitbankが確認する");
    const link = late.getByRole("link", { name: /XRP Ledger Explorer/ });
    assert.equal(await link.getAttribute("href"), `https://livenet.xrpl.org/transactions/${txid}`);
    assert.match(await link.getAttribute("rel"), /noreferrer/);
    const held = page.locator("article.order", { hasText: "0.25 BTC" });
    assert.match(await held.innerText(), /あなた待ち/);
    assert.match(await held.innerText(), /送り主の申告を、bitbankが待っています/);
    await page.locator("summary", { hasText: "30,000 JPY" }).click();
    await fits(page);
    await accessible(page, "transfers");
    await page.done();
  });

  test("fit phones and desktops in both languages", async () => {
    for (const [name, options] of [
      ["desktop-light-ja", desktop], ["phone-light-ja", phone], ["phone-dark-en", { ...phone, colorScheme: "dark", locale: "en-US" }],
      ["320-light-en", { ...narrow, locale: "en-US" }], ["desktop-dark-en", { ...desktop, colorScheme: "dark", locale: "en-US" }],
    ]) {
      const page = await enter(options, "/transfers?asset=eth");
      await says(page, /2/);
      await fits(page);
      await accessible(page, name);
      await shoot(page, `transfers-${name}`);
      await page.done();
    }
  });

  test("are shown to be stopped before one sends", async () => {
    const page = await enter(phone);
    const panel = page.locator("#send");
    assert.match(await panel.innerText(), /いま止まっているもの: ETH \(arbitrum\) 入金, ETH \(arbitrum\) 出金/);
    await page.getByLabel("銘柄", { exact: true }).selectOption("eth");
    await page.getByRole("button", { name: "調べる" }).click();
    await page.waitForURL("**/transfers?asset=eth");
    assert.match(await panel.locator("tr", { hasText: "arbitrum" }).innerText(), /停止中/);
    assert.match(await panel.locator("tr", { hasText: "ethereum" }).innerText(), /受付中/);
    assert.match(await panel.innerText(), /50054/);
    await page.done();
  });

  test("that were sent and are not seen can be announced without a script, and dropped", async () => {
    const page = await enter({ ...phone, javaScriptEnabled: false, complaints: false }); // the console tells of the 400
    await page.getByLabel("銘柄(円は jpy)").fill("xrp");
    await page.getByLabel("取引ID(txid)").fill("short");
    await page.getByRole("button", { name: "待つ", exact: true }).click();
    assert.match(await page.locator("#expect").innerText(), /16文字から128文字/);
    assert.equal(await page.getByLabel("銘柄(円は jpy)").inputValue(), "xrp", "what was typed stays");
    await fits(page);
    await shoot(page, "transfers-mistake-phone-light-ja");
    await page.getByLabel("取引ID(txid)").fill(txid.replace("f00d", "beef"));
    await page.getByLabel("数量").fill("12");
    await page.getByRole("button", { name: "待つ", exact: true }).click();
    const awaited = page.locator("article.order", { hasText: "待っている入金 12 XRP" });
    await awaited.waitFor();
    assert.match(await awaited.innerText(), /bitbankには、まだ見えていません/);
    await shoot(page, "transfers-awaited-phone-light-ja");
    await awaited.getByRole("button", { name: "待つのをやめる" }).click();
    await page.waitForLoadState();
    assert.equal(await page.locator("article.order", { hasText: "12 XRP" }).count(), 0);
    await page.done();
  });

  test("change on the page by themselves", async () => {
    const page = await enter(desktop);
    await says(page, /2件/);
    const { transfers } = await world.control("GET", "/truth");
    const held = transfers.find((t) => t.asset === "xrp" && t.method === "deposit");
    await world.control("POST", "/accounts/sim/transfers", { uuid: held.uuid, status: "CONFIRMED" });
    await world.control("POST", "/accounts/sim/transfers", { uuid: held.uuid, status: "DONE" });
    await says(page, /1件/);
    await until("it is among those that are over", async () => assert.match(await page.locator("[data-live=over]").innerText(), /40 XRP/));
    await page.done();
  });
});
