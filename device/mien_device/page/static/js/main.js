// The page's beginning: which view is seen, and whether the device answers.
import { connect, on, value } from "./feed.js";
import * as feel from "./feel.js";
import * as now from "./now.js";

const link = document.getElementById("link");
const tabs = [...document.querySelectorAll("#pages a")];

/** Each has `look(seen)`, for when it comes into sight and when it goes. The modules of those that nobody opens are never fetched. */
const views = {
  now: () => now,
  library: () => import("./library.js"),
  history: () => import("./history.js"),
  live: () => import("./live.js"),
  setup: () => import("./setup.js"),
};
let present = "now";
let missing = false; // the module of the view that is seen could not be fetched
let lost = false;

async function show(view, seen) {
  const module = await Promise.resolve(views[view]()).catch(() => undefined);
  document.getElementById(view).inert = !module; // without its module a tap would be lost
  if (module) module.look(seen);
  if (view !== present || !seen) return; // somebody went on meanwhile
  missing = !module;
  if (lost) return;
  link.textContent = "";
  if (missing) fetchAnew();
}

const ANEW = "fetched-anew";
const PAUSE_MS = 60_000;

/** A browser need not ask again for a module that it did not get (HTML, module map), but a new page does: once a minute. */
async function fetchAnew() {
  const answers = await fetch("/", { cache: "no-store" }).then(({ ok }) => ok, () => false);
  if (!answers) return; // a page that goes now would not come back; `connect` tells when the device does
  if (!missing) return; // somebody went on to a view that is there
  if (Math.abs(Date.now() - Number(sessionStorage.getItem(ANEW) ?? 0)) < PAUSE_MS) {
    link.textContent = "This view cannot be loaded. Trying again in a minute …";
    setTimeout(() => missing && fetchAnew(), PAUSE_MS);
    return;
  }
  sessionStorage.setItem(ANEW, Date.now());
  location.reload();
}

function turn() {
  const wanted = location.hash.slice(1);
  const tab = tabs.find((each) => each.hash === `#${wanted}` && !each.hidden) ?? tabs[0];
  const next = tab.hash.slice(1);
  for (const each of tabs) each.toggleAttribute("aria-current", false);
  tab.setAttribute("aria-current", "page");
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== next;
  document.title = next === "now" ? "mien" : `${tab.textContent} · mien`;
  if (next !== present) show(present, false);
  present = next;
  show(next, true);
}

/** Through a camera that is switched off nobody sees, whoever looks. */
function tellWatched() {
  const sees = value("page/live")?.watched && value("camera/state") !== "OFF";
  document.getElementById("watched").textContent = sees ? "Live view: somebody sees through the camera" : "";
}

/** Past the tabs to what the view is for, whichever it is; the address stays that of the view. */
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector(`#${present} [tabindex="-1"]`).focus();
});

now.start();
feel.start();
addEventListener("hashchange", turn);
on("page/live", ({ allowed }) => {
  document.querySelector('#pages a[href="#live"]').hidden = !allowed;
  tellWatched();
  if (allowed && location.hash === "#live" && present !== "live") turn();
});
on("camera/state", tellWatched);
let version;
on("info", (info) => { // a kiosk is never opened anew: after an upgrade it must not go on with the scripts of before
  if (version && version !== info.version) location.reload();
  version = info.version;
});
turn();
connect((linked) => {
  const back = linked && lost;
  lost = !linked;
  link.textContent = linked ? "" : "The device does not answer. Trying again …";
  link.classList.toggle("lost", lost);
  if (linked && missing) fetchAnew();
  else if (back) show(present, true);
});
