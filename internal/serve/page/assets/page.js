// The page's one module: it keeps what is shown up to date, opens drawers, filters at once and
// listens to the keyboard. Everything it does is also a link or a form that works without it.
const root = document.documentElement, byId = id => document.getElementById(id);
const drawer = byId("drawer"), say = byId("say");
root.classList.add("script");

// morph makes one element like another and keeps what a person has to do with it: focus, what is
// typed, what is unfolded.
function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) return from.replaceWith(to);
  if (from.nodeType !== Node.ELEMENT_NODE) { from.data = to.data; return; }
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !["tabindex", "open", "data-first", "hidden"].includes(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (name !== "open" && from.getAttribute(name) !== value) {
    from.setAttribute(name, value);
    if (name === "data-s") delete from.seen;
  }
  if (from === document.activeElement && from.matches("input, select, textarea")) return;
  if (from.matches("input")) from.value = to.value;
  const rest = [...from.childNodes];
  let at = from.firstChild;
  for (const node of [...to.childNodes]) {
    const twin = node.id ? rest.find(n => n.id === node.id) : at && !at.id && at.nodeName === node.nodeName ? at : null;
    if (!twin) { from.insertBefore(node, at); continue; }
    if (twin !== at) from.insertBefore(twin, at);
    at = twin.nextSibling;
    rest.splice(rest.indexOf(twin), 1);
    morph(twin, node);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

const parse = html => { const t = document.createElement("template"); t.innerHTML = html; return t.content; };

// fetchPart asks for the part of a screen that changes.
async function fetchPart(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { "X-Fragment": "1", "X-Csrf-Token": document.querySelector("meta[name=csrf]").content } });
  if (answer.status === 401 || new URL(answer.url).pathname === "/login") { location.reload(); throw new Error("logged out"); }
  return { answer, part: parse(await answer.text()).firstElementChild };
}

// put shows a part in place of the one with its id, or as the only one in a drawer.
function put(part, inside) {
  const there = byId(part.id);
  if (there && (!inside || inside.contains(there))) morph(there, part); else inside.replaceChildren(part);
  settle();
}

// settle makes what was put in place behave.
function settle() {
  const m = byId("matrix");
  if (m) { roam(); narrow(); }
  tick();
}

// Summaries are said together and not too often.
let said = [], saying;
function tell(words) {
  said.push(words);
  saying ??= setTimeout(() => {
    say.textContent = said.length > 4 ? `${said.slice(0, 3).join(", ")} and ${said.length - 3} more changes` : said.join(", ");
    said = []; saying = null;
  }, 1500);
}

// ── live ──
const bus = new BroadcastChannel("tagboat");
let at = root.dataset.id, leading = null, source;
const show = (state, word) => { byId("live").dataset.state = state; byId("live-word").textContent = word; };

function receive(message, id) {
  at = id;
  if (message.reset) { again(true); return; }
  for (const cell of parse(`<table><tr>${message.html}</tr></table>`).querySelectorAll("[id]")) {
    const there = byId(cell.id);
    if (!there || byId("matrix")?.dataset.filter.includes("ago=")) continue;
    const before = there.dataset.state;
    morph(there, cell);
    if (!there.dataset.state || before === there.dataset.state) continue;
    const [env, service] = there.id.slice(2).split("/");
    tell(`${service} in ${env}: ${there.dataset.state === "steady" && before === "rolling" ? "succeeded" : there.dataset.state}`);
    there.classList.remove("changed");
    requestAnimationFrame(() => there.classList.add("changed"));
  }
  const watched = message.changed.map(c => c.startsWith("operation/") ? [c, "operation/*"] : [c]).flat();
  for (const part of document.querySelectorAll("[data-watch]")) if (part.dataset.watch.split(" ").some(w => watched.includes(w))) soon(part);
}

// soon has a part fetched anew; what changes meanwhile is in it.
const waiting = new Map();
function soon(part, after = 150) {
  if (waiting.has(part.id)) { waiting.set(part.id, "again"); return; }
  waiting.set(part.id, "once");
  setTimeout(async () => {
    try {
      const before = byId("operation-state")?.dataset.state, { answer, part: fresh } = await fetchPart(part.dataset.src);
      if (answer.ok && part.isConnected) morph(part, fresh);
      const now = byId("operation-state")?.dataset.state;
      if (before && now !== before) tell(`The operation ${now}`);
    } catch { /* the next change, or the stream when it is back, asks again */ }
    const more = waiting.get(part.id) === "again";
    waiting.delete(part.id);
    if (more && part.isConnected) soon(part, 400); else if (part.dataset.poll !== undefined && part.isConnected && !document.hidden) soon(part, 1500);
    tick();
  }, after);
}

