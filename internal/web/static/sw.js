// Keeps the last state readable when the daemon is gone. The network always comes first: a page never runs the
// script of another version, and what is kept is shown only when nobody answers.

const store = "hikeshi";
const shell = [
  "/static/app.css",
  "/static/app.js",
  "/static/icon-192.png",
  "/static/icon-512.png",
  "/static/icon.svg",
  "/static/tokens.css",
];
const pages = ["/", "/help", "/history", "/orders", "/positions", "/settings"];
const shut = ["/orders", "/positions"]; // until its owner has come in once
const patience = 2_000; // a page takes milliseconds: a daemon that has not answered by then hangs

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(store).then((cache) => cache.addAll([...shell, ...pages.filter((page) => !shut.includes(page))])));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) {
    return;
  }
  if (shell.includes(url.pathname)) {
    event.respondWith(file(event, url.pathname));
  } else if (pages.includes(url.pathname)) {
    event.respondWith(page(event, url));
  }
});

async function file(event, path) {
  try {
    const answer = await inTime(event.request);
    keep(event, path, answer, answer.headers.get("ETag"));
    return answer;
  } catch (unreachable) {
    return (await caches.match(path)) ?? Response.error();
  }
}

// page answers a reader who opens a page from what is kept, but never the script of an open page: that one must
// learn that the daemon is gone.
async function page(event, url) {
  const { request } = event;
  if (request.mode !== "navigate") {
    const answer = await fetch(request);
    if (!url.search) {
      keep(event, url.pathname, answer, answer.headers.get("Hikeshi-Seq"));
    }
    return answer;
  }
  try {
    const answer = await inTime(request);
    if (!url.search) {
      keep(event, url.pathname, answer, null);
    }
    return answer;
  } catch (unreachable) {
    return (await caches.match(url.pathname)) ?? Response.error();
  }
}

function inTime(request) {
  return Promise.race([fetch(request), new Promise((_, reject) => setTimeout(reject, patience, new Error("the daemon hangs")))]);
}

// An open page asks every few seconds; it is written to the disk when the journal has grown, not each time.
const kept = new Map();

function keep(event, path, answer, mark) {
  if (answer.status !== 200 || (mark !== null && kept.get(path) === mark)) {
    return;
  }
  kept.set(path, mark);
  const copy = answer.clone();
  event.waitUntil(caches.open(store).then((cache) => cache.put(path, copy)));
}
