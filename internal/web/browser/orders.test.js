// What became of each order, as its owner meets it: a real browser, the real daemon and gateway, real faults of the simulator.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, desktop, fits, launch, narrow, open, phone, says, shoot } from "./browser.js";
import { limit, until, World } from "./world.js";

let world;
let browser;

before(async () => {
  [world, browser] = await Promise.all([World.begin(), launch()]);
  await world.watch();
  await world.scope("healthy");
});

after(async () => {
  await browser?.close();
  await world?.end();
});

// enter opens the link, as its owner does.
const enter = (options) => open(browser, world.link(), options);

describe("orders", () => {
  let page; // stays open through the story
  before(async () => {
    page = await enter(desktop);
    await says(page, /^結果のわからない注文はありません/); // no order is taken before the account is read
  });
  after(() => page?.done());

  test("that bitbank confirms and refuses stand on the page by themselves", async () => {
    assert.equal((await world.order(limit("0.01"))).success, 1);
    await world.fault({ match: { method: "POST" }, effect: "api_error", code: 60001, count: 1 });
    assert.equal((await world.order(limit("0.02"))).data.code, 60001);
    await says(page, /全部の注文の結果が確認できています/);
    const live = page.locator("[data-live=live] tbody tr");
    await until("the order is on the page", async () => assert.match(await live.first().innerText(), /板にあり/));
    await page.getByRole("link", { name: "60001の説明" }).click();
    await page.waitForURL("**/explain?code=60001");
    await accessible(page, "explain");
    await shoot(page, "explain-desktop-light-ja");
    await page.goBack();
  });

  test("whose answer is lost are in doubt, and the proof is told step by step", async () => {
    await world.fault({ match: { method: "POST" }, effect: "drop_request", count: 1 });
    await world.order(limit("0.03"));
    await says(page, /1件の注文の結果がまだ確認できていません。同じ注文を出し直さないでください/);
    const card = page.locator("article.order").first();
    await until("the fence is closed", async () => assert.match(await card.locator(".proof li").nth(1).innerText(), /済み/));
    for (const [name, options] of [
      ["desktop-light-ja", desktop], ["phone-light-ja", phone], ["phone-dark-en", { ...phone, colorScheme: "dark", locale: "en-US" }], ["320-light-en", { ...narrow, locale: "en-US" }],
      ["desktop-dark-en", { ...desktop, colorScheme: "dark", locale: "en-US" }],
    ]) {
      const other = await enter(options);
      await fits(other);
      await accessible(other, name);
      await shoot(other, `orders-doubt-${name}`);
      await other.done();
    }
    const home = await open(browser, world.url, phone);
    await home.getByRole("link", { name: "注文の結果を見る" }).waitFor();
    await fits(home);
    await accessible(home, "home with a doubt");
    await shoot(home, "home-doubt-phone-light-ja");
    await home.done();
    await until("the looks are done", async () => assert.match(await card.locator(".proof li").nth(2).innerText(), /済み/), 60_000);
    assert.match(await card.locator(".proof li.now").innerText(), /後から出した注文が処理された/);
  });

  test("are proved not placed once a later order has taken effect", async () => {
    assert.equal((await world.order(limit("0.04"))).success, 1);
    await says(page, /全部の注文の結果が確認できています/, 90_000);
    const card = page.locator("article.order").first();
    assert.match(await card.innerText(), /発注されていません\(証明済み\)/);
    assert.match(await card.innerText(), /A1/);
    await accessible(page, "proved");
    await shoot(page, "orders-proved-desktop-light-ja");
    await page.setViewportSize(phone.viewport);
    await fits(page);
    await shoot(page, "orders-proved-phone-light-ja");
    await page.setViewportSize(desktop.viewport);
  });
});
