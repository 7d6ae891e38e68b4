// The kiosk: asks one question a screen and sends the answers. Plain JavaScript, no
// storage, no history: what a citizen said lives in this page's memory until the server
// has it on disk, and nowhere else.
//
// What it says to the server, and hears (pages.KioskStartRequest and its neighbors are
// the same in Go):
//
//   POST <config.start>    {language, token?}
//     → {id?, ticket?, revision, items: [{code, required, text: {vi, en, zh},
//        options: [{code, face?, text: {vi, en, zh}}]}], comment, error?: {code, message?}}
//     The server draws the module. A walk-in gets an id; an answer with a token has none,
//     and the token is sent again. The ticket is sealed and goes back unread. Revision is
//     0: the page numbers its own sendings from 1 under each ticket. Whether a token was
//     used is not told here: only sending tells.
//
//   POST <config.answers>  {id? or token?, ticket?, revision, answers: {item: code},
//        disposition: "partial" | "complete" | "timed_out", language, comment?}
//     → {revision, error?: {code, message?}}
//     A reply without an error means: on disk. Each sending holds everything answered so
//     far under a higher revision. First after the required questions ("partial"), then at
//     the end ("complete") or when nobody is there any more ("timed_out").
//
// Network failures and the statuses 401, 403, 408, 425, 429 and 5xx are tried again with
// growing pauses for as long as the page is open. Any other status is the server's last
// word on that answer: sending it again could not change it. The citizen, if still there,
// is told why, and may go on without the code: what was answered already is kept where the
// new draw asks it too.
"use strict";

