// The kiosk: asks one question a screen and gives what is answered to the queue, which seals and keeps it, and sends it when it
// can. With a network and without one it is the same. What a citizen said lives in this page's memory until it is sealed,
// and nowhere else: no address, no history, no storage of its own.
//
// The page is a shell. Its words, faces and icons are in it; who asks, and what, is in the configuration that the queue keeps.
// kiosk_setup.js has the screens of the staff, kiosk_scan.js reads codes, kiosk_keyboard.js types, kiosk_sound.js reads aloud.
import { openQueue } from "./kiosk_queue.js";
import { hasCamera, listen, watch } from "./kiosk_scan.js";

/**
 * @typedef {import("./kiosk_queue.js").Option} Option
 * @typedef {import("./kiosk_queue.js").Item} Item
 * @typedef {import("./kiosk_queue.js").Sitting} Sitting
 * @typedef {import("./kiosk_queue.js").Config} Config
 */

const root = document.documentElement;
/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);
/** @param {string} selector @returns {HTMLElement[]} */
const all = (selector) => [...document.querySelectorAll(selector)].map((e) => /** @type {HTMLElement} */ (e));
/** @type {{tags: Record<string, string>, words: Record<string, Record<string, string>>}} */
const catalogue = JSON.parse(element("kiosk-words").textContent);
const screens = all("#stage > section").map((e) => e.id);
/** Nobody is answering on these; a change of the configuration shows at once. */
const resting = ["attract", "closed", "broken", "enrol", "measure"];
const dialogs = ["still", "refused", "scan", "pin"];

/** @type {import("./kiosk_queue.js").Queue} */
let queue;
/** @type {Config | null} */
let config = null;
let language = "vi";
let screen = "";

// --- words ---

/** @param {string} key @param {Record<string, string | number>} [values] */
function words(key, values) {
  let text = catalogue.words[language][key] || key;
  for (const [name, value] of Object.entries(values || {})) text = text.replace("{" + name + "}", String(value));
  return text;
}

/** A text of the configuration in the language chosen, or in another rather than none. @param {Record<string, string> | undefined} text */
function inLanguage(text) {
  if (!text) return "";
  return text[language] || text.vi || Object.values(text)[0] || "";
}

/** @param {string} chosen */
function setLanguage(chosen) {
  language = chosen;
  root.lang = catalogue.tags[language];
  for (const e of all("[data-t]")) e.textContent = words(e.dataset.t || "");
  for (const e of all("[data-t-label]")) e.setAttribute("aria-label", words(e.dataset.tLabel || ""));
  for (const e of all("[data-language]")) e.setAttribute("aria-pressed", String(e.dataset.language === language));
  for (const e of all("[data-office]")) e.textContent = inLanguage(config ? config.office : undefined);
  element("problem").textContent = "";
  element("code-taken").textContent = "";
  if (screen === "question" && sitting) { // A page that goes blank has nothing to ask any more.
    drawQuestion();
    fit();
  }
  if (keyboard) tellKeyboard();
  stop();
  offerReading();
}

/** Offers the languages of the configuration. */
function drawConfig() {
  const offered = config ? config.languages : Object.keys(catalogue.words);
  for (const e of all("[data-offers]")) e.hidden = !offered.includes(e.dataset.offers || "");
  for (const e of all("[data-point]")) e.textContent = config ? config.point : "";
}

/** Sizes are in millimeters of this screen. Where it is too low for five answers under a question, they stand beside it. */
function layout() {
  if (queue && queue.pxPerMM > 0) root.style.setProperty("--mm", queue.pxPerMM + "px");
  const mm = parseFloat(getComputedStyle(root).getPropertyValue("--mm"));
  const touch = Math.min(20 * mm, 0.22 * Math.min(innerWidth, innerHeight));
  root.classList.toggle("low", innerWidth > innerHeight && innerWidth > 700 && innerHeight < 9.6 * touch);
  fit();
}

/** A long question gives up some of its size, a third at most, where it would push an answer out of sight. */
function fit() {
  if (screen !== "question") return;
  const stage = element("stage");
  for (let share = 100; share >= 65; share -= 5) {
    root.style.setProperty("--fit", share / 100 + "");
    if (stage.scrollHeight <= stage.clientHeight) return;
  }
}

