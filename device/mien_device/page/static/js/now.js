// The Now page: the mood, the music, and what can be done about both.
import { command, tell } from "./ask.js";
import { clock, on, value } from "./feed.js";
import { Field } from "./field.js";
import { PLACES, accent } from "./plane.js";
import { MODES, MOODS, minutes, people, phrase, since } from "./words.js";

const by = (id) => document.getElementById(id);
const marks = {};
let field;
let mood = { there: false, lasts: 0, at: 0 };
let progress = { runs: false, position_s: 0, duration_s: null, at: 0 };
let sought = -Infinity;
let silentSince;
const SILENT_MS = 3000; // a song that is about to begin needs no excuse

/** Binds everything; to be called once. */
export function start() {
  for (const [feeling, [valence, arousal]] of Object.entries(PLACES)) {
    const mark = document.createElement("span");
    mark.className = `feeling ${feeling}`;
    mark.textContent = MOODS[feeling].toLowerCase();
    mark.style.left = `${(valence + 1) * 50}%`;
    mark.style.top = `${(1 - arousal) * 50}%`;
    marks[feeling] = mark;
    by("marks").append(mark);
  }
  field = new Field(by("plane"), by("room"), by("glow"), by("shape"), by("marks"));
  showMood();
  showMusic();
  showHealth();
  offerControls();
  setInterval(tick, 500);
}

/** Draws again after having been out of sight. */
export function look(seen) {
  if (seen) field.wake();
}

function showMood() {
  on("page/mood", (now, at) => {
    const there = now.mood !== "none";
    mood = { there, lasts: now.lasts_s, at, confidence: now.confidence, faces: now.people.length };
    by("mood-word").textContent = word(now);
    by("mood-intro").textContent = there ? "The room looks" : "In view";
    field.aim({
      there: there ? 1 : 0, valence: now.valence, arousal: now.arousal,
      valenceSd: now.valence_sd, arousalSd: now.arousal_sd, shares: now.probabilities, people: now.people,
    });
    for (const [feeling, mark] of Object.entries(marks)) {
      const share = now.probabilities[feeling] ?? 0;
      mark.classList.toggle("on", there && share > 0.15);
      mark.style.opacity = there ? Math.min(1, 0.45 + share * 1.2) : 0.4;
    }
    document.documentElement.style.setProperty("--mood", accent(there ? now.valence : 0, there ? now.arousal : 0));
    by("plane").setAttribute("aria-label", described(now));
    tick();
  });
  on("mood/state", (now) => say(now.mood === "none" ? "" : `The room looks ${MOODS[now.mood].toLowerCase()}.`));
  on("camera/state", tick);
  on("camera/availability", tick);
  on("message/state", ({ text }) => {
    by("screen").hidden = !text;
    by("screen").textContent = text;
  });
}

function word(now) {
  if (now.mood !== "none") return MOODS[now.mood];
  if (value("camera/state") === "OFF") return "Resting";
  return now.people.length ? "Someone" : "Nobody";
}

function detail() {
  if (value("camera/state") === "OFF") return "The camera is off. Nobody is seen.";
  if (value("camera/availability") === "offline") return "The camera gives no picture.";
  if (mood.faces === undefined) return "";
  if (!mood.there) return mood.faces ? "What they look like cannot be read yet." : "The music follows whoever comes.";
  const sure = `${Math.round(mood.confidence * 100)} % sure`;
  return [sure, since(mood.lasts + clock() - mood.at), people(mood.faces)].join(" · ");
}

function described(now) {
  if (now.mood === "none") return "The plane of moods, empty.";
  const side = now.valence >= 0 ? "pleasant" : "unpleasant";
  const pace = now.arousal >= 0 ? "lively" : "quiet";
  const wide = (now.valence_sd + now.arousal_sd) / 2 > 0.35 ? "unsure" : "rather sure";
  return `${MOODS[now.mood]}, on the ${side}, ${pace} side; ${wide}.`;
}

function showMusic() {
  on("now_playing/state", (now) => {
    const stopped = now.state === "stopped";
    by("title").textContent = stopped ? "Nothing plays" : now.title;
    by("artist").textContent = stopped ? "" : now.artist;
    by("why").textContent = stopped ? "" : now.why;
    if (now.state === "playing") say(`Plays ${now.title}${now.artist ? ` by ${now.artist}` : ""}.`);
  });
  on("page/progress", (now, at) => {
    progress = { ...now, at };
    const source = now.cover === null ? "/static/icon.svg" : `/api/covers/${now.cover}`;
    if (by("cover").getAttribute("src") !== source) by("cover").src = source;
    tick();
  });
  on("pause/state", (paused) => {
    const held = paused === "ON";
    by("pause").setAttribute("aria-label", held ? "Play" : "Pause");
    by("pause").querySelector("use").setAttribute("href", held ? "#i-play" : "#i-pause");
  });
}

const PARTS = {
  camera: "Camera", accelerator: "Coral", sound: "Sound", disk: "Disk", library: "Library", music: "Music", heat: "Heat", power: "Power supply",
};

