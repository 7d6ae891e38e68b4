// Telex: Vietnamese typed on the twenty-six letters. One function and no state: what stands before the caret and the key
// pressed are all it knows, so that it serves a keyboard on the screen and one on the desk alike, and the caret may be anywhere.
//
//   aa aw ee oo ow uw dd   â ă ê ô ơ ư đ      uow  ươ (and uơ where the word ends so: thuở, huơ)
//   w after consonants     ư                  s f r x j   sắc huyền hỏi ngã nặng      z   no tone
//
// A key pressed again takes itself back and stays as a letter: aaa → aa, ass → as. Marks and tones may come at once or at the end
// of the word: tieesng, tieengs and tiengse are all tiếng. A tone moves when letters that follow ask for it: hóa + n → hoán. It stands
// where Vietnamese offices and keyboards put it: hòa, khỏe, thủy, on the first of two open vowels, not hoà, khoẻ, thuỷ.
// What cannot be a Vietnamese syllable is left alone, so that "wifi" and "email" come out as they are typed, but for the đ of
// abbreviations: QDD is QĐ.
"use strict";

/** The tones by their keys, as combining marks. */
const tones = { s: "\u0301", f: "\u0300", r: "\u0309", x: "\u0303", j: "\u0323" };
const toneMark = /[\u0300\u0301\u0303\u0309\u0323]/;

const consonants = new Set(["", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh",
  "p", "ph", "qu", "r", "s", "t", "th", "tr", "v", "x"]);
const finals = new Set(["", "c", "ch", "m", "n", "ng", "nh", "p", "t"]);
/** After these only sắc and nặng are spoken. */
const stops = new Set(["c", "ch", "p", "t"]);

/** The vowels of a syllable: those that a consonant may follow, and those that none may. */
const followed = "a ă â e ê i o ô ơ u ư y oo iê yê uâ uô ươ oa oă oe uê uy uyê".split(" ");
const open = "ia ua ưa uơ ai ao au ay âu ây eo êu iu oi ôi ơi ui ưi ưu iêu yêu oai oay oao oeo uây uôi ươi ươu uya uyu uêu".split(" ");
const plain = { ă: "a", â: "a", ê: "e", ô: "o", ơ: "o", ư: "u" };

/** Vowels on their way: with some or all of their marks still to come. @param {string[]} groups */
const underway = (groups) => new Set(groups.flatMap((group) => [...group].reduce(
  (begun, letter) => begun.flatMap((b) => letter in plain ? [b + letter, b + plain[letter]] : [b + letter]), [""])));
const beforeFinal = underway(followed);
const beforeNothing = underway([...followed, ...open]);

/**
 * A syllable taken apart, its letters in lower case and without tone.
 * @typedef {{first: string, group: string, last: string, tone: string}} Syllable
 */

/** Takes a word apart, whether or not it can be Vietnamese. @param {string} word @returns {Syllable} */
function split(word) {
  const spread = word.toLowerCase().normalize("NFD");
  const [tone] = spread.match(toneMark) || [""];
  const [, first, group, last] = spread.replace(toneMark, "").normalize("NFC")
    .match(/^(qu|gi(?=[aăâeêioôơuưy])|[^aăâeêioôơuưy]*)([aăâeêioôơuưy]*)(.*)$/u) || [];
  return { first, group, last, tone };
}

/** @param {Syllable} s whether it is a Vietnamese syllable, or may become one */
function can(s) {
  if (!consonants.has(s.first) || !finals.has(s.last)) return false;
  if (s.group === "") return s.last === "" && s.tone === "";
  if (!(s.last === "" ? beforeNothing : beforeFinal).has(s.group)) return false;
  return !stops.has(s.last) || s.tone === "" || s.tone === tones.s || s.tone === tones.j;
}

/** Which letter of the group bears the tone. @param {Syllable} s */
function bearer(s) {
  const letters = [...s.group];
  const marked = letters.findLastIndex((letter) => letter in plain);
  if (marked >= 0) return marked;
  if (s.last !== "") return letters.length - 1;
  return letters.length === 3 ? 1 : 0;
}

/**
 * Puts a syllable together again in the case of the word that it was, letter by letter.
 * @param {Syllable} s @param {string} word a word of as many letters
 */
function write(s, word) {
  const at = [...s.first].length + bearer(s);
  const cases = [...word];
  return [...s.first + s.group + s.last].map((letter, i) => {
    const whole = (letter + (i === at ? s.tone : "")).normalize("NFC");
    return cases[i] !== cases[i].toLowerCase() ? whole.toUpperCase() : whole;
  }).join("");
}