// --- screens ---

/** @param {string} name */
function show(name) {
  screen = name;
  for (const s of screens) element(s).hidden = s !== name;
  fit();
  element("stage").scrollTop = 0;
  window.scrollTo(0, 0);
  const heading = element(name).querySelector("h1");
  // On the first screen nothing is chosen for anybody; elsewhere a screen reader begins with what is asked.
  if (name === "attract") /** @type {HTMLElement} */ (document.activeElement).blur();
  else heading.focus({ preventScroll: true });
  if (keyboard) keyboard.close();
  if (aloud) read();
  quiet();
}

/** The screen that this device rests on. */
function resort() {
  if (queue.phase !== "ready" || !config) return "enrol";
  if (queue.trouble) return "broken";
  if (config.measure && !(queue.pxPerMM > 0)) return "measure";
  return config.closed || !config.instrument ? "closed" : "attract";
}

function rest() {
  const name = resort();
  if (name === "enrol" || name === "measure") setUp(name);
  else show(name);
  settle();
}

/** Takes over what the queue has learned. A citizen who is answering does not notice. */
function refresh() {
  if (config !== queue.config) {
    config = queue.config;
    drawConfig();
    if (resting.includes(screen)) setLanguage(config && !config.languages.includes(language) ? config.languages[0] : language);
    offerReading();
  }
  layout();
  if (screen === "" || (resting.includes(screen) && !asked && (screen === "enrol" || screen !== resort()))) rest();
  settle();
}

/** A newer program takes over when nobody is there. */
function settle() {
  if (queue.update && resting.includes(screen) && !touched) queue.takeOver();
}

// --- one citizen ---

/** @type {Sitting | null} */
let sitting = null;
/** @type {Item[]} */
let items = [];
/** @type {Record<string, number>} */
let answers = {};
let token = "";
let doubted = ""; // a code that was typed and does not look like one
let position = 0;
let kept = false; // something of it was given to the queue
let known = false; // the required questions were
let done = false; // the end was; the citizen reads the thanks
let refused = false; // the server does not take this answer; nothing more of it is kept
let starting = false;
let turn = 0; // counts the citizens, so that what comes late finds another one
let thanksTimer = 0;
let touched = false; // somebody touched the page since it was blank
let asked = false; // the staff asked for the screen that is on

/** Forgets everything that a citizen chose or said. What is to be sent is with the queue already. */
function blank() {
  turn++;
  sitting = null;
  items = [];
  answers = {};
  token = doubted = "";
  position = 0;
  kept = known = done = refused = starting = touched = asked = false;
  window.clearTimeout(thanksTimer);
  stopCamera();
  if (aloud) toggleReading();
  for (const form of all("form")) /** @type {HTMLFormElement} */ (form).reset();
  for (const id of ["answers", "ask", "progress", "scale", "problem", "code-taken", "refused-why", "still-count"]) element(id).replaceChildren();
  for (const e of element("moves").querySelectorAll("[data-code]")) e.remove();
  element("code-part").hidden = false;
  for (const id of dialogs) if (element(id).open) element(id).close();
  contrast(false);
  size("normal");
  setLanguage(config ? config.languages[0] : "vi");
  rest();
}

/**
 * The questions of one sitting: the core, and the module in whose stretch of the summed chances the draw falls. The server draws
 * again, and takes no other.
 * @param {NonNullable<Config["instrument"]>} instrument @param {number} draw
 */
function drawn(instrument, draw) {
  const { core, modules } = instrument;
  if (instrument.draw === 0) return [...core, ...modules.flatMap((m) => m.items)];
  let sum = 0;
  const module = modules.find((m) => draw < (sum += m.chance)) || modules[modules.length - 1];
  return [...core, ...(module ? module.items : [])];
}

/** Whether a text can be a code: 26 letters and digits, alone or at the end of a link. @param {string} typed */
function looksLikeCode(typed) {
  return /^[0-9a-tv-z]{26}$/i.test(typed.slice(typed.lastIndexOf("/") + 1).replace(/[ -]/g, ""));
}

