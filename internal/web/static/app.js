// The page after its first bytes. Everything that can be read stands in the page without this script; it keeps the
// page alive: asks for it anew when the daemon tells of a change, moves the freshness clocks, and says so when the
// daemon is gone. New pages are parsed by XMLHttpRequest, which hands over a document: no text becomes markup here.

const root = document.documentElement;
const page = document.body;

// The clocks of a panel turn old after 15 s, so a page in sight is asked for every 5 s. One out of sight lets go of
// its event stream, because a browser opens six connections to a host and no more, and asks more seldom.
const whileSeen = 5_000;
const whileHidden = 15_000;
const patience = 3_000; // a page from loopback takes milliseconds
const together = 100; // changes of one judgement arrive together

// ---- Asking

let asking = false;
let again = false;
let timer = 0;

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const request = new XMLHttpRequest();
  request.open("GET", location.pathname + location.search);
  request.responseType = "document";
  request.timeout = patience;
  request.onloadend = () => {
    asking = false;
    const next = request.response;
    const answered = Boolean(next?.body?.dataset.page);
    if (answered) {
      take(next, Date.parse(request.getResponseHeader("Date")));
    }
    lose(!answered);
    listen();
    later(again ? together : document.hidden ? whileHidden : whileSeen);
    again = false;
  };
  request.send();
}

let stream = null;

function listen() {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (!stream || stream.readyState === EventSource.CLOSED) {
    stream = new EventSource(`/api/v1/events?lang=${root.lang}`);
    for (const kind of ["verdict", "component", "incident", "order", "transfer", "line", "error"]) {
      stream.addEventListener(kind, () => later(together));
    }
  }
}

// ---- Taking over a newer page

function take(next, date) {
  if (next.body.dataset.version !== page.dataset.version) {
    location.reload(); // a page of one version never runs the script of another
    return;
  }
  // The Date header counts whole seconds: a smaller difference is none.
  skew = Math.abs(date - Date.now()) > 2_000 ? date - Date.now() : 0;
  const { verdict, orders } = page.dataset;
  attributes(root, next.documentElement);
  morph(page, next.body);
  document.title = next.title;
  const news = [];
  if (verdict !== page.dataset.verdict) {
    news.push(page.dataset.sentence);
  }
  if (orders && page.dataset.orders && orders !== page.dataset.orders) {
    news.push(page.dataset.ordered);
  }
  if (news.length > 0) {
    announce(news.join(" "));
  }
  tick();
}

function announce(sentence) {
  document.getElementById("live").textContent = sentence;
}

// morph makes one element like another and touches nothing else, so that focus, scrolling and open drawers stay.
function morph(have, want) {
  if ("own" in (have.dataset ?? {}) || have.isEqualNode(want)) {
    return;
  }
  if (have.nodeType !== Node.ELEMENT_NODE) {
    have.nodeValue = want.nodeValue;
    return;
  }
  attributes(have, want);
  if ("keyed" in have.dataset) {
    rows(have, want);
  } else {
    children(have, want);
  }
}

function attributes(have, want) {
  for (const { name, value } of want.attributes) {
    if (have.getAttribute(name) !== value) {
      have.setAttribute(name, value);
    }
  }
  for (const { name } of [...have.attributes]) {
    if (!want.hasAttribute(name) && name !== "open") { // a drawer stays as the reader left it
      have.removeAttribute(name);
    }
  }
}

const keyOf = (node) => node.dataset?.key || node.dataset?.live || node.id || "";

function byKey(parent) {
  return new Map([...parent.children].filter(keyOf).map((node) => [keyOf(node), node]));
}

// rows change where they stand: nothing moves under the finger, the order is put right by the next visit.
function rows(have, want) {
  const old = byKey(have);
  const now = byKey(want);
  for (const [key, node] of old) {
    if (!now.has(key)) {
      node.remove();
    }
  }
  for (const [key, node] of now) {
    if (old.has(key)) {
      morph(old.get(key), node);
    } else {
      have.append(document.importNode(node, true));
    }
  }
}

