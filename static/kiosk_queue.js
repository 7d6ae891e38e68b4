// The kiosk's queue: keeps the configuration and the sealed answers of a device, and delivers them whenever it can. With a
// network and without is the same path. The page and the service worker use the same code.
//
// The server's side, and the types of what goes over the wire, are in survey/web/kiosk_wire.go.
//
// A sitting is one citizen's answer. Call sitting() when the first question is shown, save() after each tap, and save with
// {ready: true} when the required questions are first answered and at the end (complete, timed_out or refused).

import { openStore, randomHex } from "./kiosk_store.js";
import { decode64, prepare, seal } from "./kiosk_seal.js";

/**
 * @typedef {{code: number, face?: number, text: Record<string, string>}} Option
 * @typedef {{code: string, required: boolean, text: Record<string, string>, options: Option[]}} Item
 * @typedef {{
 *   etag: string, device: string, point: string, office: Record<string, string>, wave: string, closed: string,
 *   instrument: {id: string, version: number, core: Item[], modules: {code: string, chance: number, items: Item[]}[],
 *     draw: number, comment: number, intro: Record<string, string>} | null,
 *   languages: string[], idle: number, warn: number, thanks: number, key: {id: string, public: string},
 *   pin: {salt: string, iterations: number, hash: string}, measure: boolean, program: string, now: number
 * }} Config
 *
 * What the page says of one answer so far. The queue adds id, wave, instrument, revision and the times.
 * @typedef {{token?: string, disposition: "partial" | "complete" | "timed_out" | "refused", language: string,
 *   answers: Record<string, number>, comment?: string}} Content
 *
 * @typedef {{
 *   id: string,
 *   draw: number,      // in [0, 1): the module is drawn by it
 *   config: Config,    // as it was when the sitting began: a new questionnaire does not change a sitting half-way
 *   save: (content: Content, how?: {ready?: boolean}) => Promise<{ok: true} | {error: string}>,
 *   onrefused: (fn: (code: string) => void) => void, // the server's last word: it does not take this answer
 * }} Sitting
 * save's errors: "storage_full", "storage_broken", or the code of the server's refusal. It never rejects.
 *
 * @typedef {{
 *   device: string, point: string, queue: string, program: string, phase: string, trouble: string,
 *   waiting: number, oldest: number, last: number, missing: [number, number][], heardAt: number, problem: string,
 *   persistence: "granted" | "refused" | "unknown", used: number, room: number, battery: number, pxPerMM: number, skew: number
 * }} Status
 *   oldest and heardAt (when the server last answered) are reckoned milliseconds or 0; problem is why sending failed last ("" when it
 *   works; "network" or a code); skew is the device's clock less the server's in ms; battery is -1 when unknown
 *
 * @typedef {{
 *   config: Config | null,
 *   phase: "enrol" | "ready" | "revoked", // sittings are taken in "ready" only
 *   trouble: "" | "insecure" | "storage_full" | "storage_broken", // a reason to take no answers now, in any phase
 *   pxPerMM: number,                     // 0 until measured
 *   update: boolean,                     // a newer program is installed beside this one; see takeOver
 *   onchange: (fn: () => void) => void,  // any of the above changed
 *   enrol: (code: string) => Promise<{ok: true} | {error: string}>, // "network" or the server's code
 *   measured: (pxPerMM: number) => Promise<void>,
 *   now: () => number,                   // reckoned ms; never the device's raw clock
 *   status: () => Promise<Status>,
 *   sitting: (about: {language: string}) => Promise<Sitting>,
 *   drain: () => Promise<boolean>,       // sends what can be sent; false when something that could go still waits
 *   takeOver: () => void,                // lets the newer program take over and loads the page anew: call on the first screen
 * }} Queue
 *
 * @typedef {{queue: string, seq: number, revision: number, ended: boolean, refused: string, end: (code: string) => void}} Live
 * @typedef {{status: number, code: string, body: any, wait: number}} Reply
 *   code: of the server's own refusal, "network" where it was not the server that answered; wait: ms of its Retry-After
 */

