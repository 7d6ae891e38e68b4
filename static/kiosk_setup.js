// The screens of whoever looks after a kiosk: the enrolment code, the measuring of the screen, the PIN and the menu behind it.
// All of them work without a network but the spending of a code.

/**
 * @typedef {import("./kiosk_queue.js").Queue} Queue
 * @typedef {{queue: () => Queue, words: (key: string, values?: Record<string, string | number>) => string, language: () => string,
 *   rest: () => void, go: (name: string) => void, fill: (on: boolean) => void}} Host
 */

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);
/** @type {Host} */
let host;
let ready = false;

/** Shows what a screen has to say now. @param {string} name "enrol", "measure", "service" or "pin" @param {Host} by */
export function open(name, by) {
  host = by;
  if (!ready) prepare();
  ({ enrol, measure, service, pin })[name]();
}

function prepare() {
  ready = true;
  // The alphabet of the codes: no i, l, o and u.
  keys("enrol-keys", [..."0123456789abcdefghjkmnpqrstvwxyz"], (key) => typeCode(element("enrol-code").value + key));
  keys("pin-keys", [..."123456789", "", "0", "⌫"], typePIN);
  element("enrol-code").addEventListener("input", () => typeCode(element("enrol-code").value));
  element("enrol-form").addEventListener("submit", spend);
  click("enrol-erase", () => typeCode(plainCode().slice(0, -1)));
  click("enrol-cancel", () => host.rest());

  for (const on of ["card", "edge"]) element(on).addEventListener("pointerdown", grip);
  element("card").addEventListener("pointermove", drag);
  element("edge").addEventListener("keydown", nudge);
  hold("smaller", -1);
  hold("larger", 1);
  click("measured", accept);
  window.addEventListener("resize", () => {
    if (!element("measure").hidden) measure();
  });

  click("service-send", () => host.queue().drain().then(service));
  click("service-measure", () => host.go("measure"));
  click("service-enrol", () => host.go("enrol"));
  click("service-leave", () => host.fill(false));
  click("service-full", () => host.fill(true));
  click("service-close", () => host.rest());
  document.addEventListener("fullscreenchange", () => service());
  host.queue().onchange(() => {
    if (!element("service").hidden) service();
  });
  click("pin-cancel", () => element("pin").close());
  document.addEventListener("keydown", (event) => {
    if (!element("pin").open) return;
    if (/^[0-9]$/.test(event.key)) typePIN(event.key);
    if (event.key === "Backspace") typePIN("⌫");
  });
}

/** @param {string} id @param {() => void} fn */
function click(id, fn) {
  element(id).addEventListener("click", fn);
}

/** @param {string} id @param {string[]} letters "" leaves a gap @param {(key: string) => void} press */
function keys(id, letters, press) {
  element(id).replaceChildren(...letters.map((letter) => {
    if (letter === "") return document.createElement("span");
    const key = document.createElement("button");
    key.type = "button";
    key.className = "key";
    key.textContent = letter;
    if (letter === "⌫") {
      key.dataset.tLabel = "keys_erase";
      key.setAttribute("aria-label", host.words("keys_erase"));
    }
    key.addEventListener("click", () => press(letter));
    return key;
  }));
}

// --- enrolment ---

async function enrol() {
  const queue = host.queue();
  element("enrol-revoked").hidden = queue.phase !== "revoked";
  element("enrol-cancel").hidden = queue.phase !== "ready";
  if (queue.trouble) element("enrol-problem").textContent = host.words("enrol_unsafe");
  const { waiting } = await queue.status();
  element("enrol-waiting").hidden = waiting === 0;
  element("enrol-waiting").textContent = host.words("enrol_waiting", { n: waiting });
}

/** The letters of the code that was typed, as the server's alphabet has them. */
function plainCode() {
  return element("enrol-code").value.toLowerCase().replace(/[il]/g, "1").replace(/o/g, "0").replace(/[^0-9a-hjkmnp-tv-z]/g, "").slice(0, 8);
}

