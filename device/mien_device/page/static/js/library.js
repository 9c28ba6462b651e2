// The library: where each song lies, and what a person says of it.
import { command, send, tell } from "./ask.js";
import { Chart } from "./chart.js";
import { value } from "./feed.js";
import { accent, colour } from "./plane.js";

const MOST = 100; // songs in the list at once; the search finds the others
const AGAIN_MS = 30_000;
const by = (id) => document.getElementById(id);
let songs = [];
let chosen;
let asking;

const chart = new Chart(by("songs"), { choose, move, drop: keepPlace });

/** Begins or ends to look: while it is seen the library is read again now and then, for scans and what others say. */
export function look(seen) {
  clearInterval(asking);
  if (!seen) return;
  load();
  asking = setInterval(() => document.hidden || chart.held || load(), AGAIN_MS);
}

async function load() {
  try {
    const answer = await fetch("/api/songs");
    const { data, error } = await answer.json();
    if (!answer.ok) return tell(error);
    songs = chart.songs = data.songs;
    choose(songs.find((song) => song.id === chosen?.id));
    list();
  } catch {
    tell("The device does not answer.");
  }
}

const found = (song) => {
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${song.title} ${song.artist} ${song.album}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

function list() {
  const hits = songs.filter(found);
  const placed = songs.filter((song) => song.place).length;
  by("count").textContent = !songs.length
    ? "No songs yet. On the device, mien library scan listens to your music."
    : `${hits.length} of ${songs.length} songs${hits.length > MOST ? `, the first ${MOST} are shown` : ""}`;
  by("songs").setAttribute("aria-label", `${placed} songs on the plane. Choose one from the list to move it by keyboard.`);
  by("list").replaceChildren(...hits.slice(0, MOST).map(row));
  chart.shown = found;
  chart.draw();
}

function row(song) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = song.id;
  button.setAttribute("aria-pressed", String(song.id === chosen?.id));
  const dot = document.createElement("span");
  dot.className = "dot";
  if (song.place) dot.style.background = colour(song.place.valence, song.place.arousal);
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = song.artist ? `${song.title} · ${song.artist}` : song.title;
  const mood = document.createElement("small");
  mood.textContent = song.mood ?? "not heard yet";
  button.append(dot, name, mood);
  button.addEventListener("click", () => choose(song));
  item.append(button);
  return item;
}

function choose(song) {
  const other = song?.id !== chosen?.id;
  chosen = chart.chosen = song;
  by("chosen").hidden = !song;
  if (song) {
    if (other) by("chosen-cover").src = `/api/covers/${song.id}`;
    by("chosen-title").textContent = song.title;
    by("chosen-artist").textContent = [song.artist, song.album].filter(Boolean).join(" · ");
    by("chosen-like").setAttribute("aria-pressed", String(song.liked === true));
    by("chosen-undo").hidden = !song.corrected;
    showPlace();
  }
  for (const button of by("list").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.id === song?.id));
  }
  chart.draw();
}

function showPlace() {
  const { place, mood, corrected } = chosen;
  for (const axis of ["valence", "arousal"]) {
    const slider = by(`chosen-${axis}`);
    slider.value = Math.round((place?.[axis] ?? 0) * 100);
    slider.style.setProperty("--filled", `${(Number(slider.value) + 100) / 2}%`);
  }
  by("chosen").style.setProperty("--mood", accent(place?.valence ?? 0, place?.arousal ?? 0));
  by("chosen-mood").textContent = !place ? "Not heard yet; you may say where it lies." : corrected ? `${mood}, as you said` : `${mood}, as mien hears it`;
}

/** While it is dragged: only here. */
function move({ valence, arousal }) {
  chosen.place = { valence_sd: 0.1, arousal_sd: 0.1, ...chosen.place, valence, arousal };
  showPlace();
  chart.draw();
}

async function keepPlace() {
  const { id, place } = chosen;
  await send("PUT", `/api/songs/${id}/place`, { valence: place.valence, arousal: place.arousal });
  load();
}

for (const axis of ["valence", "arousal"]) {
  by(`chosen-${axis}`).addEventListener("input", () => {
    const at = { valence: by("chosen-valence").value / 100, arousal: by("chosen-arousal").value / 100 };
    move(at);
  });
  by(`chosen-${axis}`).addEventListener("change", keepPlace);
}
by("search").addEventListener("input", list);
by("chosen-play").addEventListener("click", () => {
  if (value("mode/state") === "off") tell("The music is switched off; choose another mode first.");
  else command("play", chosen.id);
});
by("chosen-like").addEventListener("click", async () => {
  await send("PUT", `/api/songs/${chosen.id}/liked`, { liked: chosen.liked !== true });
  load();
});
by("chosen-undo").addEventListener("click", async () => {
  await send("DELETE", `/api/songs/${chosen.id}/place`);
  load();
});
