// What the device tells: the newest of each topic, and a clock that runs as its own does.
import { listen } from "./stream.js";

const WORKER = "/static/js/worker.js";
const values = new Map();
const listeners = new Map();
let ahead = 0; // the device's clock minus ours, seconds

const ours = () => performance.now() / 1000;

/** Seconds of the device's clock. */
export const clock = () => ours() + ahead;

/** The newest value of a topic, or undefined. */
export const value = (topic) => values.get(topic)?.value;

/** Calls `then(value, at)` with what is known of a topic and whenever there is news; `at` is of the device's clock. */
export function on(topic, then) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(then);
  const known = values.get(topic);
  if (known) then(known.value, known.at);
}

/** Begins to listen; `whenLinked(true|false)` says whether the device answers. */
export function connect(whenLinked) {
  const take = (news) => {
    if ("linked" in news) {
      whenLinked(news.linked);
      if (news.refused) ask();
    } else if ("now" in news) ahead = news.now - ours();
    else {
      if (!news.moment) values.set(news.topic, news);
      for (const then of listeners.get(news.topic) ?? []) then(news.value, news.at);
    }
  };
  try {
    share(take);
  } catch { // a browser without shared workers
    listen(take);
  }
}

function share(take) {
  // The only text that becomes a script's address anywhere on the page (W3C Trusted Types).
  const policy = globalThis.trustedTypes?.createPolicy("mien-worker", { createScriptURL: () => WORKER });
  const worker = new SharedWorker(policy ? policy.createScriptURL(WORKER) : WORKER, { type: "module", name: "mien" });
  worker.onerror = () => listen(take);
  worker.port.onmessage = ({ data }) => take(data);
  addEventListener("pagehide", () => worker.port.postMessage("goodbye"));
  addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
}

/** Whoever is not let in any more is asked for the token. */
async function ask() {
  const answer = await fetch("/api/state").catch(() => undefined);
  if (answer?.status === 401) location.reload();
}