/** A code came from the scanner or the camera. @param {string} code */
function takeCode(code) {
  if (kept) return;
  if (screen === "attract") show("consent");
  if (screen !== "consent") return;
  element("code").value = code;
  element("problem").textContent = "";
  element("code-taken").textContent = looksLikeCode(code) ? words("code_taken") : "";
  element("start").focus({ preventScroll: true });
}

async function begin() {
  if (starting) return;
  const typed = element("code").value.trim();
  if (typed !== "" && typed !== doubted && !looksLikeCode(typed)) {
    // It is said once. Whoever presses again answers: no code is worth an answer lost.
    doubted = typed;
    element("code-taken").textContent = "";
    element("problem").textContent = words("problem.code");
    return;
  }
  if (!kept) token = typed;
  if (sitting) return proceed();
  if (await open()) proceed();
}

/** Opens a sitting and draws its questions. @returns {Promise<boolean>} whether the citizen is still there */
async function open() {
  const mine = turn;
  starting = true;
  const opened = await queue.sitting({ language }).catch(() => null);
  if (mine !== turn) return false; // The screen went blank meanwhile.
  starting = false;
  if (!opened || !opened.config.instrument) {
    blank(); // Then the screen says that no answers are taken, and why.
    return false;
  }
  opened.onrefused((code) => refuse(opened, code));
  sitting = opened;
  items = drawn(opened.config.instrument, opened.draw);
  element("comment").maxLength = opened.config.instrument.comment || 1;
  return true;
}

/** Begins a new answer without a code, with what was said so far. */
async function goOn() {
  if (starting) return;
  token = element("code").value = "";
  const said = answers;
  if (!(await open())) return;
  answers = {};
  for (const item of items) if (item.code in said) answers[item.code] = said[item.code];
  const next = items.findIndex((item) => !(item.code in answers));
  position = next < 0 ? items.length : next;
  kept = known = done = refused = false;
  element("refused").close();
  if (Object.keys(answers).length > 0) {
    known = items.every((i) => !i.required || i.code in answers);
    keep("partial", known);
  }
  proceed();
}

function drawQuestion() {
  const item = items[position];
  const faces = item.options.some((o) => o.face);
  element("progress").textContent = words("progress", { n: position + 1, of: items.length });
  element("ask").textContent = inLanguage(item.text);
  element("scale").textContent = faces ? words("scale") : "";
  const cards = item.options.filter((o) => o.code >= 0);
  const asides = item.options.filter((o) => o.code < 0);
  if (!item.required && asides.length === 0) asides.push({ code: -3, text: { [language]: words("skip") } });
  element("answers").replaceChildren(...cards.map((o, i) => answerButton(item, o, i + 1, cards.length)));
  element("moves").replaceChildren(element("moves").firstElementChild, ...asides.map((o) => answerButton(item, o, 0, 0)));
}

/** @param {Item} item @param {Option} option @param {number} place @param {number} of how many levels; 0 for an aside */
function answerButton(item, option, place, of) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = of > 0 ? "answer" : "touch";
  button.dataset.code = String(option.code);
  const chosen = String(answers[item.code] === option.code);
  if (of > 0) {
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", chosen);
    button.setAttribute("aria-posinset", String(place));
    button.setAttribute("aria-setsize", String(of));
  } else {
    button.setAttribute("aria-pressed", chosen);
  }
  if (option.face) {
    const digit = document.createElement("span");
    digit.className = "digit";
    digit.textContent = String(option.face);
    button.append(element("face-" + option.face).content.firstElementChild.cloneNode(true), digit, " ");
  }
  const word = document.createElement("span");
  word.textContent = inLanguage(option.text);
  button.append(word);
  button.addEventListener("click", (event) => {
    // The second half of a double tap belongs to the question before.
    if (event.detail <= 1) choose(item, option.code);
  });
  return button;
}

/** @param {Item} item @param {number} code */
function choose(item, code) {
  answers[item.code] = code;
  position++;
  const answered = items.every((i) => !i.required || i.code in answers);
  keep("partial", answered && !known);
  known = answered;
  proceed();
}

