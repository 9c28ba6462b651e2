// What the device tells: the newest of each topic, and a clock that runs as its own does.
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
  const source = new EventSource("/api/events");
  source.onopen = () => whenLinked(true);
  source.onerror = () => {
    whenLinked(false);
    // A browser tries again by itself, but not after an answer that is no stream of events.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => again(whenLinked), 3000);
  };
  source.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    if ("now" in news) {
      ahead = news.now - ours();
      return;
    }
    values.set(news.topic, news);
    for (const then of listeners.get(news.topic) ?? []) then(news.value, news.at);
  };
}

/** Whoever is not let in any more is asked for the token. */
async function again(whenLinked) {
  const answer = await fetch("/api/state").catch(() => undefined);
  if (answer?.status === 401) location.reload();
  else connect(whenLinked);
}
