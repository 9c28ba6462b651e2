// "I feel different": a person's own word in the place of what their face looks like.
import { command } from "./ask.js";
import { clock, on } from "./feed.js";
import { PLACES, accent } from "./plane.js";
import { MOODS } from "./words.js";

const by = (id) => document.getElementById(id);
let said = { feeling: "none", lasts_s: 0, at: 0 };

/** Binds everything; to be called once. */
export function start() {
  for (const [feeling, word] of Object.entries(MOODS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.style.setProperty("--dot", accent(...PLACES[feeling]));
    button.addEventListener("click", () => say(feeling));
    on("feeling/state", (now) => button.setAttribute("aria-pressed", String(now.feeling === feeling)));
    by("words").append(button);
  }
  by("unfeel").addEventListener("click", () => {
    by("feel").focus(); // the button that was pressed goes
    command("feeling", "none");
  });
  on("feeling/state", (now, at) => {
    said = { ...now, at };
    tell();
  });
  setInterval(tell, 10_000);
}

function say(feeling) {
  by("feelings").hidePopover();
  command("feeling", feeling);
}

function tell() {
  const counts = said.feeling !== "none";
  const left = Math.max(1, Math.round((said.lasts_s - (clock() - said.at)) / 60));
  by("felt").textContent = counts ? `You said: ${MOODS[said.feeling].toLowerCase()} · ${left} min` : "";
  by("unfeel").hidden = !counts;
  by("feel").textContent = counts ? "Change" : "I feel different";
}