function children(have, want) {
  const now = byKey(want);
  for (const [key, node] of byKey(have)) {
    if (!now.has(key)) {
      node.remove();
    }
  }
  const old = byKey(have);
  let at = have.firstChild;
  for (const node of want.childNodes) {
    const key = keyOf(node);
    const same = key ? old.get(key) : at && !keyOf(at) && at.nodeName === node.nodeName ? at : null;
    if (!same || same.nodeName !== node.nodeName) {
      have.insertBefore(document.importNode(node, true), at);
    } else if (same === at) {
      at = at.nextSibling;
      morph(same, node);
    } else {
      have.insertBefore(same, at);
      morph(same, node);
    }
  }
  while (at) {
    const rest = at;
    at = at.nextSibling;
    rest.remove();
  }
}

// ---- Clocks

let skew = 0; // the daemon's clock minus ours; they differ when the page came through a tunnel
const ring = 50.3; // circumference of the clock's circle, as in age.go

function ago(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [unit, n] = s >= 86400 ? ["D", s / 86400] : s >= 3600 ? ["H", s / 3600] : s >= 60 ? ["M", s / 60] : ["S", s];
  return page.dataset[`ago${unit}`].replace("#", Math.floor(n));
}

function tick() {
  const now = Date.now() + skew;
  for (const clock of document.querySelectorAll("[data-fresh]")) {
    const at = Date.parse(clock.dataset.at);
    if (Number.isNaN(at)) {
      continue;
    }
    const age = now - at;
    const limit = clock.dataset.limit * 1000;
    clock.querySelector(".age").textContent = ago(age);
    clock.querySelector(".a")?.setAttribute("stroke-dasharray", `${(Math.max(0, 1 - age / limit) * ring).toFixed(1)} ${ring}`);
    clock.classList.toggle("old", age > limit);
    if (clock.parentElement.parentElement.matches("[data-panel]")) { // the clock in a panel's heading
      clock.closest("[data-panel]").classList.toggle("is-old", age > limit);
    }
  }
  if (gone) {
    mourn();
  }
}

// ---- Losing the daemon

let gone = false;

function lose(now) {
  const news = now && !gone;
  gone = now;
  root.classList.toggle("is-lost", gone);
  document.getElementById("lost").hidden = !gone;
  if (gone) {
    mourn();
  }
  if (news) {
    announce(document.getElementById("lost").innerText);
  }
}

// mourn says from when the page is that is still shown.
function mourn() {
  const banner = document.getElementById("lost");
  document.title = banner.querySelector("b").textContent;
  const at = Date.parse(page.dataset.at);
  if (Number.isNaN(at)) {
    return;
  }
  const when = new Intl.DateTimeFormat(root.lang, { timeZone: "Asia/Tokyo", dateStyle: "medium", timeStyle: "medium" }).format(at);
  const since = banner.querySelector("[data-text]");
  since.textContent = since.dataset.text.replace("#", `${when} (${ago(Date.now() + skew - at)})`);
}

// ---- Drawers

function open(id) {
  const drawer = document.getElementById(id);
  if (drawer?.tagName === "DETAILS") {
    drawer.open = true;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (link) {
    open(link.dataset.open);
  }
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
if (location.hash) {
  open(location.hash.slice(1));
}

// ---- Beginning

if ("serviceWorker" in navigator) {
  const worker = "/sw.js";
  const policy = globalThis.trustedTypes?.createPolicy("hikeshi", { createScriptURL: () => worker });
  // Without it, as in a private window, the page works; only a reload without the daemon does not.
  navigator.serviceWorker.register(policy ? policy.createScriptURL(worker) : worker).catch(() => {});
}
document.addEventListener("visibilitychange", () => later(0));
setInterval(tick, 1000);
tick();
refresh();