// again fetches all that is shown.
async function again(everything) {
  if (byId("matrix") && everything) try { put((await fetchPart(location.pathname === "/" ? location.href : byId("matrix").dataset.filter)).part); } catch { /* the stream is back soon */ }
  for (const part of document.querySelectorAll("[data-watch]")) soon(part);
}

// One stream for all tabs: the visible one that has the lock reads, and tells the others.
function lead() {
  if (leading || document.hidden || !navigator.locks) return;
  leading = new AbortController();
  navigator.locks.request("tagboat-stream", { signal: leading.signal }, () => new Promise(release => {
    leading.signal.addEventListener("abort", release);
    listen();
  })).catch(() => {});
}
function listen() {
  source = new EventSource("/live?after=" + encodeURIComponent(at));
  source.onopen = () => { show("on", "live"); bus.postMessage({ on: true }); };
  source.onmessage = e => { const message = JSON.parse(e.data); bus.postMessage({ message, id: e.lastEventId }); receive(message, e.lastEventId); };
  source.onerror = () => {
    show("lost", "reconnecting"); bus.postMessage({ on: false });
    if (source.readyState === EventSource.CLOSED) setTimeout(async () => {
      if (!leading) return;
      await fetchPart("/cart").catch(() => {}); // who is logged out is asked for a token
      if (leading) listen();
    }, 2000);
  };
}
function stop() { source?.close(); source = null; leading?.abort(); leading = null; }
bus.onmessage = ({ data }) => {
  if (data.message) { if (!source) receive(data.message, data.id); show("on", "live"); }
  else if (data.ask && source) bus.postMessage({ is: at, on: source.readyState === EventSource.OPEN });
  else if ("on" in data) {
    show(data.on ? "on" : "lost", data.on ? "live" : "reconnecting");
    if (data.is && data.is !== at) { at = data.is; again(true); }
  }
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { stop(); show("off", "paused"); return; }
  lead();
  bus.postMessage({ ask: true });
});
addEventListener("pagehide", stop);
addEventListener("pageshow", lead);

// ── the matrix ──
const cells = () => [...document.querySelectorAll(".matrix tbody tr")].filter(r => r.offsetParent).map(r => [...r.querySelectorAll("td > a")]);
function roam() {
  const all = document.querySelectorAll(".matrix td > a");
  const here = document.querySelector(".matrix td > a[tabindex='0']") ?? all[0];
  for (const a of all) a.tabIndex = a === here ? 0 : -1;
}
function move(link, down, right) {
  const rows = cells(), y = rows.findIndex(r => r.includes(link)), x = rows[y]?.indexOf(link) ?? 0;
  const to = rows[Math.min(Math.max(y + down, 0), rows.length - 1)]?.[Math.min(Math.max(x + right, 0), rows[y].length - 1)];
  if (!to) return;
  link.tabIndex = -1; to.tabIndex = 0; to.focus({ preventScroll: true });
  to.closest("td").scrollIntoView({ block: "nearest", inline: "nearest" });
}