(() => {
  /** @typedef {{code: number, face?: number, text: Record<string, string>}} Option */
  /** @typedef {{code: string, required: boolean, text: Record<string, string>, options: Option[]}} Item */
  /** @typedef {{id?: string, ticket?: string, revision: number, items: Item[], comment: boolean, error?: {code: string}}} Draw */
  /** @typedef {{body: Record<string, any>, tries: number}} Parcel */

  const holder = document.getElementById("kiosk-config");
  if (!holder) return; // The kiosk is closed: the page says so by itself.
  /** @type {{language: string, start: string, answers: string, idle: number, warn: number, thanks: number, office: Record<string, string> | null, tags: Record<string, string>, words: Record<string, Record<string, string>>}} */
  const config = JSON.parse(holder.textContent || "{}");

  const root = document.documentElement;
  /** @param {string} id @returns {any} */
  const element = (id) => document.getElementById(id);
  const screens = ["attract", "consent", "question", "remark", "thanks"];
  const asksForCode = element("code") !== null;

  // --- what is on the screen ---

  let language = config.language;
  let screen = "attract";
  /** @type {Draw | null} */
  let draw = null;
  let token = "";
  let revision = 0;
  let position = 0;
  let sent = false; // the required questions have been sent
  let starting = false;
  let done = false; // the end has been sent; the citizen reads the thanks
  let refused = false; // the server will not take this answer; nothing more of it is sent
  let thanksTimer = 0;
  /** @type {Record<string, number>} */
  let answers = {};

  /** @param {string} key @param {Record<string, string | number>} [values] */
  function words(key, values) {
    let text = config.words[language][key] || key;
    for (const [name, value] of Object.entries(values || {})) {
      text = text.replace("{" + name + "}", String(value));
    }
    return text;
  }

  /** @param {string} chosen */
  function speak(chosen) {
    language = chosen;
    root.lang = config.tags[language];
    for (const e of document.querySelectorAll("[data-t]")) {
      e.textContent = words(/** @type {HTMLElement} */ (e).dataset.t || "");
    }
    for (const e of document.querySelectorAll("[data-language]")) {
      e.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (e).dataset.language === language));
    }
    for (const e of document.querySelectorAll("[data-office]")) {
      e.textContent = (config.office && config.office[language]) || "";
    }
    element("tools").setAttribute("aria-label", words("tools"));
    element("problem").textContent = "";
    if (screen === "question") drawQuestion();
  }

  /** @param {string} name */
  function show(name) {
    screen = name;
    for (const s of screens) element(s).hidden = s !== name;
    element("stage").scrollTop = 0;
    if (name !== "attract") {
      const heading = element(name).querySelector("h1");
      heading.focus({ preventScroll: true });
    }
    quiet();
  }

  // --- one citizen ---

  /** Forgets everything a citizen chose or said. What waits to be sent has left already. */
  function blank() {
    draw = null;
    token = "";
    answers = {};
    revision = 0;
    position = 0;
    sent = false;
    starting = false;
    done = false;
    refused = false;
    window.clearTimeout(thanksTimer);
    if (asksForCode) element("code").value = "";
    element("comment").value = "";
    element("answers").replaceChildren();
    element("ask").textContent = "";
    element("progress").textContent = "";
    root.className = "";
    element("contrast").setAttribute("aria-pressed", "false");
    size("normal");
    for (const dialog of ["still", "refused"]) {
      if (element(dialog).open) element(dialog).close();
    }
    element("refused-why").textContent = "";
    speak(config.language);
    show("attract");
  }

  /**
   * Asks the server for the questions of one answer.
   * @param {string} typed the code, or nothing
   * @returns {Promise<{reply: Draw | null, failed: string}>}
   */
  async function open(typed) {
    try {
      const response = await post(config.start, typed ? { language, token: typed } : { language });
      const body = await response.json();
      if (body.error) return { reply: null, failed: body.error.code };
      if (response.ok && body.items.length > 0) return { reply: body, failed: "" };
    } catch (error) {
      console.warn("kiosk: start:", error);
    }
    return { reply: null, failed: "again" };
  }

  /** @param {string} code @param {string} otherwise */
  function problem(code, otherwise) {
    return words(config.words[language]["problem." + code] ? "problem." + code : otherwise);
  }

  async function begin() {
    if (starting) return;
    starting = true;
    const typed = asksForCode ? element("code").value.trim() : "";
    const { reply, failed } = await open(typed);
    if (!starting) return; // The screen went blank while the server was thinking.
    starting = false;
    if (!reply) {
      element("problem").textContent = problem(failed, "problem.again");
      quiet();
      return;
    }
    draw = reply;
    token = typed;
    revision = reply.revision || 0;
    position = 0;
    proceed();
  }

  /** Begins a new answer without a code, with what was said so far. */
  async function goOn() {
    if (starting) return;
    starting = true;
    const { reply, failed } = await open("");
    if (!starting) return;
    starting = false;
    if (!reply) {
      element("refused-why").textContent = problem(failed, "problem.again");
      quiet();
      return;
    }
    /** @type {Record<string, number>} */
    const kept = {};
    for (const item of reply.items) {
      if (item.code in answers) kept[item.code] = answers[item.code];
    }
    const next = reply.items.findIndex((item) => !(item.code in kept));
    draw = reply;
    token = "";
    if (asksForCode) element("code").value = "";
    answers = kept;
    revision = reply.revision || 0;
    position = next < 0 ? reply.items.length : next;
    sent = false;
    done = false;
    refused = false;
    element("refused").close();
    proceed();
  }

  function drawQuestion() {
    if (!draw) return;
    const item = draw.items[position];
    element("progress").textContent = words("progress", { n: position + 1, of: draw.items.length });
    element("ask").textContent = item.text[language];
    const cards = [];
    const asides = [];
    for (const option of item.options) {
      (option.code < 0 ? asides : cards).push(answerButton(item, option));
    }
    element("answers").replaceChildren(...cards);
    if (!item.required && asides.length === 0) {
      asides.push(answerButton(item, { code: -3, text: { [language]: words("skip") } }));
    }
    const moves = element("moves");
    moves.replaceChildren(moves.firstElementChild, ...asides);
  }

  /** @param {Item} item @param {Option} option */
  function answerButton(item, option) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = option.code < 0 ? "touch" : "answer";
    button.dataset.code = String(option.code);
    button.setAttribute("aria-pressed", String(answers[item.code] === option.code));
    if (option.face) {
      const drawing = element("face-" + option.face).content.cloneNode(true);
      const digit = document.createElement("span");
      digit.className = "digit";
      digit.textContent = String(option.face);
      button.append(drawing, digit);
    }
    const word = document.createElement("span");
    word.textContent = option.text[language];
    button.append(word);
    button.addEventListener("click", (event) => {
      // The second half of a double tap belongs to the question before.
      if (event.detail > 1) return;
      answers[item.code] = option.code;
      forward();
    });
    return button;
  }

  function forward() {
    position++;
    proceed();
  }

  /** Sends the required questions once they are answered, and shows what comes next. */
  function proceed() {
    if (!draw) return;
    const open = draw.items.some((item) => item.required && !(item.code in answers));
    if (!sent && !open) {
      sent = true;
      send("partial");
    }
    if (position < draw.items.length) {
      show("question");
      drawQuestion();
    } else if (draw.comment) {
      show("remark");
    } else {
      finish();
    }
  }

  function back() {
    if (screen === "remark") {
      position = draw ? draw.items.length - 1 : 0;
    } else if (position === 0) {
      show("consent");
      return;
    } else {
      position--;
    }
    show("question");
    drawQuestion();
  }

  function finish() {
    send("complete");
    done = true; // Sent for good: nothing of it may be sent as timed out.
    show("thanks");
    thanksTimer = window.setTimeout(blank, config.thanks * 1000);
  }

  /** Nobody is there. What was answered is kept and marked so. */
  function leave() {
    if (!done && Object.keys(answers).length > 0) send("timed_out");
    blank();
  }

  // --- sending ---

  /** @type {Parcel[]} */
  const parcels = [];
  let carrying = false;

  /** @param {string} disposition */
  function send(disposition) {
    if (!draw || refused) return;
    revision++;
    /** @type {Record<string, any>} */
    const body = { revision, answers: { ...answers }, disposition, language };
    if (token) body.token = token;
    else body.id = draw.id;
    if (draw.ticket) body.ticket = draw.ticket;
    const comment = element("comment").value.trim();
    if (comment) body.comment = comment;
    // An older parcel of the same answer that has not left yet is superseded.
    for (let i = parcels.length - 1; i > 0; i--) {
      if (sameAnswer(parcels[i].body, body)) parcels.splice(i, 1);
    }
    parcels.push({ body, tries: 0 });
    carry();
  }

  /** @param {Record<string, any>} a @param {Record<string, any>} b */
  function sameAnswer(a, b) {
    return a.id === b.id && a.token === b.token;
  }

  /** Sends the parcels one after another; only the server's word removes one. */
  async function carry() {
    if (carrying) return;
    carrying = true;
    while (parcels.length > 0) {
      const parcel = parcels[0];
      if (await deliver(parcel)) {
        parcels.shift();
        continue;
      }
      parcel.tries++;
      const pause = Math.min(60000, 1000 * 2 ** Math.min(parcel.tries - 1, 6));
      await new Promise((done) => window.setTimeout(done, pause * (0.75 + Math.random() / 2)));
    }
    carrying = false;
  }

  /** @param {Parcel} parcel @returns {Promise<boolean>} whether the server's word is final */
  async function deliver(parcel) {
    try {
      const response = await post(config.answers, parcel.body);
      if (response.ok) {
        await response.json(); // A reply cut off in the middle is no reply.
        return true;
      }
      if (response.status >= 500 || [401, 403, 408, 425, 429].includes(response.status)) return false;
      const body = await response.json().catch(() => ({}));
      console.warn("kiosk: answer refused:", response.status);
      refuse(parcel.body, (body.error && body.error.code) || "");
      return true;
    } catch (error) {
      console.warn("kiosk: sending:", error);
      return false;
    }
  }

  /** Tells the citizen, if it is still the same one, that the answer was not taken. */
  function refuse(/** @type {Record<string, any>} */ body, /** @type {string} */ code) {
    if (!draw || refused || body.ticket !== draw.ticket || body.token !== (token || undefined) || body.id !== (token ? undefined : draw.id)) return;
    refused = true;
    window.clearTimeout(thanksTimer);
    element("refused-why").textContent = problem(code, "problem.refused");
    element("go-on").textContent = token ? words("go_on") : words("again");
    element("refused").showModal();
    quiet();
  }

  /** @param {string} path @param {Record<string, any>} body */
  function post(path, body) {
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(15000),
    });
  }

  // --- quiet ---

  let quietTimer = 0;
  let warnTimer = 0;

  /** Starts the wait anew: somebody has just done something. */
  function quiet() {
    window.clearTimeout(quietTimer);
    window.clearInterval(warnTimer);
    if (element("still").open) element("still").close();
    if (screen === "attract" || (screen === "thanks" && !element("refused").open)) return;
    quietTimer = window.setTimeout(ask, config.idle * 1000);
  }

  function ask() {
    let left = config.warn;
    const tell = () => {
      element("still-count").textContent = words("still_count", { n: left });
    };
    tell();
    element("still").showModal();
    warnTimer = window.setInterval(() => {
      left--;
      if (left > 0) {
        tell();
        return;
      }
      window.clearInterval(warnTimer);
      leave();
    }, 1000);
  }

  for (const happening of ["pointerdown", "keydown"]) {
    document.addEventListener(happening, (event) => {
      if (element("still").open) {
        // The touch that answers "still there?" must not press what lies beneath.
        event.preventDefault();
        window.setTimeout(quiet, 300);
        return;
      }
      quiet();
    }, true);
  }

  // --- controls ---

  /** @param {string} chosen */
  function size(chosen) {
    root.classList.toggle("small-text", chosen === "small");
    root.classList.toggle("large-text", chosen === "large");
    for (const e of document.querySelectorAll("[data-size]")) {
      e.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (e).dataset.size === chosen));
    }
  }

  for (const e of document.querySelectorAll("[data-size]")) {
    e.addEventListener("click", () => size(/** @type {HTMLElement} */ (e).dataset.size || "normal"));
  }
  for (const e of document.querySelectorAll("[data-language]")) {
    e.addEventListener("click", () => speak(/** @type {HTMLElement} */ (e).dataset.language || config.language));
  }
  for (const e of document.querySelectorAll("[data-begin]")) {
    e.addEventListener("click", () => {
      speak(/** @type {HTMLElement} */ (e).dataset.begin || config.language);
      show("consent");
    });
  }
  for (const e of document.querySelectorAll("[data-back]")) {
    e.addEventListener("click", (event) => {
      if (/** @type {MouseEvent} */ (event).detail <= 1) back();
    });
  }
  element("contrast").addEventListener("click", () => {
    const on = root.classList.toggle("contrast");
    element("contrast").setAttribute("aria-pressed", String(on));
  });
  element("decline").addEventListener("click", blank);
  element("begin").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    begin();
  });
  element("finish").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    finish();
  });
  element("go-on").addEventListener("click", goOn);
  element("stop").addEventListener("click", blank);
  for (const dialog of ["still", "refused"]) {
    element(dialog).addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
  }

  // A scanner types. On the first screen its letters open the field for the code.
  document.addEventListener("keydown", (event) => {
    if (!asksForCode || screen !== "attract" || event.key.length !== 1) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLButtonElement && event.key === " ") return;
    show("consent");
    element("code").focus();
  });

  document.addEventListener("contextmenu", (event) => event.preventDefault());
  // A page that comes back from the browser's memory must not bring answers with it.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) blank();
  });
  window.addEventListener("beforeunload", (event) => {
    if (parcels.length > 0) event.preventDefault();
  });

  speak(language);
  show("attract");
})();
