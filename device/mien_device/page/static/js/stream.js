// The device's stream of events, for whoever listens: a worker for all tabs, or a tab for itself.

/** Calls `tell` with each piece of news, and with `linked` whenever the device begins or ceases to answer. Tries for ever. */
export function listen(tell) {
  const source = new EventSource("/api/events");
  source.onopen = () => tell({ linked: true });
  source.onmessage = ({ data }) => tell(JSON.parse(data));
  source.onerror = () => {
    // A browser tries again by itself, but not after an answer that is no stream of events.
    const refused = source.readyState === EventSource.CLOSED;
    tell({ linked: false, refused });
    if (refused) setTimeout(() => listen(tell), 3000);
  };
}
