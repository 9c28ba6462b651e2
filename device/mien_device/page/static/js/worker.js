// One stream for all tabs of a browser: HTTP/1.1 gives them six connections to the device together, and each stream holds one.
import { listen } from "./stream.js";

const tabs = new Set();
const known = new Map();
let linked;
let clock; // what the device's clock said, and when

self.onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = () => tabs.delete(tab); // it says goodbye
  if (clock) tab.postMessage({ now: clock.now + (performance.now() - clock.at) / 1000 });
  for (const news of known.values()) tab.postMessage(news);
  if (linked) tab.postMessage(linked);
};

listen((news) => {
  if ("linked" in news) linked = news;
  else if ("now" in news) {
    clock = { now: news.now, at: performance.now() };
    known.clear(); // all that is known is told anew
  } else if (!news.moment) known.set(news.topic, news);
  for (const tab of tabs) tab.postMessage(news);
});