/** What does less than it should: the first in a line, and all with their remedies for whoever wants to know. */
function showHealth() {
  on("health/state", ({ reasons }) => {
    const ailing = Object.entries(reasons);
    by("ailing").hidden = !ailing.length;
    if (!ailing.length) return;
    const [part, reason] = ailing[0];
    const others = ailing.length > 1 ? ` (and ${ailing.length - 1} more)` : "";
    phrase(by("ailing-first"), `${PARTS[part]}: ${reason.split("; ")[0]}${others}`);
    by("ailing-all").replaceChildren(...ailing.map(([name, why]) => {
      const item = document.createElement("li");
      const title = document.createElement("b");
      const words = document.createElement("span");
      title.textContent = PARTS[name];
      phrase(words, why);
      item.append(title, words);
      return item;
    }));
  });
}

/** Why nothing plays although there is somebody to play for; empty where that is as it should be. */
function silence() {
  const awaited = mood.there || (value("feeling/state")?.feeling ?? "none") !== "none";
  const may = value("mode/state") !== "off" && value("pause/state") === "OFF";
  return awaited && may ? "There is no music for this mood yet. Setup says what is found." : "";
}

/** What changes with time alone. */
function tick() {
  const { position_s: from, duration_s: length, runs, at, cover } = progress;
  const come = cover ? Math.min(from + (runs ? clock() - at : 0), length ?? Infinity) : 0;
  const slider = by("progress");
  slider.disabled = !(cover && length);
  slider.max = length || 1;
  if (performance.now() - sought > 1000) showPlace(come, length); // whoever holds it is not disturbed
  showSilence();
  by("duration").textContent = cover && length ? minutes(length) : "";
  by("mood-detail").textContent = detail();
}

function showSilence() {
  const stopped = value("now_playing/state")?.state === "stopped";
  silentSince = stopped ? silentSince ?? performance.now() : undefined;
  if (stopped) by("why").textContent = performance.now() - silentSince > SILENT_MS ? silence() : "";
  by("why").hidden = !by("why").textContent;
}

function showPlace(come, length) {
  const slider = by("progress");
  const plays = Boolean(progress.cover);
  slider.value = length ? come : 0;
  slider.style.setProperty("--filled", `${length ? (100 * come) / length : 0}%`);
  slider.setAttribute("aria-valuetext", plays ? `${minutes(come)}${length ? ` of ${minutes(length)}` : ""}` : "nothing plays");
  by("elapsed").textContent = plays ? minutes(come) : "";
}

let spoken;
function say(words) {
  if (words && words !== spoken) by("spoken").textContent = spoken = words;
}

function offerControls() {
  by("pause").addEventListener("click", () => command("pause", value("pause/state") === "ON" ? "OFF" : "ON"));
  by("next").addEventListener("click", () => command("next"));
  offerJudgement();
  by("camera").addEventListener("click", () => command("camera", value("camera/state") === "OFF" ? "ON" : "OFF"));
  on("camera/state", (camera) => by("camera").setAttribute("aria-checked", String(camera === "ON")));
  offerPlaces();
  offerVolume();
  for (const [mode, [name, does]] of Object.entries(MODES)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = does;
    button.addEventListener("click", () => command("mode", mode));
    on("mode/state", (now) => button.setAttribute("aria-pressed", String(now === mode)));
    by("modes").append(button);
  }
}

const KEPT_MS = 2500;

/** Like and dislike. That it was kept is an event; only songs of the library can be kept. */
function offerJudgement() {
  const buttons = { track_liked: by("like"), track_disliked: by("dislike") };
  let judged; // the title that was
  let waiting;
  const show = (kind) => {
    for (const [each, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(each === kind));
  };
  for (const [kind, button] of Object.entries(buttons)) {
    button.addEventListener("click", async () => {
      clearTimeout(waiting);
      const title = value("now_playing/state")?.title;
      if (!title) tell("Nothing plays that could be judged.");
      else if (await command(button.id)) {
        waiting = setTimeout(() => tell("Not kept: this song is not in the library. `mien library scan` takes it in."), KEPT_MS);
      }
    });
    on("event", ({ event_type: happened, title }) => {
      if (happened !== kind) return;
      clearTimeout(waiting);
      judged = title;
      show(kind);
      say(kind === "track_liked" ? `You like ${title}.` : `You do not like ${title}.`);
    });
  }
  on("now_playing/state", ({ title }) => { if (title !== judged) show(judged = undefined); });
}

/** Where the song is follows the device, unless somebody holds it; let go, it goes on there. */
function offerPlaces() {
  const slider = by("progress");
  slider.addEventListener("input", () => {
    sought = performance.now();
    showPlace(Number(slider.value), progress.duration_s);
  });
  slider.addEventListener("change", () => {
    sought = performance.now();
    command("seek", Math.round(slider.value * 10) / 10);
  });
}

/** The slider follows the device, unless somebody holds it; then the device follows the slider, ten times a second at most. */
function offerVolume() {
  const slider = by("volume");
  let held = -Infinity;
  let waiting;
  const fill = () => slider.style.setProperty("--filled", `${slider.value}%`);
  const send = () => {
    waiting = undefined;
    command("volume", Number(slider.value));
  };
  slider.addEventListener("input", () => {
    held = performance.now();
    fill();
    waiting ??= setTimeout(send, 100);
  });
  on("volume/state", (volume) => {
    if (performance.now() - held < 800) return;
    slider.value = volume;
    fill();
  });
}