/** @param {string} typed */
function typeCode(typed) {
  element("enrol-code").value = typed;
  const code = plainCode();
  element("enrol-code").value = code.length > 4 ? code.slice(0, 4) + "-" + code.slice(4) : code;
  element("enrol-problem").textContent = "";
}

/** @param {Event} event */
async function spend(event) {
  event.preventDefault();
  const problem = element("enrol-problem");
  const code = plainCode();
  if (code.length < 8) {
    problem.textContent = host.words("enrol_short");
    element("enrol-code").focus();
    return;
  }
  const button = element("enrol-form").querySelector("[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  const result = await host.queue().enrol(code);
  button.disabled = false;
  if ("ok" in result) {
    element("enrol-code").value = "";
    host.rest();
    return;
  }
  const told = { enrolment_unknown: "enrol_unknown", too_many_attempts: "enrol_often", network: "enrol_offline",
    storage_broken: "enrol_unsafe", insecure: "enrol_unsafe" }[result.error];
  problem.textContent = host.words(told || "enrol_failed");
}

// --- measuring ---

// A bank card, and an identity card of Viet Nam, is 85.60 by 53.98 mm (ISO/IEC 7810, ID-1). Where the screen is too narrow for its
// length the frame shows it upright and its short side is measured.
const long = 85.6;
const short = 53.98;
/** Pixels of CSS to a millimeter, from a wall of 75 inches to the densest telephone. */
const plausible = [1, 10];
let width = 0; // of the frame, in pixels

const upright = () => window.innerWidth < 620;

function measure() {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  frame((upright() ? short : long) * mm);
}

/** @param {number} to */
function frame(to) {
  const card = element("card");
  const most = document.documentElement.clientWidth - card.getBoundingClientRect().left - 24;
  width = Math.max(60, Math.min(Math.round(to), most));
  card.classList.toggle("upright", upright());
  card.style.width = width + "px";
  card.style.height = width * (upright() ? long / short : short / long) + "px";
  const edge = element("edge");
  edge.setAttribute("aria-valuemax", String(Math.round(most)));
  edge.setAttribute("aria-valuemin", "60");
  edge.setAttribute("aria-valuenow", String(width));
  edge.setAttribute("aria-valuetext", host.words("measure_value", { n: width }));
  element("measure-problem").textContent = "";
}

/** @param {PointerEvent} event */
function grip(event) {
  element("card").setPointerCapture(event.pointerId);
  drag(event);
}

/** @param {PointerEvent} event */
function drag(event) {
  const card = element("card");
  if (card.hasPointerCapture(event.pointerId)) frame(event.clientX - card.getBoundingClientRect().left);
}

/** @param {KeyboardEvent} event */
function nudge(event) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
  if (!step) return;
  event.preventDefault();
  frame(width + step);
}

/** A button that goes on while it is held. @param {string} id @param {number} step */
function hold(id, step) {
  let timer = 0;
  const on = () => {
    frame(width + step);
    timer = window.setTimeout(on, 60);
  };
  const off = () => window.clearTimeout(timer);
  element(id).addEventListener("pointerdown", () => {
    off();
    timer = window.setTimeout(on, 400);
  });
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) element(id).addEventListener(end, off);
  click(id, () => frame(width + step));
}

async function accept() {
  const px = width / (upright() ? short : long);
  if (px < plausible[0] || px > plausible[1]) {
    element("measure-problem").textContent = host.words("measure_odd");
    return;
  }
  await host.queue().measured(Math.round(px * 1000) / 1000);
  host.rest();
}

// --- the menu of the staff ---

