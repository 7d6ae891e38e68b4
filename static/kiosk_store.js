// Where a kiosk keeps its queue: the IndexedDB "sipas-kiosk". It holds the device's own state, its configuration, and the
// answers that wait, each sealed and under its number. Nothing in it tells what anybody said.

/**
 * @typedef {{
 *   queue: string,   // names this life of the storage: 32 hexadecimal digits
 *   next: number,    // the next number to give out
 *   offset: number,  // the server's clock less the device's, when the server was last heard
 *   high: number,    // the latest time reckoned so far: time does not run backwards when a clock is lost
 *   frame: string, proven: boolean, // see Clock in kiosk_queue.js
 *   jumps: Record<string, number>,  // by how much a frame's times turned out to be behind the server's
 *   pxPerMM: number,
 *   denied: boolean, // the server does not know the device, or no longer
 * }} State
 *
 * @typedef {{seq: number, revision: number, sealed: string, key: string, at: number, frame: string, ready: boolean}} Waiting
 *   at: reckoned time of the last change, in the named frame; ready: to be sent although its sitting may go on
 */

const name = "sipas-kiosk";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {number} n @returns {string} n random bytes in hexadecimal */
export function randomHex(n) {
  return [...crypto.getRandomValues(new Uint8Array(n))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** @returns {State} */
function newState() {
  return {
    queue: randomHex(16), next: 1, offset: 0, high: 0, frame: randomHex(4), proven: false, jumps: {}, pxPerMM: 0, denied: false,
  };
}

/** Rejects where the browser keeps nothing, or cannot open what it kept. */
export async function openStore() {
  /** @type {Promise<IDBDatabase> | null} */
  let db = null;

  function connect() {
    if (db) return db;
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("state");
      request.result.createObjectStore("answers", { keyPath: "seq" });
    };
    /** @type {Promise<IDBDatabase>} */
    const opening = new Promise((resolve, reject) => {
      request.onblocked = () => reject(new Error("another page holds the storage"));
      done(request).then(resolve, reject);
    });
    const leave = () => { if (db === opening) db = null; };
    // The browser closes it when somebody clears the storage: the next use finds a new one, with another queue's name.
    opening.then((opened) => {
      opened.onclose = leave;
      opened.onversionchange = () => { opened.close(); leave(); };
    }, leave);
    db = opening;
    return opening;
  }

  /**
   * Runs one transaction and resolves when it is kept. An answer is flushed to the disk before the page goes on, so that a power cut
   * loses no more than the last touch.
   * @template T
   * @param {IDBTransactionMode} mode @param {"strict" | "relaxed"} durability
   * @param {(state: IDBObjectStore, answers: IDBObjectStore) => Promise<T>} work awaits nothing but requests of the two stores
   * @returns {Promise<T>}
   */
  async function transact(mode, durability, work) {
    for (let pause = 50; ; pause *= 3) {
      const opening = connect();
      try {
        return await attempt(await opening, mode, durability, work);
      } catch (error) {
        if (pause > 500 || /** @type {DOMException} */ (error).name === "QuotaExceededError") throw error;
        // The connection may have been closed under it. Nothing of a transaction that failed is kept, so it is tried on a new one.
        opening.then((connection) => connection.close(), () => {});
        if (db === opening) db = null;
        await new Promise((resolve) => { setTimeout(resolve, pause); });
      }
    }
  }

  /**
   * @template T
   * @param {IDBDatabase} connection @param {IDBTransactionMode} mode @param {"strict" | "relaxed"} durability
   * @param {(state: IDBObjectStore, answers: IDBObjectStore) => Promise<T>} work @returns {Promise<T>}
   */
  async function attempt(connection, mode, durability, work) {
    const tx = connection.transaction(["state", "answers"], mode, { durability });
    const kept = new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onabort = () => reject(tx.error || new Error("the storage gave up"));
    });
    kept.catch(() => {}); // Told below, unless work fails first.
    const result = await work(tx.objectStore("state"), tx.objectStore("answers"));
    await kept;
    return result;
  }

  /** @param {IDBObjectStore} store @returns {Promise<State>} */
  async function stateIn(store) {
    const kept = await done(store.get("state"));
    if (kept) return kept;
    const fresh = newState();
    await done(store.put(fresh, "state"));
    return fresh;
  }

  /** Changes the state and returns it. @param {(s: State) => void} [change] */
  function update(change) {
    return transact("readwrite", "relaxed", async (state) => {
      const s = await stateIn(state);
      if (change) {
        change(s);
        await done(state.put(s, "state"));
      }
      return s;
    });
  }

  await update();

  return {
    update,

    /** @returns {Promise<import('./kiosk_queue.js').Config | null>} */
    config: () => transact("readonly", "relaxed", async (state) => (await done(state.get("config"))) || null),

    /** @param {import('./kiosk_queue.js').Config} config */
    keepConfig: (config) => transact("readwrite", "strict", (state) => done(state.put(config, "config"))),

    /**
     * Keeps an answer; a first one takes its number in the same transaction. False when the number has gone to another sitting or
     * the storage is another since the answer was sealed: seal it again.
     * @param {string} queue @param {Waiting} record @param {boolean} first @param {{offset: number, proven: boolean}} clock
     */
    keep: (queue, record, first, clock) => transact("readwrite", "strict", async (state, answers) => {
      const s = await stateIn(state);
      if (s.queue !== queue || (first && s.next !== record.seq)) return false;
      if (first) s.next++;
      Object.assign(s, clock, { frame: record.frame, high: Math.max(s.high, record.at) });
      await Promise.all([done(state.put(s, "state")), done(answers.put(record))]);
      return true;
    }),

    /** Deletes what the server has on disk, or will never take, unless a later revision waits under its number. @param {string} queue @param {Waiting[]} records */
    forget: (queue, records) => transact("readwrite", "relaxed", async (state, answers) => {
      if ((await stateIn(state)).queue !== queue) return;
      await Promise.all(records.map(async (sent) => {
        const kept = await done(answers.get(sent.seq));
        if (kept && kept.revision === sent.revision) await done(answers.delete(sent.seq));
      }));
    }),

    /** Reads answers in the order of their numbers. @param {number} from @param {number} limit @returns {Promise<{queue: string, records: Waiting[]}>} */
    read: (from, limit) => transact("readonly", "relaxed", async (state, answers) => {
      const [s, records] = await Promise.all([done(state.get("state")), done(answers.getAll(IDBKeyRange.lowerBound(from), limit))]);
      return { queue: s ? s.queue : "", records };
    }),

    /** @returns {Promise<{waiting: number, first: Waiting | undefined}>} */
    census: () => transact("readonly", "relaxed", async (_, answers) => {
      const [waiting, first] = await Promise.all([done(answers.count()), done(answers.getAll(undefined, 1))]);
      return { waiting, first: first[0] };
    }),
  };
}