// narrow applies the text and "needs me" at once; the server does the same for the address.
const filter = byId("filter");
function narrow() {
  const text = filter.q.value.trim().toLowerCase();
  document.querySelector(".matrix")?.classList.toggle("needing", filter.needs.checked);
  for (const row of document.querySelectorAll(".matrix tbody tr")) row.hidden = text !== "" && !row.dataset.row.toLowerCase().includes(text) && ![...row.querySelectorAll("td b")].some(b => b.textContent.toLowerCase().includes(text));
}
const query = (form, keep = () => true) => new URLSearchParams([...new FormData(form)].filter(([k, v]) => v !== "" && !(k === "ago" && v === "0") && keep(k))).toString();
let turn = 0;
async function refilter(local) {
  const q = query(filter), mine = ++turn;
  history.replaceState(null, "", q ? "/?" + q : "/");
  narrow();
  // The server sends all rows to a page that hides them itself, so that no change is missed.
  if (!local) { const { part } = await fetchPart("/?" + query(filter, k => k !== "q" && k !== "needs")); if (mine === turn) put(part); }
}
if (filter) {
  filter.addEventListener("input", e => { if (e.target.name === "ago") byId("ago-word").textContent = e.target.value === "0" ? "now" : new Date(Date.now() - e.target.value * 36e5).toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" }); else if (["q", "needs"].includes(e.target.name)) refilter(true); });
  filter.addEventListener("change", e => { if (!["q", "needs"].includes(e.target.name)) refilter(false); });
  filter.addEventListener("submit", e => { e.preventDefault(); refilter(false); });
  if (filter.q.value || filter.needs.checked) refilter(false);
}

// ── drawers ──
let opener;
async function open(address, push = true, options) {
  if (!drawer.open) { opener = document.activeElement; drawer.replaceChildren(Object.assign(document.createElement("p"), { className: "reading", textContent: "Reading…" })); drawer.showModal(); }
  if (push) history.pushState({ drawer: address }, "", address);
  try {
    const { answer, part } = await fetchPart(address, options);
    if (answer.redirected && !options?.quiet) { location.assign(answer.url); return; }
    drawer.replaceChildren(close(), part);
    part.querySelector("h1")?.setAttribute("tabindex", "-1");
    part.querySelector("h1")?.focus({ preventScroll: true });
    drawer.scrollTop = 0;
    if (part.dataset.poll !== undefined) soon(part, 1500);
    tick();
  } catch { drawer.replaceChildren(close(), Object.assign(document.createElement("p"), { className: "reading", textContent: "The server did not answer. Close this, and try again." })); }
}
function close() {
  const b = document.createElement("button");
  b.className = "close quiet"; b.type = "button"; b.ariaLabel = "Close"; b.textContent = "✕";
  b.onclick = () => drawer.close();
  return b;
}
const home = location.pathname + location.search;
drawer.addEventListener("close", () => {
  if (history.state?.drawer) history.pushState(null, "", home.startsWith("/?") || home === "/" ? "/" + (filter && query(filter) ? "?" + query(filter) : "") : home);
  drawer.replaceChildren();
  (opener?.isConnected ? opener : byId("main")).focus();
});
drawer.addEventListener("click", e => { if (e.target === drawer) drawer.close(); });
addEventListener("popstate", () => { if (history.state?.drawer) open(history.state.drawer, false); else if (drawer.open) drawer.close(); else location.reload(); });

document.addEventListener("click", e => {
  const link = e.target.closest("a"), copy = e.target.closest("[data-copy]");
  if (copy) { navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.classList.add("copied"); setTimeout(() => copy.classList.remove("copied"), 1200); tell("Copied"); }); return; }
  if (!link || e.metaKey || e.ctrlKey || e.shiftKey || e.button) return;
  const path = link.getAttribute("href");
  if (link.closest(".places")) { e.preventDefault(); filter.env.value = new URLSearchParams(path.split("?")[1]).get("env") ?? ""; refilter(false); }
  else if (link.matches(".matrix td > a") || drawer.contains(link) && (path.startsWith("/services/") || link.dataset.part !== undefined)) { e.preventDefault(); open(path); }
  else if (drawer.contains(link) && path === "/") { e.preventDefault(); drawer.close(); }
});
document.addEventListener("submit", e => {
  const form = e.target, auto = form.dataset.auto !== undefined;
  if (drawer.contains(form) && form.method !== "dialog") {
    e.preventDefault();
    const data = new URLSearchParams(new FormData(form, e.submitter));
    if (e.submitter) e.submitter.disabled = true;
    if (form.method === "get") open(form.getAttribute("action") + "?" + data); else open(form.getAttribute("action"), false, { method: "POST", body: data });
  } else if (form.dataset.do !== undefined) e.submitter.disabled = true;
  else if (auto) e.submitter?.blur();
});
document.addEventListener("change", e => { if (e.target.form?.dataset.auto !== undefined) e.target.form.requestSubmit(); });

// ── the keyboard ──
document.addEventListener("keydown", e => {
  const typing = e.target.matches("input, select, textarea");
  const arrow = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -99], End: [0, 99], PageUp: [-12, 0], PageDown: [12, 0] }[e.key];
  if (arrow && e.target.matches(".matrix td > a")) { e.preventDefault(); move(e.target, ...arrow); }
  else if (e.key === "ArrowDown" && e.target.id === "q") { e.preventDefault(); document.querySelector(".matrix tr:not([hidden]) td > a")?.focus(); }
  else if (typing && e.key === "Escape" && e.target.id === "q") { e.target.value = ""; refilter(true); e.target.blur(); }
  else if (typing || e.metaKey || e.ctrlKey || e.altKey || document.querySelector("dialog[open]")) return;
  else if (e.key === "/" && filter) { e.preventDefault(); filter.q.focus(); filter.q.select(); }
  else if (e.key === "?") byId("keys").showModal();
});

// Ages go on between updates.
function tick() {
  const now = performance.now();
  for (const t of document.querySelectorAll("time[data-s]")) {
    t.seen ??= now;
    const s = Number(t.dataset.s) + Math.floor((now - t.seen) / 1000);
    const text = s < 120 ? s + "s" : s < 7200 ? Math.floor(s / 60) + "m" : s < 172800 ? Math.floor(s / 3600) + "h" : Math.floor(s / 86400) + "d";
    if (t.textContent !== text) t.textContent = text;
  }
}
setInterval(() => document.hidden || tick(), 5000);
settle();
lead();
bus.postMessage({ ask: true });
if (document.querySelector("[data-poll]")) soon(document.querySelector("[data-poll]"), 500);