function proceed() {
  if (position < items.length) {
    drawQuestion();
    show("question");
  } else if (sitting && sitting.config.instrument && sitting.config.instrument.comment > 0) {
    show("remark");
    element("keys-toggle").hidden = false;
    keys(needsKeys());
  } else {
    finish();
  }
}

function back() {
  if (screen === "remark") position = items.length;
  if (position === 0) {
    // A code belongs to a whole answer: once something is kept it stays with what it was begun with.
    element("code-part").hidden = kept;
    show("consent");
    return;
  }
  position--;
  drawQuestion();
  show("question");
}

/**
 * Gives the queue everything said so far. It is sent when the required questions are answered, and at the end.
 * @param {"partial" | "complete" | "timed_out" | "refused"} disposition @param {boolean} ready
 * @returns {Promise<boolean>} whether it is kept
 */
async function keep(disposition, ready) {
  const mine = sitting;
  if (!mine || refused) return !refused;
  kept = true;
  const said = disposition === "refused" ? { answers: {}, comment: "" } : { answers: { ...answers }, comment: element("comment").value.trim() };
  const result = await mine.save({ token, disposition, language, ...said }, { ready });
  if ("error" in result) refuse(mine, result.error);
  return !("error" in result);
}

async function finish() {
  if (done) return;
  done = true; // Nothing of it may be kept as timed out.
  const mine = turn;
  const well = await keep("complete", true);
  if (!well || mine !== turn || refused) return;
  show("thanks");
  thanksTimer = window.setTimeout(blank, (config ? config.thanks : 6) * 1000);
}

/** Nobody is there. What was answered is kept and marked so. */
function leave() {
  if (!done && Object.keys(answers).length > 0) keep("timed_out", true);
  blank();
}

/** "No, thank you" is an answer too, and the only one: what was said before is taken back. */
async function decline() {
  if (starting) return;
  token = kept ? token : element("code").value.trim();
  if (!sitting && !(await open())) return;
  keep("refused", true);
  blank();
}

/** Tells the citizen, if it is still the same one, that the answer was not taken. @param {Sitting} of @param {string} code */
function refuse(of, code) {
  if (of !== sitting || refused) return;
  refused = true;
  window.clearTimeout(thanksTimer);
  const why = "problem." + code;
  element("refused-why").textContent = words(catalogue.words[language][why] ? why : "problem.refused");
  element("go-on").textContent = token ? words("go_on") : words("again");
  element("refused").showModal();
  if (aloud) read();
  quiet();
}

// --- quiet ---

let quietTimer = 0;
let warnTimer = 0;
let answering = 0;

/** Who listens or needs large letters gets twice the time. */
function patience() {
  return aloud || root.classList.contains("large-text") ? 2 : 1;
}

/** Starts the wait anew: somebody has just done something, or a screen came. */
function quiet() {
  window.clearTimeout(quietTimer);
  window.clearInterval(warnTimer);
  if (element("still").open) {
    element("still").close();
    if (aloud) stop();
  }
  if ((["enrol", "measure"].includes(screen) && !asked) || (screen === "thanks" && !element("refused").open)) return;
  const asks = ["consent", "question", "remark", "thanks"].includes(screen);
  if (!asks && !touched) return;
  // Where nobody is answering there is nothing to lose: language, size and the staff's menu go without a word.
  quietTimer = window.setTimeout(asks ? ask : blank, (config ? config.idle : 45) * 1000 * patience());
}

function ask() {
  let left = (config ? config.warn : 20) * patience();
  const tell = () => {
    element("still-count").textContent = words("still_count", { n: left });
  };
  stopCamera();
  tell();
  element("still").showModal();
  if (aloud) read();
  warnTimer = window.setInterval(() => {
    left--;
    if (left > 0) return tell();
    window.clearInterval(warnTimer);
    leave();
  }, 1000);
}

for (const happening of ["pointerdown", "keydown"]) {
  window.addEventListener(happening, (event) => {
    touched = true;
    if (element("still").open) {
      // The touch that answers "still there?" must not press what lies beneath.
      event.preventDefault();
      event.stopImmediatePropagation();
      window.clearInterval(warnTimer);
      window.clearTimeout(answering);
      answering = window.setTimeout(quiet, 300);
      return;
    }
    quiet();
  }, true);
}

