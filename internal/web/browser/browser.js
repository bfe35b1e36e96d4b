// A real Chromium, and what the tests ask of its pages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./world.js";

const shots = resolve(import.meta.dirname, "../../../out/screenshots");
mkdirSync(shots, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const desktop = { viewport: { width: 1280, height: 800 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const narrow = { viewport: { width: 320, height: 640 } };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

// open opens a page that may complain of nothing and ask nobody but the daemon; first happens before it asks.
export async function open(browser, url, { complaints = true, first = () => {}, ...options } = {}) {
  const context = await browser.newContext({ locale: "ja-JP", colorScheme: "light", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (err) => page.complaints.push(err.message));
  page.on("console", (line) => line.type() === "error" && page.complaints.push(line.text()));
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) {
      page.complaints.push(`asked ${request.url()}`);
    }
  });
  page.done = async () => {
    await context.close();
    if (complaints) {
      assert.deepEqual(page.complaints, []);
    }
  };
  await first();
  await page.goto(url);
  return page;
}

export const sentence = (page) => page.locator("h1").innerText();

// says waits until a page's sentence is as wanted.
export const says = (page, want, limit) => until(`the page says ${want}`, async () => assert.match(await sentence(page), want), limit);

export async function shoot(page, name) {
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

// fits wants no sideways scroll, and nothing that sticks out where it cannot be scrolled to.
export async function fits(page) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const seen = (node) => node.checkVisibility() && !node.closest(".vh, .skip, svg, [aria-hidden=true]");
    const out = [...document.querySelectorAll("main *, .top *")].filter(seen).filter((node) => {
      const box = node.getBoundingClientRect();
      return box.width > 1 && (box.right > width + 1 || box.left < -1);
    });
    return {
      scroll: document.documentElement.scrollWidth - width,
      out: out.map((node) => `${node.tagName}.${node.className}: ${node.textContent.trim().slice(0, 40)}`),
    };
  });
  assert.deepEqual(wide, { scroll: 0, out: [] });
}

// accessible wants nothing from axe-core: WCAG 2.2 A and AA, and best practice.
export async function accessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const list = found.violations.flatMap((v) => v.nodes.map((n) => `${v.impact} ${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary}`));
  assert.deepEqual(list, [], what);
}