const minute = 60_000;
const lanes = 4;                  // answers on their way at a time
const chunk = 64;                 // answers in memory at a time
const longestPause = 5 * minute;
const scarce = 2 << 20;           // bytes of storage below which no sitting begins
const abandoned = 10 * minute;    // after which the worker sends what a page left open

/**
 * Opens the queue. With a configuration kept from before it does not wait for the network: phase is "ready" at once. Never
 * rejects: a browser that cannot keep anything yields trouble "storage_broken".
 * @param {{program: string, base?: string, worker?: string, page?: boolean}} options program: the version of this page;
 *   base: "/kiosk"; worker: address of the service worker, "" for none; page: false within the service worker
 * @returns {Promise<Queue>}
 */
export async function openQueue({ program, base = "/kiosk", worker = "/kiosk/worker.js", page = true }) {
  /** @type {(() => void)[]} */
  const watchers = [];
  const changed = () => watchers.forEach((fn) => fn());
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("sipas-kiosk") : null;
  /** The sittings of this page's life, by queue and number. @type {Map<string, Live>} */
  const live = new Map();

  /** @type {Queue} */
  const queue = {
    config: null, phase: "enrol", trouble: "", pxPerMM: 0,
    // Asked each time, so that no event that was missed hides a newer program.
    get update() { return Boolean(registration?.waiting && navigator.serviceWorker.controller); },
    onchange: (fn) => { watchers.push(fn); },
    enrol, measured, now, status, sitting, drain: () => drain(true), takeOver,
  };

  if (!globalThis.isSecureContext) return useless(program, "insecure");
  /** @type {Awaited<ReturnType<typeof openStore>>} */
  let store;
  /** @type {import('./kiosk_store.js').State} */
  let state;
  try {
    store = await openStore();
    state = await store.update();
    queue.config = await store.config();
  } catch (error) {
    console.error("kiosk: storage:", error);
    return useless(program, "storage_broken");
  }

  // --- the clock ---
  //
  // The device's clock is not trusted. Within one life of the page time is reckoned by its monotonic clock; between lives by the
  // device's clock and its difference from the server's when that was last heard; and it never falls behind the latest time reckoned.
  //
  // A frame is a stretch of reckoning. When the page starts anew, or the clock leaps (the device slept, or somebody set it), a new
  // frame begins whose times are unproven until the server is heard. What the server's time then differs by is noted as the frame's
  // jump: an answer from an unproven frame is sent with the time in that frame, so that the server, which adds the time since,
  // finds when it was given. Nothing is sent before the server was heard.

  const clock = {
    base: Math.max(Date.now() + state.offset, state.high), since: performance.now(), date: Date.now(),
    frame: state.proven ? randomHex(4) : state.frame, proven: false,
  };

  function now() {
    const passed = performance.now() - clock.since;
    const leap = Date.now() - clock.date - passed;
    if (Math.abs(leap) > minute / 2) {
      clock.date += leap;
      if (leap > 0) {
        clock.base += leap;
        if (clock.proven) clock.frame = randomHex(4);
        clock.proven = false;
      }
    }
    return Math.round(clock.base + passed);
  }

  /** Sets the clock by the server's. @param {number} server */
  async function hear(server) {
    const jump = server - now();
    const [frame, proven] = [clock.frame, clock.proven];
    Object.assign(clock, { base: server, since: performance.now(), date: Date.now(), proven: true });
    if (!proven && Math.abs(jump) > 2000) clock.frame = randomHex(4);
    const offset = server - Date.now();
    state = await store.update((s) => {
      if (clock.frame !== frame) s.jumps[frame] = (s.jumps[frame] || 0) + jump;
      Object.assign(s, { frame: clock.frame, proven: true, offset, high: server, denied: false });
    });
    heardAt = server;
  }

  // --- the server ---

  let problem = "";
  let heardAt = 0;

  /**
   * One exchange with the server. What is not the server's own word (no network, a proxy's page, a reply cut off) is "network".
   * @param {string} method @param {string} path @param {object} [body] @returns {Promise<Reply>}
   */
  async function call(method, path, body) {
    try {
      const response = await fetch(base + path, {
        method, body: body && JSON.stringify(body), headers: body && { "Content-Type": "application/json" },
        credentials: "same-origin", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(20_000),
      });
      const asked = response.headers.get("Retry-After") || "";
      const wait = 1000 * (Number(asked) || (Date.parse(asked) - Date.parse(response.headers.get("Date") || "")) / 1000 || 0);
      const reply = await response.json().catch(() => null);
      const code = response.ok && reply ? "" : String(reply?.error?.code || "network");
      // A stranger's page does not say how long to be silent, and nobody says so for long: the staff's "send now" keeps to it as well.
      return { status: response.status, code, body: reply, wait: code === "network" ? 0 : Math.min(longestPause, Math.max(0, wait)) };
    } catch {
      return { status: 0, code: "network", body: null, wait: 0 };
    }
  }

  /** A reply that tells no time is not the server's: a network that asks for a sign-in makes up its own. @param {Reply} reply */
  function heard(reply) {
    return reply.code || reply.body.now > 0 ? reply : { ...reply, code: "network" };
  }

  /** @param {Reply} reply @returns {Promise<boolean>} whether the server does not take this device for a kiosk */
  async function denied({ status, code }) {
    if ((status !== 401 && status !== 403) || !["device_unknown", "device_revoked"].includes(code)) return false;
    state = await store.update((s) => { s.denied = true; });
    enter();
    return true;
  }

  function enter() {
    const phase = !queue.config ? "enrol" : state.denied ? "revoked" : "ready";
    if (phase === queue.phase) return;
    queue.phase = phase;
    changed();
  }

  /** Fetches the configuration. @returns {Promise<string>} "" or why not */
  async function configure() {
    const asked = performance.now();
    const reply = heard(await call("GET", "/config"));
    if (reply.code) {
      await denied(reply);
      return reply.code;
    }
    await store.keepConfig(reply.body);
    await hear(reply.body.now + (performance.now() - asked) / 2);
    queue.config = reply.body;
    queue.phase = "ready";
    changed();
    return "";
  }

  /** @param {string} code @returns {Promise<{ok: true} | {error: string}>} */
  async function enrol(code) {
    const reply = await call("POST", "/enrol", { code });
    if (reply.code) return { error: reply.code };
    try {
      const failed = await configure();
      if (failed) return { error: failed };
    } catch (error) {
      return { error: lost(error) };
    }
    beat().then(() => drain(true));
    return { ok: true };
  }

  /** @param {number} pxPerMM */
  async function measured(pxPerMM) {
    queue.pxPerMM = pxPerMM;
    state = await store.update((s) => { s.pxPerMM = pxPerMM; });
    changed();
    beat();
  }

  // --- what the device tells of itself ---

  /** @type {{persistence: "granted" | "refused" | "unknown", used: number, room: number, battery: number}} */
  const body = { persistence: "unknown", used: 0, room: 0, battery: -1 };
  /** @type {[number, number][]} */
  let missing = [];

  let asked = !page; // Some browsers show a question: once in a life of the page is enough.

  /** What a browser does not say, or forbids to ask, stays unknown. */
  async function feel() {
    const storage = navigator.storage;
    try {
      const kept = await storage.persisted() || (!asked && await storage.persist());
      asked = true;
      body.persistence = kept ? "granted" : "refused";
    } catch { /* unknown */ }
    try {
      const { usage = 0, quota = 0 } = await storage.estimate();
      body.used = usage;
      body.room = quota;
      if (quota > 0 && quota - usage < scarce) suffer("storage_full");
      else if (queue.trouble === "storage_full") suffer("");
    } catch { /* unknown */ }
    try {
      const battery = await /** @type {any} */ (navigator).getBattery();
      body.battery = Math.round(battery.level * 100);
    } catch { /* unknown */ }
  }

  /** @param {Queue["trouble"]} trouble */
  function suffer(trouble) {
    if (queue.trouble === trouble) return;
    queue.trouble = trouble;
    changed();
  }

  /** Names what went wrong with the storage, and shows it. @param {unknown} error */
  function lost(error) {
    const code = /** @type {any} */ (error)?.name === "QuotaExceededError" ? "storage_full" : "storage_broken";
    console.error("kiosk: storage:", error);
    suffer(code);
    if (code === "storage_broken" && page) {
      clearTimeout(healing);
      healing = /** @type {any} */ (setTimeout(() => stand().then(() => { if (queue.trouble === code) suffer(""); }, lost), 5000));
    }
    return code;
  }

  let healing = 0; // looks whether the storage can be used again

  /** Reads the state anew. When the storage was cleared under the page, what the page still knows is put back. */
  async function recall() {
    const kept = await store.update();
    const cleared = kept.queue !== state.queue;
    state = kept;
    if (!cleared) return;
    if (queue.config) await store.keepConfig(queue.config);
    state = await store.update((s) => { s.pxPerMM = queue.pxPerMM; });
  }

  /** Where the queue stands. The oldest answer's time is set right by what is known of its frame. */
  async function stand() {
    const { waiting, first } = await store.census();
    await recall();
    return { waiting, oldest: first ? Math.round(first.at + (state.jumps[first.frame] || 0)) : 0, last: state.next - 1 };
  }

  async function status() {
    await feel();
    return {
      device: queue.config?.device || "", point: queue.config?.point || "", queue: state.queue, program,
      phase: queue.phase, trouble: queue.trouble, ...await stand(), missing, heardAt, problem, ...body,
      pxPerMM: state.pxPerMM, skew: Math.round(-state.offset),
    };
  }

  /** @type {Promise<Reply> | null} */
  let beating = null;

  /** Tells the server how the device stands, and hears its clock and whether the configuration changed. */
  function beat() {
    beating ||= (async () => {
      try {
        return await oneBeat();
      } catch (error) {
        return { status: 0, code: lost(error), body: null, wait: 0 };
      } finally {
        beating = null;
      }
    })();
    return beating;
  }

  /** @returns {Promise<Reply>} */
  async function oneBeat() {
    await feel();
    const standing = await stand();
    const asked = performance.now();
    const of = state.queue;
    const reply = heard(await call("POST", "/beat", {
      queue: of, program, etag: queue.config?.etag || "", ...standing, now: Date.now(), ...body, pxPerMM: state.pxPerMM,
    }));
    problem = reply.code;
    if (reply.code) {
      const reckoned = now();
      await store.update((s) => { s.high = Math.max(s.high, reckoned); });
      await denied(reply);
      return reply;
    }
    await hear(reply.body.now + (performance.now() - asked) / 2);
    if (state.queue === of) {
      missing = reply.body.missing;
      if (reply.body.next > state.next) {
        state = await store.update((s) => { if (s.queue === of) s.next = Math.max(s.next, reply.body.next); });
      }
    }
    if (reply.body.etag !== queue.config?.etag || queue.phase !== "ready") await configure();
    return reply;
  }

  // --- sittings ---

  /** @param {{language: string}} about @returns {Promise<Sitting>} */
  async function sitting({ language }) {
    const config = queue.config;
    if (queue.phase !== "ready" || queue.trouble || !config?.instrument) throw new Error("the kiosk takes no answers");
    prepare(decode64(config.key.public));
    const id = randomHex(16);
    const hash = new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("module\0" + id)));
    /** @type {((code: string) => void)[]} */
    const told = [];
    /** @type {Live} */
    const mine = { queue: "", seq: 0, revision: 0, ended: false, refused: "", end(code) { this.refused = code; told.forEach((fn) => fn(code)); } };
    const begun = performance.now();
    const instrument = config.instrument.id + "/" + config.instrument.version;
    /** @type {Promise<unknown>} */
    let before = Promise.resolve();

    /** @param {Content} content @param {boolean} ready */
    async function save(content, ready) {
      if (mine.refused) return { error: mine.refused };
      mine.revision++;
      mine.ended = content.disposition !== "partial";
      const at = now();
      const text = JSON.stringify({
        id, token: content.token || "", wave: config?.wave, instrument, revision: mine.revision, disposition: content.disposition,
        language: content.language || language, answers: content.answers, comment: content.comment || "", at,
        took: Math.round((performance.now() - begun) / 1000),
      });
      try {
        await keep(mine, text, at, ready);
      } catch (error) {
        return { error: lost(error) };
      }
      if (ready) {
        /** @type {any} */ (registration)?.sync?.register("sipas-kiosk").catch(() => {}); // Where there is none, the page sends alone.
        drain(false);
      }
      return { ok: /** @type {true} */ (true) };
    }

    return {
      id,
      draw: (hash.getUint32(0) * 2 ** 21 + (hash.getUint32(4) >>> 11)) / 2 ** 53,
      config,
      save(content, how) {
        const saving = before.then(() => save(content, how?.ready || false));
        before = saving;
        return saving;
      },
      onrefused: (fn) => { told.push(fn); },
    };
  }

  /** One sitting at a time takes its number. */
  let turn = Promise.resolve();

  /** Seals an answer and keeps it. @param {Live} mine @param {string} text @param {number} at @param {boolean} ready */
  async function keep(mine, text, at, ready) {
    const key = /** @type {Config} */ (queue.config).key;
    const first = mine.queue === "" || mine.queue !== state.queue;
    if (first) {
      const waiting = turn;
      let next = () => {};
      turn = new Promise((resolve) => { next = resolve; });
      await waiting;
      try {
        await attempt();
      } finally {
        next();
      }
      return;
    }
    await attempt();

    async function attempt() {
      for (;;) {
        const of = state.queue;
        const again = mine.queue === of;
        const seq = again ? mine.seq : state.next;
        const sealed = await seal(decode64(key.public), of + "\n" + seq, text);
        const record = { seq, revision: mine.revision, sealed, key: key.id, at, frame: clock.frame, ready };
        if (await store.keep(of, record, !again, { offset: now() - Date.now(), proven: clock.proven })) {
          if (!again) {
            Object.assign(mine, { queue: of, seq });
            live.set(of + " " + seq, mine);
            if (state.queue === of) state.next = seq + 1;
          }
          return;
        }
        await recall(); // Another page took the number, or the storage was cleared.
      }
    }
  }

  // --- sending ---

  let failures = 0;   // in a row
  let notBefore = 0;  // by the monotonic clock: what Retry-After asked for
  let timer = 0;      // of the next attempt; 0 when none is set
  let again = false;  // something became ready while sending
  /** Answers that the server did not take, by its own word: they are tried again, but never stand in the way of the rest.
   * @type {Map<number, {until: number, tries: number}>} */
  const aside = new Map();
  /** @type {Promise<boolean> | null} */
  let sending = null;

  /** Sends what waits. Without force a pause after a failure is kept. @param {boolean} force @returns {Promise<boolean>} */
  function drain(force) {
    again = true;
    if (sending) return sending;
    if ((timer && !force) || performance.now() < notBefore) return Promise.resolve(false);
    clearTimeout(timer);
    timer = 0;
    sending = run().finally(() => { sending = null; });
    return sending;
  }

  async function run() {
    let result = { halted: false, wait: 0, sent: 0 };
    try {
      while (again && !result.halted) {
        again = false;
        result = await alone(sendAll);
      }
    } catch (error) {
      lost(error);
      result = { halted: true, wait: 0, sent: 0 };
    }
    if (result.sent > 0 || !result.halted) failures = 0;
    if (result.halted) failures++;
    const soonest = Math.min(...[...aside.values()].map((a) => a.until)) - performance.now();
    let pause = result.halted ? Math.min(longestPause, 500 * 2 ** Math.min(failures, 12)) * (0.75 + Math.random() / 2) : soonest;
    if (result.wait) {
      notBefore = performance.now() + result.wait;
      pause = Math.max(pause, result.wait * (1 + Math.random() / 4));
    }
    if (page && pause < Infinity) timer = /** @type {any} */ (setTimeout(() => drain(true), Math.max(0, pause)));
    changed();
    channel?.postMessage({ changed: true });
    return !result.halted && aside.size === 0;
  }

  /** At most one page or worker of the device sends at a time. @param {typeof sendAll} work */
  function alone(work) {
    if (!navigator.locks) return work();
    return navigator.locks.request("sipas-kiosk-send", { ifAvailable: true }, (lock) => (lock ? work() : { halted: true, wait: 0, sent: 0 }));
  }

  async function sendAll() {
    if (!clock.proven) {
      const reply = await beat();
      if (reply.code) return { halted: true, wait: reply.wait, sent: 0 };
    }
    let sent = 0;
    for (let from = 0; ;) {
      const { queue: of, records } = await store.read(from, chunk);
      if (records.length === 0) break;
      from = records[records.length - 1].seq + 1;
      const { taken, halted, wait } = await sendSome(of, records.filter((record) => due(of, record)));
      await store.forget(of, taken);
      for (const { seq, revision } of taken) {
        const name = of + " " + seq;
        const mine = live.get(name);
        if (mine?.ended && mine.revision === revision) live.delete(name);
      }
      sent += taken.length;
      if (halted) return { halted, wait, sent };
    }
    if (sent > 0) {
      const { waiting } = await stand();
      if (waiting === 0) state = await store.update((s) => { s.jumps = {}; });
      beat();
    }
    return { halted: false, wait: 0, sent };
  }

  /** @param {string} of @param {import('./kiosk_store.js').Waiting} record */
  function due(of, record) {
    const later = aside.get(record.seq);
    if (later && performance.now() < later.until) return false;
    if (record.ready) return true;
    // A sitting of an earlier life of the page will not go on. The worker cannot tell, and waits.
    return page ? !live.has(of + " " + record.seq) : now() - record.at > abandoned;
  }

  /** @param {string} of the queue that they are in @param {import('./kiosk_store.js').Waiting[]} records */
  async function sendSome(of, records) {
    /** @type {import('./kiosk_store.js').Waiting[]} */
    const taken = [];
    let halted = false;
    let wait = 0;
    let bad = 0; // in a row
    await Promise.all(Array.from({ length: lanes }, async () => {
      for (let record; !halted && (record = records.shift());) {
        const reply = await deliver(of, record);
        const verdict = judge(reply);
        if (verdict === "final") {
          taken.push(record);
          aside.delete(record.seq);
          bad = 0;
          if (reply.code) refuse(of, record.seq, reply.code);
          continue;
        }
        problem = reply.code;
        if (reply.code !== "network") {
          const tries = (aside.get(record.seq)?.tries || 0) + 1;
          aside.set(record.seq, { tries, until: performance.now() + Math.min(longestPause, 1000 * 2 ** tries) });
        }
        if (verdict === "wait") wait = Math.max(wait, reply.wait);
        await denied(reply);
        halted ||= verdict === "wait" || ++bad > lanes;
      }
    }));
    if (taken.length > 0 && !halted) problem = "";
    return { taken, halted, wait };
  }

  /** @param {string} of @param {import('./kiosk_store.js').Waiting} record */
  function deliver(of, record) {
    const sent = now() - Math.round(state.jumps[record.frame] || 0);
    return call("POST", "/answers", { queue: of, seq: record.seq, sent, key: record.key, sealed: record.sealed });
  }

  /**
   * What a reply means for the copy: "final", it may go; "later", this answer is kept and others are tried; "wait", all are.
   * @param {Reply} reply
   */
  function judge({ status, code, body }) {
    if (!code) return body.outcome ? "final" : "wait";
    // What cannot be read as an envelope was not noted by the server: it says more about the programs than about the answer. A key
    // that is not there may be put back, and other answers may be sealed to another.
    if (["key_missing", "bad_request", "too_large", "not_found"].includes(code)) return "later";
    if (code === "network" || [401, 403, 408, 425, 429, 502, 503, 504].includes(status)) return "wait";
    if (status >= 500) return "later";
    return "final";
  }

  /** Tells the sitting that the server does not take it, in whichever page it is. @param {string} of @param {number} seq @param {string} code */
  function refuse(of, seq, code) {
    console.warn("kiosk: answer refused:", code);
    live.get(of + " " + seq)?.end(code);
    channel?.postMessage({ refused: code, queue: of, seq });
  }

  // --- a newer program ---

  /** @type {ServiceWorkerRegistration | undefined} */
  let registration;

  async function install() {
    if (!worker || !navigator.serviceWorker) return;
    registration = await navigator.serviceWorker.register(worker, { scope: base, type: "module", updateViaCache: "none" });
    const look = () => {
      if (queue.update) changed();
    };
    registration.addEventListener("updatefound", () => registration?.installing?.addEventListener("statechange", look));
    look();
    (await navigator.serviceWorker.ready).active?.postMessage("listen");
  }

  function takeOver() {
    if (!registration?.waiting) return;
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    registration.active?.postMessage("hush");
    registration.waiting.postMessage("take over");
  }

  // --- start ---

  queue.pxPerMM = state.pxPerMM;
  enter();
  if (!page) return queue;

  state = await store.update((s) => Object.assign(s, { frame: clock.frame, proven: false }));
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.refused) live.get(data.queue + " " + data.seq)?.end(data.refused);
      else changed();
    };
  }
  /** Somebody or something says that the network may be back. */
  const hope = () => {
    failures = 0;
    drain(true);
  };
  addEventListener("online", hope);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hope(); });
  let rounds = 0;
  const round = async () => {
    if (rounds++ % 30 === 0) registration?.active?.postMessage("listen"); // Fetches the sounds that are not here yet.
    let reply = queue.phase === "ready" ? await beat() : null;
    // A demonstration makes a kiosk of whoever asks for the configuration, and a revoked one may have been enrolled in another tab.
    if (queue.phase !== "ready" && !await configure()) reply = await beat();
    if (reply && !reply.code) drain(true);
    if (queue.update) changed();
    if (queue.config && queue.config.program !== program) registration?.update().catch(() => {}); // Tried again in a minute.
  };
  setInterval(() => round().catch(lost), minute);
  install().catch((error) => console.warn("kiosk: worker:", error));
  const begun = round().catch(lost);
  if (!queue.config) await Promise.race([begun, new Promise((resolve) => { setTimeout(resolve, 3000); })]);
  return queue;
}

/**
 * What a page gets that can keep nothing: it takes no answers, rather than lose them.
 * @param {string} program @param {"insecure" | "storage_broken"} trouble @returns {Queue}
 */
function useless(program, trouble) {
  return {
    config: null, phase: "enrol", trouble, pxPerMM: 0, update: false,
    onchange() {},
    enrol: async () => ({ error: trouble }),
    measured: async () => {},
    now: Date.now,
    status: async () => ({
      device: "", point: "", queue: "", program, phase: "enrol", trouble, waiting: 0, oldest: 0, last: 0, missing: [], heardAt: 0,
      problem: "", persistence: "unknown", used: 0, room: 0, battery: -1, pxPerMM: 0, skew: 0,
    }),
    sitting: () => Promise.reject(new Error("the kiosk takes no answers")),
    drain: async () => false,
    takeOver() {},
  };
}
