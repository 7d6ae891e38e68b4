// Reading aloud. Every text of the page and of the shipped questionnaires has a sound file, made by static/sounds and found by
// the hash of the text; an office's own texts are read by a voice of the device where it has one of that language. What is read is
// read whole or not at all: a question without its answers would mislead. Only voices that speak on the device itself are
// asked: others would send the text to a stranger's server.
//
// Sounds are decoded by the page and not by an <audio> element: Safari asks for parts of a file then, which a service worker
// answers with the whole, and a browser that lets a page speak once after a touch lets it go on reading the next screens.
"use strict";

const pause = 0.35; // seconds between two texts

/** @type {Promise<Record<string, string>> | null} */
let index = null;
/** @type {AudioContext | null} */
let context = null;
/** What ends the reading that is going on. @type {(() => void) | null} */
let end = null;
let turn = 0;
let busy = false;
/** @type {((busy: boolean) => void)[]} */
const listeners = [];

/** Calls fn at once and whenever reading begins or ends. @param {(busy: boolean) => void} fn */
export function onstate(fn) {
  listeners.push(fn);
  fn(busy);
}

/** Whether something is being read. */
export function speaking() {
  return busy;
}

/** Whether all the texts can be read in the language. @param {string} language @param {string[]} texts @returns {Promise<boolean>} */
export async function available(language, texts) {
  return (await addresses(language, texts)) !== null || voice(language) !== null;
}

/**
 * Reads the texts one after another; what was being read before ends. Call it from the touch that asks for it the first time: a
 * browser is silent until somebody has touched the page.
 * @param {string} language @param {string[]} texts
 * @returns {Promise<boolean>} true when all was read to its end, false when it was stopped or could not be read
 */
export async function speak(language, texts) {
  stop();
  const mine = turn;
  const told = texts.filter((text) => text.trim() !== "");
  wake();
  tell(true);
  try {
    const files = await addresses(language, told);
    if (turn !== mine) return false;
    if (told.length === 0) return true;
    if (files) return await play(files, mine);
    const chosen = voice(language);
    return chosen !== null && await say(told, chosen, mine);
  } catch (error) {
    console.warn("kiosk: reading aloud:", error);
    return false;
  } finally {
    if (turn === mine) tell(false);
  }
}

/** Ends the reading, in the middle of a word if need be. */
export function stop() {
  turn++;
  if (end) end();
  end = null;
  if ("speechSynthesis" in window) window.speechSynthesis.cancel();
  tell(false);
}

/** @param {boolean} now */
function tell(now) {
  if (now === busy) return;
  busy = now;
  for (const fn of listeners) fn(busy);
}

function wake() {
  context ||= new AudioContext();
  if (context.state !== "running") context.resume().catch(() => {}); // play() looks whether it runs.
}

/** Where the sounds of the texts are, or null unless every one of them has one. @param {string} language @param {string[]} texts */
async function addresses(language, texts) {
  const known = await sounds();
  const names = await Promise.all(texts.map((text) => name(language, text)));
  if (!names.every((n) => n in known)) return null;
  return names.map((n) => new URL("sounds/" + n + "." + known[n] + ".mp3", import.meta.url).href);
}

/** @param {string} language @param {string} text the name that static/sounds gives its file */
async function name(language, text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text.trim().normalize("NFC")));
  return language + "-" + [...new Uint8Array(sum).subarray(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** The list of sounds, asked for again when it could not be had. */
async function sounds() {
  index ||= fetch(new URL("./sounds/index.json", import.meta.url)).then((response) => {
    if (!response.ok) throw new Error("sounds: " + response.status);
    return response.json();
  });
  try {
    return await index;
  } catch {
    index = null;
    return {};
  }
}

/** @param {string} language @returns {SpeechSynthesisVoice | null} */
function voice(language) {
  if (!("speechSynthesis" in window)) return null;
  return window.speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().split(/[-_]/)[0] === language) || null;
}

/** @param {string} file */
async function load(file) {
  const response = await fetch(file);
  if (!response.ok) throw new Error(file + ": " + response.status);
  return /** @type {AudioContext} */ (context).decodeAudioData(await response.arrayBuffer());
}

/** @param {string[]} files @param {number} mine */
async function play(files, mine) {
  const out = /** @type {AudioContext} */ (context);
  let next = load(files[0]);
  for (let i = 0; i < files.length; i++) {
    const sound = await next;
    if (i + 1 < files.length) {
      next = load(files[i + 1]);
      next.catch(() => {}); // It is asked for again, and fails then, when its turn comes.
    }
    if (turn !== mine || out.state !== "running") return false;
    await new Promise((/** @type {(value?: any) => void} */ done) => {
      const source = new AudioBufferSourceNode(out, { buffer: sound });
      source.connect(out.destination);
      source.onended = done;
      // A device whose sound has stopped working must not keep the page reading for ever.
      const late = window.setTimeout(done, (sound.duration + pause) * 1000 + 3000);
      end = () => { window.clearTimeout(late); source.stop(); done(); };
      source.start(out.currentTime + (i > 0 ? pause : 0));
    });
    if (turn !== mine) return false;
    if (end) end();
  }
  return true;
}

/** @param {string[]} texts @param {SpeechSynthesisVoice} chosen @param {number} mine */
async function say(texts, chosen, mine) {
  for (const text of texts) {
    const whole = await new Promise((/** @type {(whole: boolean) => void} */ done) => {
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.voice = chosen;
      utterance.lang = chosen.lang;
      utterance.rate = 0.9;
      utterance.onend = () => done(true);
      utterance.onerror = () => done(false);
      end = () => done(false);
      window.speechSynthesis.speak(utterance);
    });
    if (turn !== mine || !whole) return false;
  }
  return true;
}