// --- reading aloud ---

let aloud = false;
/** @type {typeof import("./kiosk_sound.js") | null} */
let sound = null;

/** What is on the screen, in the order of reading. @returns {string[]} */
function texts() {
  if (element("still").open) return [words("still"), words("still_yes")];
  if (element("refused").open) return [words("refused"), element("refused-why").textContent, element("go-on").textContent];
  switch (screen) {
    case "attract": return [words("title"), words("attract"), words("promise")];
    case "closed": return [words("closed"), words("closed_next")];
    case "consent": return [words("consent_heading"), words("consent_why"), words("consent_free"), words("start")];
    case "question": return [words("progress", { n: position + 1, of: items.length }), inLanguage(items[position].text),
      ...all("#answers .answer span:last-child, #moves [data-code]").map((e) => e.textContent || "")];
    case "remark": return [words("comment"), words("comment_hint")];
    case "thanks": return [words("thanks"), words("thanks_next")];
  }
  return [];
}

function read() {
  const said = texts();
  if (sound && said.length > 0) sound.speak(language, said);
}

function stop() {
  if (sound) sound.stop();
}

function toggleReading() {
  aloud = !aloud;
  element("aloud").setAttribute("aria-pressed", String(aloud));
  if (aloud) read();
  else stop();
}

/** Reading is offered where the whole questionnaire can be read: half of it would mislead. */
async function offerReading() {
  if (!sound) return;
  const every = config && config.instrument ? [...config.instrument.core, ...config.instrument.modules.flatMap((m) => m.items)] : [];
  const mine = language;
  const can = await sound.available(language, [words("consent_heading"), ...every.flatMap((i) => [inLanguage(i.text), ...i.options.map((o) => inLanguage(o.text))])]);
  if (mine !== language) return;
  element("aloud").hidden = !can;
  if (aloud && !can) toggleReading();
  else if (aloud) read();
}

// --- typing ---

/** @type {typeof import("./kiosk_keyboard.js") | null} */
let keyboard = null;
let physical = false; // somebody typed on keys of this device

function needsKeys() {
  return !physical && window.matchMedia("(pointer: coarse)").matches;
}

/** Shows or hides the keyboard of the screen that is on. @param {boolean} wanted */
async function keys(wanted) {
  const mine = turn;
  const at = screen;
  if (wanted && !keyboard) keyboard = await import("./kiosk_keyboard.js");
  if (!keyboard || mine !== turn || at !== screen) return;
  keyboard.close();
  if (wanted) keyboard.open(element(screen === "remark" ? "comment" : "code"));
  tellKeyboard();
}

function tellKeyboard() {
  if (!keyboard) return;
  keyboard.speak(language, words);
  const toggle = element("keys-toggle");
  toggle.dataset.t = keyboard.isOpen() ? "keys_hide" : "keys_show";
  toggle.textContent = keyboard.isOpen() ? words("keys_hide") : words("keys_show");
  toggle.setAttribute("aria-expanded", String(keyboard.isOpen()));
}

// --- codes ---

let stopCamera = () => {};

async function scan() {
  const mine = turn;
  element("scan").showModal();
  const ended = watch(element("scan-picture"), (code) => {
    stopCamera();
    takeCode(code);
    quiet();
  });
  stopCamera = () => {
    stopCamera = () => {};
    ended.stop();
    if (element("scan").open) element("scan").close();
  };
  if (await ended.begun || mine !== turn) return;
  stopCamera();
  element("problem").textContent = words("camera_failed");
}

/** One key, pressed by a finger and not by a scanner. @param {string} key @param {EventTarget | null} target */
function pressed(key, target) {
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) {
    if (physical || screen === "enrol") return;
    physical = true;
    if (keyboard && keyboard.isOpen()) keys(false);
    return;
  }
  if (screen !== "question" || dialogs.some((d) => element(d).open)) return;
  const item = items[position];
  const option = item.options.find((o) => o.face && String(o.face) === key);
  if (option) choose(item, option.code);
}

// --- controls ---

