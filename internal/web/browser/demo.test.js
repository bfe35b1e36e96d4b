// The demo as a visitor meets it: two orders whose answers are lost, followed on the pages until each is settled with its proof.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, desktop, fits, launch, open, phone, says, shoot } from "./browser.js";
import { Demo, until } from "./world.js";

let demo;
let browser;

before(async () => {
  [demo, browser] = await Promise.all([Demo.begin(), launch()]);
});

after(async () => {
  await browser?.close();
  await demo?.end();
});

const doubt = (page) => page.locator("[data-live=doubt]").innerText();

const amount = (card) => card.locator("dd").first().innerText();

// listen keeps what is announced to those who do not see the page; a reload would wipe it out.
const listen = (page) => page.evaluate(() => {
  globalThis.announced = [];
  const live = document.getElementById("live");
  new MutationObserver(() => announced.push(live.textContent)).observe(live, { childList: true });
});

test("a visitor is led to two lost orders, and sees each of them settled and why", async () => {
  const orders = await open(browser, demo.link, desktop);
  await listen(orders);
  const home = await open(browser, demo.link, phone);
  await home.goto(demo.url);
  const small = await open(browser, demo.link, { ...phone, colorScheme: "dark", locale: "en-US" });
  await until("the bot's orders stand on the page", async () => assert.match(await orders.locator("[data-live=live] tbody").innerText(), /XRP\/円 売り 指値/));
  assert.equal(await orders.locator("[data-live=cards]").count(), 0, "an order that is only just sent alarms nobody");

  // Both are lost, and bitbank is silent: nothing can be proved, and that is said.
  await until("the first page tells of both", async () => assert.match(await doubt(home), /返事の届かなかった注文が2件あり/), 60_000);
  await says(orders, /^2件の注文の結果がまだ確認できていません。同じ注文を出し直さないでください。$/);
  const cards = orders.locator("[data-live=cards] article");
  await until("bitbank's silence is said", async () => {
    for (const n of [0, 1]) {
      assert.match(await cards.nth(n).innerText(), /bitbankがまた答えてから、早くて約35秒です。[^]*bitbankが答えないため、まだ確かめられません。/);
    }
  });
  await until("the terminal leads there", async () => {
    assert.match(demo.said, /注文の返事が届きません: XRP\/円 .+ [\d.]+。[^]*「注文の結果」のページ.*login\?token=[^]*注文の返事が届きません/);
  });
  const sizes = await Promise.all([0, 1].map((n) => amount(cards.nth(n))));
  await shoot(orders, "demo-silent-desktop-light-ja");
  for (const [page, name] of [[home, "demo-home-phone-light-ja"], [small, "demo-silent-phone-dark-en"]]) {
    await fits(page);
    await accessible(page, name);
    await shoot(page, name);
  }

  // It answers again: the one that had arrived is found at once, the proof of the other one grows.
  await home.locator("[data-live=doubt]").getByRole("link", { name: "注文の結果を見る" }).click();
  await says(home, /^1件の注文の結果がまだ確認できていません/, 60_000);
  const found = orders.locator("[data-live=settled] article", { hasText: "届いていました" });
  assert.match(await found.innerText(), /XRP\/円 (買い|売り) 指値[^]*注文番号\s+\d+[^]*同じ内容で、ほかに心当たりのない注文が、期限の間に1件だけ現れたためです。/);
  const proof = cards.first().locator(".proof li");
  await until("the fence is closed", async () => assert.match(await proof.nth(1).innerText(), /済み/));
  await until("a later order is seen", async () => assert.match(await proof.nth(3).innerText(), /後から出した注文 \d+ を/));
  await until("looks are counted", async () => assert.match(await proof.nth(2).innerText(), /\d+\/30秒/));
  assert.match(await cards.first().innerText(), /いまは、[^]*早くて、あと約\d+秒です。/);
  await accessible(orders, "the proof grows");
  await shoot(orders, "demo-proof-desktop-light-ja");
  await fits(home);
  await shoot(home, "demo-proof-phone-light-ja");

  // The end: nothing is in doubt, and each outcome has its reason.
  await says(orders, /^(全部の注文の結果が確認できています。|結果のわからない注文はありません。)/, 90_000);
  await until("the cards are gone", async () => assert.equal(await orders.locator("[data-live=cards]").count(), 0));
  const absent = orders.locator("[data-live=settled] article", { hasText: "発注されていません(証明済み)" });
  assert.match(await absent.innerText(), /XRP\/円 (買い|売り) 指値[^]*前提\(A1\)/);
  await absent.locator("summary").focus();
  await orders.keyboard.press("Enter");
  const steps = await absent.locator(".proof li").allInnerTexts();
  assert.equal(steps.length, 7);
  assert.ok(steps.every((one) => /済み/.test(one)), steps.join("\n"));
  await accessible(orders, "settled");
  await shoot(orders, "demo-settled-desktop-light-ja");
  await says(small, /^(The outcome of every order is confirmed\.|No order is in doubt\.)/);
  await fits(small);
  await accessible(small, "settled on a phone");
  await shoot(small, "demo-settled-phone-dark-en");
  await home.goto(demo.url);
  assert.match(await doubt(home), /すべてわかりました。届いていた 1件、届いていない 1件。/);
  await shoot(home, "demo-home-settled-phone-light-ja");

  // It was told once each to those who listen, and it was true.
  const announced = await orders.evaluate(() => globalThis.announced);
  const told = (want) => announced.filter((one) => want.test(one)).length;
  assert.equal(told(/返事の届かなかった注文が2件/), 1, announced.join("\n"));
  assert.equal(told(/(全部の注文の結果が確認できています|結果のわからない注文はありません)。/), 1, announced.join("\n"));
  await until("the terminal tells the end", async () => {
    assert.match(demo.said, /指値 [\d.]+: 届いていました。[^]*指値 [\d.]+: 発注されていません\(証明済み\)。[^]*結果が、すべてわかりました\(2件\)/);
  });
  const truth = (await demo.truth()).map((o) => `${Number(o.start_amount)} XRP`).filter((one) => sizes.includes(one));
  assert.deepEqual(truth, [await amount(found)], "one was placed, once, and the other never");
  for (const page of [orders, home, small]) {
    await page.done();
  }
});