/** The group with a hook or a breve where w puts one, or null. @param {Syllable} s */
function hooked(s) {
  const g = s.group;
  // "thuở" and "huơ" end in uơ; before anything that follows it is ươ.
  if (g === "uo" && s.last === "" && /^[tk]?h$/.test(s.first)) return "uơ";
  const tries = [g.replace(/[uư][oô]/, "ươ"), g.replace(/[aâ]/, "ă"), g.replace(/[oô]/, "ơ"), g.replace("u", "ư")];
  return tries.find((group) => group !== g && can({ ...s, group })) || null;
}

/** The group with a circumflex on the letter doubled, or null. @param {Syllable} s @param {string} key */
function roofed(s, key) {
  const g = s.group;
  const tries = { a: [g.replace(/[aă]/, "â")], e: [g.replace("e", "ê")], o: [g.replace(/[uư][oơ]/, "uô"), g.replace(/[oơ]/, "ô")] };
  return tries[key].find((group) => group !== g && can({ ...s, group })) || null;
}

/** The letters that each key for a mark makes, and takes back. */
const made = { a: /[â]/, e: /[ê]/, o: /[ô]/, w: /[ăơư]/ };

/**
 * What a key for a mark makes of a word: with the mark, or without it and with the key behind, or null when it is a plain letter.
 * @param {Syllable} s @param {string} word @param {string} key
 */
function mark(s, word, key) {
  const low = key.toLowerCase();
  if (low === "d") {
    if (s.first === "d") return write({ ...s, first: "đ" }, word);
    return s.first === "đ" ? write({ ...s, first: "d" }, word) + key : null;
  }
  if (!(low in made)) return null;
  if (s.group === "") return low === "w" && s.first !== "qu" ? word + (key === low ? "ư" : "Ư") : null;
  if (made[low].test(s.group) && !(low === "w" && s.group.includes("ưo"))) {
    const group = [...s.group].map((letter) => made[low].test(letter) ? plain[letter] : letter).join("");
    return write({ ...s, group }, word) + key;
  }
  const group = low === "w" ? hooked(s) : roofed(s, low);
  return group && write({ ...s, group }, word);
}

/**
 * What a key for a tone makes of a word: with the tone, or without it and with the key behind, or null when it is a plain letter.
 * @param {Syllable} s @param {string} word @param {string} key
 */
function intone(s, word, key) {
  const low = key.toLowerCase();
  if (s.group === "") return null;
  if (low === "z") return s.tone && write({ ...s, tone: "" }, word);
  if (!(low in tones)) return null;
  if (s.tone === tones[low]) return write({ ...s, tone: "" }, word) + key;
  const changed = { ...s, tone: tones[low] };
  return can(changed) ? write(changed, word) : null;
}

/**
 * What d makes of an abbreviation that ends in d or đ, such as QĐ and HĐND, or null when the word is none.
 * @param {Syllable} s @param {string} word @param {string} key
 */
function abbreviate(s, word, key) {
  if (key.toLowerCase() !== "d" || s.group !== "") return null;
  const begun = word.slice(0, -1);
  const last = word.slice(-1);
  if (last === "d" || last === "D") return begun + (last === "d" ? "đ" : "Đ");
  return last === "đ" || last === "Đ" ? begun + (last === "đ" ? "d" : "D") + key : null;
}

/** The word with one more letter, its tone and its ươ where they belong now. @param {string} word @param {string} key */
function append(word, key) {
  const longer = word + key;
  const s = split(longer);
  const group = s.last || s.group.length > 2 ? s.group.replace(/uơ|ưo/, "ươ") : s.group;
  return can({ ...s, group }) ? write({ ...s, group }, longer) : longer;
}

/**
 * What the text before the caret becomes when a key is pressed, in Unicode NFC.
 * @param {string} text @param {string} key one character
 */
export function telex(text, key) {
  const composed = text.normalize("NFC");
  if (!/^\p{L}$/u.test(key)) return composed + key;
  const word = (composed.match(/\p{L}+$/u) || [""])[0];
  const s = split(word);
  const changed = word && can(s) ? mark(s, word, key) || intone(s, word, key) : abbreviate(s, word, key);
  return composed.slice(0, composed.length - word.length) + (changed || append(word, key));
}