/** @param {string} chosen */
function size(chosen) {
  root.classList.toggle("small-text", chosen === "small");
  root.classList.toggle("large-text", chosen === "large");
  for (const e of all("[data-size]")) e.setAttribute("aria-pressed", String(e.dataset.size === chosen));
  fit();
}

/** @param {boolean} on */
function contrast(on) {
  root.classList.toggle("contrast", on);
  element("contrast").setAttribute("aria-pressed", String(on));
}

let fills = true; // whether the page may ask for the full screen; not any more when the staff has left it

function fill() {
  // A demonstration, which measures nothing, stays in the window that it was opened in.
  if (!fills || !config || !config.measure || document.fullscreenElement || !document.fullscreenEnabled) return;
  root.requestFullscreen({ navigationUI: "hide" }).catch(() => {}); // The browser's right; the kiosk works without.
}

/** Shows a screen of the staff, whose script is fetched when it is first needed. @param {string} name */
async function setUp(name) {
  if (screens.includes(name) && screen !== name) show(name);
  const setup = await import("./kiosk_setup.js");
  setup.open(name, host);
}

/** What the screens of the staff may do. */
const host = {
  queue: () => queue,
  words,
  language: () => language,
  rest: () => blank(),
  /** @param {string} name */
  go: (name) => {
    asked = true;
    setUp(name);
  },
  /** @param {boolean} on */
  fill: (on) => {
    fills = on;
    if (on) fill();
    else if (document.fullscreenElement) document.exitFullscreen();
  },
};

/** @param {string} id @param {(event: any) => void} fn */
const click = (id, fn) => element(id).addEventListener("click", fn);

for (const e of all("[data-size]")) e.addEventListener("click", () => size(e.dataset.size || "normal"));
for (const e of all("[data-language]")) e.addEventListener("click", () => setLanguage(e.dataset.language || "vi"));
for (const e of all("[data-begin]")) {
  e.addEventListener("click", () => {
    fill();
    if (e.dataset.begin !== language) setLanguage(e.dataset.begin || "vi");
    show("consent");
  });
}
for (const e of all("[data-back]")) {
  e.addEventListener("click", (event) => {
    if (event.detail <= 1) back();
  });
}
click("contrast", () => contrast(!root.classList.contains("contrast")));
click("aloud", toggleReading);
click("decline", decline);
click("go-on", goOn);
click("stop", blank);
click("camera", scan);
click("scan-close", () => stopCamera());
click("keys-toggle", () => keys(!(keyboard && keyboard.isOpen())));
click("code", () => {
  if (needsKeys()) keys(true);
});
element("scan").addEventListener("close", () => stopCamera());
for (const [form, then] of /** @type {[string, () => void][]} */ ([["begin", begin], ["finish", finish]])) {
  element(form).addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    then();
  });
}
for (const dialog of ["still", "refused"]) {
  element(dialog).addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
}
element("answers").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const cards = all(".answer");
  const at = cards.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  cards[(at + step + cards.length) % cards.length].focus();
});

// The staff's way in: held for two seconds, so that no citizen opens it by chance, or pressed from the keyboard.
let holding = 0;
element("staff").addEventListener("pointerdown", () => {
  window.clearTimeout(holding);
  holding = window.setTimeout(() => setUp("pin"), 2000);
});
for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
  element("staff").addEventListener(end, () => window.clearTimeout(holding));
}
click("staff", (event) => {
  if (event.detail === 0) setUp("pin");
});

listen({ code: takeCode, key: pressed });
window.addEventListener("resize", layout);
document.addEventListener("contextmenu", (event) => event.preventDefault());
// A page that comes back from the browser's memory must not bring answers with it.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) blank();
});
if (location.search || location.hash) history.replaceState(null, "", location.pathname);

// --- start ---

const { program, base, worker } = document.body.dataset;
queue = await openQueue({ program: program || "", base, worker });
config = queue.config;
drawConfig();
setLanguage(config ? config.languages[0] : language);
queue.onchange(refresh);
refresh();
hasCamera().then((has) => {
  element("camera").hidden = !has;
});
sound = await import("./kiosk_sound.js");
offerReading();
