// Codes on a receipt, read by a scanner that types or by the camera.

/** Keys of a scanner follow each other faster than this; those of a finger do not, not ten of them in a row. */
const gap = 100;
const shortest = 10;

/**
 * Listens to the keyboard of the whole page. Fast letters that end in Enter are a code, whatever has the focus; what they left in a
 * field is taken out of it again, so that no code stands in a remark. A key that stands alone is a finger's.
 * @param {{code: (code: string) => void, key: (key: string, target: EventTarget | null) => void}} tell
 */
export function listen(tell) {
  let letters = "";
  let last = 0;
  let alone = 0;
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const fast = event.timeStamp - last < gap;
    if (event.key === "Enter") {
      const code = letters;
      letters = "";
      if (!fast || code.length < shortest) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      clean(event.target, code);
      tell.code(code);
      return;
    }
    if (event.key.length !== 1) return; // Shift and its like stand between a scanner's letters.
    window.clearTimeout(alone);
    letters = fast ? letters + event.key : event.key;
    last = event.timeStamp;
    if (letters.length > 1) return;
    const { key, target } = event;
    alone = window.setTimeout(() => tell.key(key, target), gap);
  }, true);
}

/** @param {EventTarget | null} field @param {string} code */
function clean(field, code) {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  const caret = field.selectionStart || 0;
  // A field that was full, or a letter typed by hand just before, leaves less than all of it.
  let left = code;
  while (!field.value.slice(0, caret).endsWith(left)) left = left.slice(1);
  field.setRangeText("", caret - left.length, caret, "end");
}

/** @returns {Promise<boolean>} whether this browser reads codes and the device has a camera */
export async function hasCamera() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return false;
  try {
    // @ts-ignore: not every browser has it, and no list of types.
    const formats = await BarcodeDetector.getSupportedFormats();
    const devices = await navigator.mediaDevices.enumerateDevices();
    return formats.includes("qr_code") && devices.some((d) => d.kind === "videoinput");
  } catch {
    return false;
  }
}

/**
 * Opens the camera that looks at the citizen and calls found once, with the first code that it reads. Nothing of the picture is kept,
 * and the camera is off as soon as it is stopped.
 * @param {HTMLVideoElement} picture @param {(code: string) => void} found
 * @returns {{begun: Promise<boolean>, stop: () => void}} begun: whether the camera could be opened
 */
export function watch(picture, found) {
  let over = false;
  /** @type {MediaStream | null} */
  let stream = null;
  const stop = () => {
    over = true;
    if (stream) for (const track of stream.getTracks()) track.stop();
    picture.srcObject = null;
  };
  const begin = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
    if (over) return stop();
    picture.srcObject = stream;
    await picture.play();
    // @ts-ignore
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      if (over) return;
      const codes = await detector.detect(picture).catch(() => []); // A frame that is not ready yet.
      if (over) return;
      if (codes.length > 0) return found(codes[0].rawValue);
      window.setTimeout(look, 150);
    };
    look();
  };
  return { begun: begin().then(() => true, () => over), stop };
}
