// A keyboard on the screen, for a device that has none. It stands in the page below the form that it types into and never covers it.
// Vietnamese is typed by telex. English is typed as it stands, and so is Chinese: pinyin would need a dictionary many times the
// weight of the page, so whoever wants to write characters hides this keyboard and has the device's own.
import { telex } from "./kiosk_telex.js";

const letters = ["qwertyuiop", "asdfghjkl", "⇧zxcvbnm⌫"];
const signs = ["1234567890", "-/:;()&%+", "\"'!?…@#⌫"];
const names = { "⇧": "keys_shift", "⌫": "keys_erase" };

/** @type {(key: string) => string} */
let words = (key) => key;
let language = "";
/** @type {HTMLInputElement | HTMLTextAreaElement | null} */
let field = null;
let shifted = false;
let page = letters;
const board = document.createElement("div");
board.id = "keyboard";
board.setAttribute("role", "group");

/** Puts the keyboard below the field's form. @param {HTMLInputElement | HTMLTextAreaElement} into */
export function open(into) {
  close();
  field = into;
  shifted = into.tagName === "TEXTAREA" && into.value === "";
  page = into.tagName === "TEXTAREA" ? letters : signs;
  // The device's own keyboard stays away while this one is there.
  into.inputMode = "none";
  /** @type {HTMLElement} */ (into.closest(".screen")).append(board);
  draw();
}

export function close() {
  if (!field) return;
  field.removeAttribute("inputmode");
  field = null;
  board.remove();
}

export function isOpen() {
  return field !== null;
}

/** The language of the page, and its words. @param {string} chosen @param {(key: string) => string} say */
export function speak(chosen, say) {
  language = chosen;
  words = say;
  if (field) draw();
}

function draw() {
  board.setAttribute("aria-label", words("keys_label"));
  const rows = page.map((row) => line([...row].map((letter) => key(letter, () => press(letter)))));
  const other = key(page === letters ? "123" : "abc", () => {
    page = page === letters ? signs : letters;
    draw();
    /** @type {HTMLElement} */ (board.querySelector(".other")).focus({ preventScroll: true });
  });
  other.classList.add("other");
  other.setAttribute("aria-label", other.textContent + " " + words(page === letters ? "keys_symbols" : "keys_letters"));
  const space = key(words("keys_space"), () => press(" "));
  space.classList.add("space");
  rows.push(line([other, key(",", () => press(",")), space, key(".", () => press("."))]));
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = language === "vi" ? words("keys_telex") : "";
  board.replaceChildren(...(language === "vi" && page === letters ? [hint] : []), ...rows);
}

/** @param {HTMLElement[]} parts */
function line(parts) {
  const row = document.createElement("div");
  row.className = "keys-row";
  row.append(...parts);
  return row;
}

/** @param {string} label @param {() => void} then */
function key(label, then) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "key";
  button.textContent = shifted ? label.length === 1 ? label.toUpperCase() : label : label;
  if (label in names) {
    button.setAttribute("aria-label", words(names[label]));
    button.classList.add("wide");
    if (label === "⇧") button.setAttribute("aria-pressed", String(shifted));
  }
  // The field keeps its caret: a finger does not move the focus to the key.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", then);
  return button;
}

/** @param {string} letter */
function press(letter) {
  const into = field;
  if (!into) return;
  if (letter === "⇧") {
    shifted = !shifted;
    redraw();
    return;
  }
  const from = into.selectionStart || 0;
  const to = into.selectionEnd || 0;
  const before = into.value.slice(0, from);
  if (letter === "⌫") {
    const rest = from < to ? before : [...before].slice(0, -1).join("");
    put(into, rest, to);
    return;
  }
  const typed = shifted ? letter.toUpperCase() : letter;
  put(into, language === "vi" && into.tagName === "TEXTAREA" ? telex(before, typed) : before + typed, to);
  if (shifted) {
    shifted = false;
    redraw();
  }
}

/** Puts a text in the place of all that stands before a point. @param {HTMLInputElement | HTMLTextAreaElement} into @param {string} text @param {number} to */
function put(into, text, to) {
  const behind = into.value.slice(to);
  if (into.maxLength >= 0 && text.length + behind.length > into.maxLength && text.length > to) return;
  into.value = text + behind;
  into.setSelectionRange(text.length, text.length);
  into.scrollTop = into.scrollHeight;
}

/** Draws the keys anew and leaves the focus on the one that was pressed. */
function redraw() {
  const at = [...board.querySelectorAll("button")].indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  draw();
  if (at >= 0) board.querySelectorAll("button")[at].focus({ preventScroll: true });
}