async function service() {
  const s = await host.queue().status();
  const when = (/** @type {number} */ at) => ago(host.queue().now() - at);
  const lines = [];
  const say = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) => lines.push(host.words(key, values));
  if (s.trouble) say(s.trouble === "storage_full" ? "status_full" : "enrol_unsafe");
  if (s.waiting > 0) say("status_waiting", { n: s.waiting, when: when(s.oldest) });
  else say("status_none");
  if (s.heardAt > 0) say("status_contact", { when: when(s.heardAt) });
  else say("status_contact_never");
  if (s.missing.length > 0) say("status_missing", { list: s.missing.map(([a, b]) => (a === b ? String(a) : a + "–" + b)).join(", ") });
  else if (s.heardAt > 0) say("status_all");
  say("status_storage_" + s.persistence);
  const minutes = Math.round(Math.abs(s.skew) / 60000);
  if (minutes >= 2) say("status_clock", { n: minutes });
  if (s.pxPerMM > 0) say("status_size", { n: s.pxPerMM.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 }) });
  say("status_program", { program: s.program });
  element("status").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  element("service-leave").hidden = !document.fullscreenElement;
  element("service-full").hidden = Boolean(document.fullscreenElement) || !document.fullscreenEnabled;
}

/** A stretch of time in words: "3 hours ago". @param {number} ms */
function ago(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000));
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  if (minutes < 90) return words.format(-minutes, "minute");
  if (minutes < 48 * 60) return words.format(-Math.round(minutes / 60), "hour");
  return words.format(-Math.round(minutes / 1440), "day");
}

// --- the PIN ---

/** How often a wrong PIN was entered since the last right one. It outlives the page: loading it anew must not save anybody the wait. */
const count = "sipas-kiosk-pin";
let digits = "";
let busy = false;
/** When the next try may be made, on the page's own clock; -1 before the first look. */
let next = -1;
let waiting = 0;

const wrong = () => Number(localStorage.getItem(count)) || 0;
/** Two may go wrong by chance; from the third the wait doubles, up to ten minutes. @param {number} times */
const wait = (times) => (times < 3 ? 0 : Math.min(600, 5 * 2 ** (times - 3)));

function pin() {
  if (!host.queue().config) {
    host.go("service"); // Nothing is enrolled: there is no PIN, and nothing to keep.
    return;
  }
  digits = "";
  busy = false;
  element("pin-problem").textContent = "";
  draw();
  if (!element("pin").open) element("pin").showModal();
  if (next < 0) next = performance.now() + wait(wrong()) * 1000;
  holdOff();
}

function holdOff() {
  window.clearTimeout(waiting);
  const left = Math.ceil((next - performance.now()) / 1000);
  for (const key of element("pin-keys").querySelectorAll("button")) key.disabled = left > 0;
  if (left <= 0) return;
  element("pin-cancel").focus(); // A key that is locked loses the focus.
  element("pin-problem").textContent = host.words("pin_wait", { n: left });
  waiting = window.setTimeout(() => {
    element("pin-problem").textContent = "";
    holdOff();
  }, next - performance.now());
}

function draw() {
  element("pin-dots").textContent = "●".repeat(digits.length) + "○".repeat(6 - digits.length);
  element("pin-typed").textContent = host.words("pin_typed", { n: digits.length });
}

/** @param {string} key */
async function typePIN(key) {
  if (busy || performance.now() < next) return;
  digits = key === "⌫" ? digits.slice(0, -1) : digits + key;
  element("pin-problem").textContent = "";
  draw();
  if (digits.length < 6) return;
  busy = true;
  const right = await check(digits);
  digits = "";
  busy = false;
  if (!element("pin").open) return; // It was closed, or nobody was there any more.
  draw();
  if (right) {
    localStorage.removeItem(count);
    element("pin").close();
    host.go("service");
    return;
  }
  const times = wrong() + 1;
  localStorage.setItem(count, String(times));
  next = performance.now() + wait(times) * 1000;
  element("pin-problem").textContent = host.words("pin_wrong");
  holdOff();
}

/** Compares with what the configuration holds of the PIN. No network is asked. @param {string} typed */
async function check(typed) {
  const { salt, iterations, hash } = /** @type {import("./kiosk_queue.js").Config} */ (host.queue().config).pin;
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(typed), "PBKDF2", false, ["deriveBits"]);
  const raw = Uint8Array.from(salt.match(/../g) || [], (pair) => parseInt(pair, 16));
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: raw, iterations }, key, 256);
  return [...new Uint8Array(bits)].map((b) => b.toString(16).padStart(2, "0")).join("") === hash;
}
