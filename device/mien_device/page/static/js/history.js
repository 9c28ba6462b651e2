// The history: what faces looked like over a day or a week, what played, and what helped.
import { send, tell } from "./ask.js";
import { Charts } from "./days.js";
import { dateWords, helpedWords, lasting, mostly, percent, pleasantness, shares, slotWords } from "./past.js";
import { MODES, MOODS } from "./words.js";
import { moodColour } from "./plane.js";

const AGAIN_MS = 60_000;
const by = (id) => document.getElementById(id);
let days = 1;
let until; // undefined: today
let past;
let asking;

const charts = new Charts(by("curve"), by("columns"), (place) => point(place));

/** Begins or ends to look. */
export function look(seen) {
  clearInterval(asking);
  if (!seen) return;
  load();
  asking = setInterval(() => document.hidden || load(), AGAIN_MS);
}

async function load() {
  const wanted = `${days} ${until}`;
  try {
    const answer = await fetch(`/api/history?days=${days}${until ? `&until=${until}` : ""}`);
    const { data, error } = await answer.json();
    if (wanted !== `${days} ${until}`) return; // somebody turned the page meanwhile
    if (!answer.ok) return note(error);
    show(data);
  } catch {
    tell("The device does not answer.");
  }
}

function show(data) {
  const turned = past?.until !== data.until || past?.slot_minutes !== data.slot_minutes;
  past = data;
  by("date").textContent = dateWords(data, days);
  by("later").disabled = !data.today || data.until >= data.today;
  by("earlier").disabled = !data.first || data.from <= data.first;
  note(!data.today ? "The device's clock is not set yet; what is seen now is put down once it is."
    : data.on ? "" : "Nothing is noted now: history.enabled is false in mien's configuration.");
  const { total } = data;
  by("said").textContent = total.seen_s < 1 ? "Nobody was seen, or the camera was off."
    : `Somebody was in view for ${lasting(total.seen_s)}${mostly(total) ? `; they looked ${mostly(total)}, ${pleasantness(total.valence)} on the whole` : ", too far or dark to be read"}.`;
  showShares(total);
  charts.draw(data, days);
  const scrub = by("scrub");
  scrub.max = charts.count - 1;
  if (turned) scrub.value = charts.last;
  point(Number(scrub.value));
  showTable();
  showPlayed();
  showHelped();
  by("kept").textContent = `For every minute: how long which mood was seen, and how many people at most; and which songs played. `
    + `No picture, nothing that says who you are. It stays on this device and is forgotten after ${data.keeps_days} days.`;
}

function note(words) {
  by("history-note").hidden = !words;
  by("history-note").textContent = words;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function showShares(total) {
  const found = shares(total);
  by("shares").replaceChildren(...found.map(({ mood, share }) => {
    const part = element("i");
    part.style.flexGrow = share;
    part.style.background = moodColour(mood);
    return part;
  }));
  by("legend").replaceChildren(...found.map(({ mood, share, seconds }) => {
    const item = element("li");
    const dot = element("i");
    dot.style.background = moodColour(mood);
    item.append(dot, element("b", "", MOODS[mood]), element("span", "", `${percent(share)} % · ${lasting(seconds)}`));
    return item;
  }));
}

/** Shows one slot in words: the one under the pointer, or where the slider is. */
function point(place) {
  const scrub = by("scrub");
  scrub.value = place;
  scrub.style.setProperty("--filled", `${(100 * place) / Math.max(1, charts.count - 1)}%`);
  const words = slotWords(charts.slot(place), charts.time(place));
  by("readout").textContent = words;
  scrub.setAttribute("aria-valuetext", words);
  charts.point(place);
}

function showTable() {
  by("when-head").textContent = days === 1 ? "Hour" : "Day";
  by("rows").replaceChildren(...charts.groups.filter((group) => group.seen_s > 0).map((group) => {
    const row = element("tr");
    const head = element("th", "", group.name);
    head.scope = "row";
    const moods = shares(group).map(({ mood, share }) => `${MOODS[mood].toLowerCase()} ${percent(share)} %`);
    row.append(head, element("td", "", lasting(group.seen_s)), element("td", "", moods.join(", ") || "not to be read"),
      element("td", "", group.valence === null ? "–" : group.valence.toFixed(2)));
    return row;
  }));
}

function showPlayed() {
  by("played").replaceChildren(...past.played.map((play) => {
    const item = element("li");
    const at = days === 1 ? play.at.slice(11, 16) : `${dateWords({ until: play.at.slice(0, 10) }, 0)} ${play.at.slice(11, 16)}`;
    const words = element("span", "name", play.artist ? `${play.title} · ${play.artist}` : play.title);
    item.append(element("time", "", at), words, element("small", "", `${MODES[play.mode][0]} · ${lasting(play.heard_s)}`));
    item.firstChild.dateTime = play.at;
    return item;
  }));
  const hidden = past.songs - past.played.length;
  by("played-note").textContent = !past.songs ? "No song was heard." : hidden ? `And ${hidden} more; the table to save has all of them.` : "";
}

function showHelped() {
  const { songs, modes } = past.helped;
  const rows = [
    ...songs.map((song) => [song.artist ? `${song.title} · ${song.artist}` : song.title, song]),
    ...modes.map((mode) => [`Mode: ${MODES[mode.mode][0]}`, mode]),
  ];
  by("helped").replaceChildren(...rows.map(([name, { plays, rose, change }]) => {
    const item = element("li");
    item.append(element("b", "", name), element("span", "", `more pleasant after ${rose} of ${plays} times (${change > 0 ? "+" : ""}${change.toFixed(2)})`));
    return item;
  }));
  by("helped-note").textContent = helpedWords(past.helped);
}

function turn(step) {
  const day = new Date(`${past.until}T00:00Z`);
  day.setUTCDate(day.getUTCDate() + step * days);
  const wanted = day.toISOString().slice(0, 10);
  until = past.today && wanted >= past.today ? undefined : wanted;
  load();
}

function span(wanted) {
  days = wanted;
  by("one-day").setAttribute("aria-pressed", String(days === 1));
  by("one-week").setAttribute("aria-pressed", String(days === 7));
  load();
}

by("earlier").addEventListener("click", () => turn(-1));
by("later").addEventListener("click", () => turn(1));
by("one-day").addEventListener("click", () => span(1));
by("one-week").addEventListener("click", () => span(7));
by("scrub").addEventListener("input", () => point(Number(by("scrub").value)));
by("erase").addEventListener("click", () => by("sure").showModal());
by("erase-no").addEventListener("click", () => by("sure").close());
by("erase-yes").addEventListener("click", async () => {
  by("sure").close();
  if (await send("DELETE", "/api/history")) tell("The history is erased.");
  until = undefined;
  load();
});
