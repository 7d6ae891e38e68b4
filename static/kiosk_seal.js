// Seals what a kiosk keeps, so that only the server can read it: an agreement by HPKE (RFC 9180) in its base mode with
// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, by the browser's own cryptography. One agreement serves some
// sealings, because it is slow on a tablet and on the server: their keys are derived at once, what they came from is forgotten, and each
// is forgotten when it has sealed. So the device itself cannot open what it has sealed. survey/web's SealKey opens it.

const kemSuite = bytes("KEM", 0x00, 0x10);
const suite = bytes("HPKE", 0x00, 0x10, 0x00, 0x01, 0x00, 0x02);
const info = bytes("sipas kiosk 1");
const none = new Uint8Array();
const curve = { name: "ECDH", namedCurve: "P-256" };
const shared = 64;

/** @typedef {{enc: Uint8Array, number: number, key: CryptoKey}} Once a key for one sealing */

/** The keys in stock, and whom they seal to. @type {{to: string, keys: Once[], coming: Promise<void> | null}} */
let stock = { to: "", keys: [], coming: null };

/**
 * Seals one text.
 * @param {Uint8Array} recipient the server's public key, an uncompressed point of 65 bytes
 * @param {string} aad what the sealing is bound to and does not hide
 * @param {string} text
 * @returns {Promise<string>} base64url of the agreement's public key, the sealing's number in it and the ciphertext
 */
export async function seal(recipient, aad, text) {
  const { enc, number, key } = await once(recipient);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12), additionalData: bytes(aad) }, key, padded(text));
  return encode64(bytes(enc, number, new Uint8Array(sealed)));
}

/**
 * Takes a key out of the stock, and fills the stock up in time, so that nobody waits for it.
 * @param {Uint8Array} recipient @returns {Promise<Once>}
 */
async function once(recipient) {
  prepare(recipient);
  for (;;) {
    const mine = stock;
    const key = mine.keys.shift();
    if (mine.keys.length < shared / 4) prepare(recipient);
    if (key) return key;
    await mine.coming;
  }
}

/** Sees to it that there are keys. @param {Uint8Array} recipient */
export function prepare(recipient) {
  const to = encode64(recipient);
  if (stock.to !== to) stock = { to, keys: [], coming: null };
  const mine = stock;
  if (mine.coming || mine.keys.length >= shared / 4) return;
  mine.coming = agree(recipient).then((keys) => { mine.keys.push(...keys); }).finally(() => { mine.coming = null; });
}

/** @param {Uint8Array} recipient @returns {Promise<Once[]>} the keys of a new agreement */
async function agree(recipient) {
  const { secret, enc } = await encapsulate(recipient);
  const context = await keyContext();
  const exporter = await expand(suite, await extract(suite, secret, "secret", none), "exp", context, 32);
  return Promise.all(Array.from({ length: shared }, async (_, number) => {
    const key = await expand(suite, exporter, "sec", bytes("sipas answer", number), 32);
    return { enc, number, key: await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]) };
  }));
}

/**
 * Agrees on a secret with the owner of a public key.
 * @param {Uint8Array} recipient
 * @param {CryptoKeyPair} [pair]
 * @returns {Promise<{secret: Uint8Array, enc: Uint8Array}>}
 */
export async function encapsulate(recipient, pair) {
  const own = pair || /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(curve, false, ["deriveBits"]));
  const theirs = await crypto.subtle.importKey("raw", recipient, curve, true, []);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256));
  const prk = await extract(kemSuite, none, "eae_prk", shared);
  return { secret: await expand(kemSuite, prk, "shared_secret", bytes(enc, recipient), 32), enc };
}

/** @type {Promise<Uint8Array> | undefined} */
let context;

/** The part of the key schedule that is the same for every agreement: base mode, no shared secret, our info. */
function keyContext() {
  context ||= Promise.all([extract(suite, none, "psk_id_hash", none), extract(suite, none, "info_hash", info)])
    .then(([psk, hash]) => bytes(0x00, psk, hash));
  return context;
}

/** LabeledExtract of RFC 9180, section 4. @param {Uint8Array} suiteID @param {Uint8Array} salt @param {string} label @param {Uint8Array} ikm */
function extract(suiteID, salt, label, ikm) {
  return hmac(salt.length > 0 ? salt : new Uint8Array(32), bytes("HPKE-v1", suiteID, label, ikm));
}

/**
 * LabeledExpand of RFC 9180, section 4. Nothing here is longer than one block of SHA-256, so the first round is all.
 * @param {Uint8Array} suiteID @param {Uint8Array} prk @param {string} label @param {Uint8Array} about @param {number} length
 */
async function expand(suiteID, prk, label, about, length) {
  return (await hmac(prk, bytes(0, length, "HPKE-v1", suiteID, label, about, 1))).slice(0, length);
}

/** @param {Uint8Array} key @param {Uint8Array} message */
async function hmac(key, message) {
  const signing = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", signing, message));
}

/** Blanks fill the text up, so that its length says little. JSON does not mind them. @param {string} text */
function padded(text) {
  const plain = bytes(text);
  const out = new Uint8Array(Math.ceil(plain.length / 256) * 256).fill(0x20);
  out.set(plain);
  return out;
}

/** Joins text, bytes and single numbers. @param {...(string | number | Uint8Array)} parts @returns {Uint8Array} */
function bytes(...parts) {
  const all = parts.map((p) => (typeof p === "string" ? new TextEncoder().encode(p) : typeof p === "number" ? Uint8Array.of(p) : p));
  const out = new Uint8Array(all.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of all) {
    out.set(a, at);
    at += a.length;
  }
  return out;
}

/** @param {Uint8Array} raw @returns {string} base64url without padding */
export function encode64(raw) {
  let s = "";
  for (let i = 0; i < raw.length; i += 4096) s += String.fromCharCode(...raw.subarray(i, i + 4096));
  return btoa(s).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text base64url @returns {Uint8Array} */
export function decode64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}
