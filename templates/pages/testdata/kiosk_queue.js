// The queue as the page's tests need it: it keeps nothing, seals nothing, and tells the test's server in the clear what it was given.

const post = async (path, body) => (await fetch("/fake/" + path, { method: "POST", body: JSON.stringify(body) })).json();

export async function openQueue({ program }) {
  const listeners = [];
  const queue = {
    ...await (await fetch("/fake/state")).json(),
    onchange: (fn) => listeners.push(fn),
    change: (to) => {
      Object.assign(queue, to);
      for (const fn of listeners) fn();
    },
    enrol: async (code) => {
      const reply = await post("enrol", code);
      if (reply.ok) queue.change({ phase: "ready", config: reply.config });
      return reply;
    },
    measured: async (pxPerMM) => {
      await post("measured", pxPerMM);
      queue.change({ pxPerMM });
    },
    now: () => Date.now(),
    status: async () => ({ device: "d", point: "p", queue: "q", program, phase: queue.phase, trouble: queue.trouble, problem: "",
      oldest: Date.now() - 3 * 3600_000, last: 9, missing: [[4, 4], [6, 7]], heardAt: Date.now() - 90_000, persistence: "refused", used: 0,
      room: 0, battery: -1, pxPerMM: queue.pxPerMM, skew: -540_000, waiting: queue.waiting || 0 }),
    sitting: async () => {
      const { id, draw } = await post("sitting", {});
      let refused = () => {};
      let revision = 0;
      let line = Promise.resolve();
      const save = (content, { ready = false } = {}) => {
        revision++;
        const body = { id, revision, ready, ...content };
        const result = line.then(async () => {
          const { refusal, error } = await post("save", body);
          if (refusal) setTimeout(() => refused(refusal));
          return error ? { error } : { ok: true };
        });
        line = result.catch(() => {});
        return result;
      };
      return { id, draw, config: queue.config, save, onrefused: (fn) => { refused = fn; } };
    },
    drain: async () => (await post("drain", {})).ok,
    takeOver: () => { post("takeover", {}); },
  };
  window.fakeQueue = queue;
  return queue;
}
