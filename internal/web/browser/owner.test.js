// Who may see the orders, and what their owner does about them: a real browser, the real daemon and gateway, real faults of the simulator.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, desktop, fits, launch, open, phone, says, sentence, shoot } from "./browser.js";
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

describe("without the login", () => {
  test("the way in is shown, and nothing of the account", async () => {
    for (const [name, options] of [["phone-light-ja", phone], ["desktop-dark-en", { ...desktop, colorScheme: "dark", locale: "en-US" }]]) {
      const page = await open(browser, `${world.url}/orders`, { ...options, complaints: false }); // the console tells of the 401
      assert.match(await page.locator("main").innerText(), /hikeshi link/);
      assert.doesNotMatch(await page.locator("main").innerText(), /BTC/);
      await fits(page);
      await accessible(page, `login ${name}`);
      await shoot(page, `login-${name}`);
      await page.done();
    }
  });

  test("the link opens the page, and leaves the token nowhere", async () => {
    const page = await enter(desktop);
    assert.equal(page.url(), `${world.url}/orders`);
    await says(page, /^結果のわからない注文はありません/); // the account is read
    const kept = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, document.documentElement.outerHTML]));
    assert.doesNotMatch(kept, /[0-9a-f]{64}/);
    await page.done();
  });
});

test("orders that cannot be told apart are the owner's to choose, in two steps and without a script", async () => {
  const page = await enter(desktop);
  await world.fault({ match: { method: "POST", path: "/v1/user/spot/order" }, effect: "drop_response", count: 1 });
  await Promise.all([world.order(limit("0.05")), until("the bot's has arrived", async () => assert.equal((await world.truth("0.05")).length, 1))]);
  assert.equal((await world.byHand(limit("0.05"))).success, 1);
  await says(page, /どれがそれなのか決められません/);
  const [ours] = await world.truth("0.05");
  const plain = await enter({ ...phone, javaScriptEnabled: false });
  await fits(plain);
  await shoot(plain, "orders-ambiguous-phone-light-ja");
  await plain.getByRole("link", { name: "どれか選ぶ" }).click();
  await plain.getByRole("button", { name: "次へ" }).click();
  assert.match(await plain.locator("main").innerText(), /まだ選ばれていません/);
  await shoot(plain, "decide-phone-light-ja");
  await plain.getByLabel(String(ours)).check();
  await plain.getByRole("button", { name: "次へ" }).click();
  assert.match(await plain.locator("main").innerText(), new RegExp(`ボットの注文は ${ours} だ、と記録します`));
  await fits(plain);
  await shoot(plain, "decide-confirm-phone-light-ja");
  await plain.getByRole("button", { name: "この内容で記録する" }).click();
  assert.match(await plain.locator("[data-live=done]").innerText(), /あなたの判断を記録しました/);
  await plain.done();
  await says(page, /全部の注文の結果が確認できています/);
  await page.done();
});

describe("stopping the bots", () => {
  test("takes two steps by keyboard, says what came of it, and stops them", async () => {
    const page = await enter(desktop);
    await page.getByRole("link", { name: "すべて止める…" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/orders/freeze");
    await fits(page);
    await accessible(page, "freeze");
    await shoot(page, "freeze-desktop-light-ja");
    await page.getByLabel("理由").focus();
    await page.keyboard.type("値段がおかしい");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("[data-live=done]").waitFor();
    assert.match(await page.locator("[data-live=done]").innerText(), /すべてのボットの新しい注文を止めました/);
    assert.match(await page.locator("#freeze").innerText(), /値段がおかしい/);
    assert.equal((await world.order(limit("0.06"))).data.code, 70004);
    await accessible(page, "frozen");
    await shoot(page, "frozen-desktop-light-ja");
    await page.getByRole("link", { name: "再開する…" }).first().click();
    await page.getByRole("button", { name: "再開する" }).click();
    assert.match(await page.locator("[data-live=done]").innerText(), /再開しました/);
    assert.equal((await world.order(limit("0.06"))).success, 1);
    await page.done();
  });

  test("is not for other sites, nor for other ports of this machine", async () => {
    const page = await enter({ ...desktop, complaints: false });
    const status = await page.evaluate(async (url) => (await fetch(`${url}/orders/freeze`, { method: "POST", body: "bot=" })).status, world.url);
    assert.equal(status, 403, "without the form's own token");
    await page.goto(`http://127.0.0.1:${world.base + 4}/`); // a page of the simulated bitbank, on another port
    await page.setContent(`<form method="post" action="${world.url}/orders/freeze"><input name="bot" value=""><button>x</button></form>`);
    await page.getByRole("button").click();
    await page.waitForLoadState();
    assert.match(await page.locator("body").innerText(), /cross_site/);
    await page.done();
  });
});

describe("without the daemon", () => {
  test("the last orders stay readable until the owner leaves, and are gone then", async () => {
    const page = await enter({ ...phone, complaints: false });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    const before = await sentence(page);
    await world.kill();
    await page.locator("#lost").waitFor();
    await page.reload();
    await page.locator("#lost").waitFor();
    assert.equal(await sentence(page), before);
    assert.match(await page.locator("#freeze").innerText(), /いまはここから止められません/);
    assert.equal(await page.getByRole("link", { name: "すべて止める…" }).count(), 0, "what nobody would hear is not offered");
    await fits(page);
    await accessible(page, "orders without the daemon");
    await shoot(page, "orders-lost-phone-light-ja");
    await world.watch();
    await until("the session is gone with the daemon", async () => assert.match(await sentence(page), /この画面を開くには/));
    await page.goto(world.link());
    await page.getByRole("button", { name: "このブラウザーで閉じる" }).click();
    await page.waitForURL("**/login?left");
    await until("nothing is kept", async () => assert.equal(await page.evaluate(async () => Boolean(await caches.match("/orders"))), false));
    await page.goto(`${world.url}/orders`);
    assert.match(await sentence(page), /この画面を開くには/);
    await page.done();
  });
});
