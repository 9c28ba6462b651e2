// The page's beginning: which view is seen, and whether the device answers.
import { connect, on } from "./feed.js";
import * as feel from "./feel.js";
import * as now from "./now.js";

const link = document.getElementById("link");
const tabs = [...document.querySelectorAll("#pages a")];

/** What a view does when it comes into sight and when it goes. The modules of those that nobody opens are never fetched. */
const views = {
  now: (seen) => { if (seen) now.wake(); },
  library: async (seen) => (await import("./library.js")).look(seen),
  live: async (seen) => (await import("./live.js")).look(seen),
};
let present = "now";

function turn() {
  const wanted = location.hash.slice(1);
  const tab = tabs.find((each) => each.hash === `#${wanted}` && !each.hidden) ?? tabs[0];
  const next = tab.hash.slice(1);
  for (const each of tabs) each.toggleAttribute("aria-current", false);
  tab.setAttribute("aria-current", "page");
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== next;
  document.title = next === "now" ? "mien" : `${tab.textContent} · mien`;
  if (next !== present) views[present](false);
  present = next;
  views[next](true);
}

now.start();
feel.start();
addEventListener("hashchange", turn);
on("page/live", ({ allowed, watched }) => {
  document.querySelector('#pages a[href="#live"]').hidden = !allowed;
  document.getElementById("watched").textContent = watched ? "Live view: somebody sees through the camera" : "";
  if (allowed && location.hash === "#live" && present !== "live") turn();
});
turn();
connect((linked) => {
  link.textContent = linked ? "" : "The device does not answer. Trying again …";
  link.classList.toggle("lost", !linked);
});
