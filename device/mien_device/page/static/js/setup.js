// Setting mien up: what the camera sees, what is wrong, the way to the home, and the music.
import { ask } from "./ask.js";
import { on } from "./feed.js";
import { drawFrame } from "./frame.js";
import { PLACES, colour } from "./plane.js";
import { MOODS, phrase } from "./words.js";

const PAUSE_MS = 250;
const by = (id) => document.getElementById(id);
const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let seen = false;
let watching = false;

/** Begins or ends to look. */
export function look(wanted) {
  const returns = wanted && !seen;
  seen = wanted;
  if (!wanted) return;
  watch();
  if (returns) {
    check();
    count();
  }
}

function element(name, words, kind) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words !== undefined) phrase(made, words);
  return made;
}

/* ---- The camera ---- */

async function watch() {
  if (watching) return;
  watching = true;
  while (seen && !document.hidden) {
    const framing = await ask("GET", "/api/setup/framing", undefined, { quiet: true });
    const picture = by("pictured").checked ? await lastPicture() : undefined;
    if (framing) {
      if (by("advice").textContent !== framing.advice) phrase(by("advice"), framing.advice);
      drawFrame(by("frame"), framing, picture);
    } else await rest(2000);
    picture?.close();
    await rest(PAUSE_MS);
  }
  watching = false;
}

async function lastPicture() {
  const answer = await fetch("/api/live").catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  return createImageBitmap((await answer.formData()).get("picture"));
}

document.addEventListener("visibilitychange", () => { if (seen) watch(); });
on("page/live", ({ allowed }) => {
  by("with-picture").hidden = !allowed;
  by("unpictured").hidden = allowed;
});

/* ---- The checks ---- */

const SIGNS = { ok: "M4.5 12.8 9.500 17.800 19.500 6.800", note: "M12 5v9M12 18.600v.4", mend: "M6 6l12 12M18 6 6 18" };
const SAID = { ok: "as it should be", note: "to be noted", mend: "to be mended" };

async function check() {
  by("check").disabled = true;
  by("checks-sum").textContent = "Looking at everything …";
  const found = await ask("POST", "/api/setup/checks");
  by("check").disabled = false;
  if (!found) {
    by("checks-sum").textContent = "";
    return;
  }
  const worst = found.findings.filter(({ grade }) => grade === "mend").length;
  const notes = found.findings.filter(({ grade }) => grade === "note").length;
  by("checks-sum").textContent = worst
    ? `${worst} to be mended, of ${found.findings.length}.`
    : `Nothing must be mended${notes ? `; ${notes} may interest you` : ""}.`;
  const order = ["mend", "note", "ok"];
  const sorted = found.findings.sort((a, b) => order.indexOf(a.grade) - order.indexOf(b.grade));
  by("findings").replaceChildren(...sorted.map(finding));
}

function finding({ subject, grade, found, remedy }) {
  const item = element("li", undefined, grade);
  const sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  sign.setAttribute("viewBox", "0 0 24 24");
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", SAID[grade]);
  path.setAttribute("d", SIGNS[grade]);
  sign.append(path);
  item.append(sign, element("b", subject), element("span", found, "found-words"));
  if (remedy) item.append(element("p", remedy, "remedy"));
  return item;
}

by("check").addEventListener("click", check);

/* ---- The home ---- */

by("search-home").addEventListener("click", async () => {
  by("search-home").disabled = true;
  by("home-now").textContent = "Asking in the network …";
  const answer = await ask("POST", "/api/setup/nearby");
  by("search-home").disabled = false;
  by("home-now").textContent = !answer ? "" : answer.found.length
    ? "Choose one, and try it. Each says of itself what it is."
    : "Nobody announces itself. Type the name or address of your broker.";
  by("neighbours").replaceChildren(...(answer?.found ?? []).map(neighbour));
});

function neighbour({ kind, name, host, port, tls }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const what = kind === "broker" ? `Broker${tls ? ", encrypted" : ""}` : "Home Assistant; its broker is mostly there too";
  button.append(name, element("small", `${what} · ${host}:${port}`));
  button.addEventListener("click", () => {
    by("broker-host").value = host;
    by("broker-port").value = port;
    by("broker-tls").checked = tls;
    by("broker-user").focus();
  });
  item.append(button);
  return item;
}

by("broker").addEventListener("submit", async (event) => {
  event.preventDefault();
  by("broker-try").disabled = true;
  by("how").hidden = true;
  judge("Knocking …", "waiting");
  const wanted = {
    host: by("broker-host").value.trim(), port: Number(by("broker-port").value), tls: by("broker-tls").checked,
    username: by("broker-user").value, password: by("broker-password").value,
  };
  const answer = await ask("POST", "/api/setup/broker", wanted, { refused: (words) => judge(words, "bad") });
  by("broker-try").disabled = false;
  if (!answer) return;
  if (answer.trouble) {
    judge(answer.trouble, "bad");
    return;
  }
  judge(`${wanted.host} lets mien in.`, "good");
  by("lines").textContent = answer.lines;
  by("how-password").hidden = !wanted.password;
  by("how").hidden = false;
});

function judge(words, kind) {
  by("verdict").className = `verdict ${kind}`;
  phrase(by("verdict"), words);
}

/* ---- The music ---- */

async function count() {
  const stock = await ask("GET", "/api/setup/music", undefined, { quiet: true });
  if (!stock) return;
  const { folder, folders, library, choose, problems } = stock;
  const most = Math.max(1, ...Object.values(folders));
  phrase(by("stock-sum"), [
    `Folders of the moods: \`${folder}\`.`,
    !library ? "No library yet: `mien library scan` finds all songs on the disk and listens to them."
      : library.heard < library.all ? `Library: ${library.all} songs, ${library.all - library.heard} of them wait to be listened to (\`mien library scan\`).`
        : `Library: ${library.all} songs, all of them listened to.`,
    choose === "auto" ? "" : `Songs are chosen from the ${choose} (\`music.choose\`).`,
  ].join(" "));
  by("stock").replaceChildren(...Object.entries(folders).flatMap(([mood, number]) => {
    const share = element("dd", undefined, "share");
    const bar = document.createElement("i");
    bar.style.transform = `scaleX(${number / most})`;
    bar.style.background = colour(...PLACES[mood]);
    share.append(bar);
    return [element("dt", MOODS[mood]), share, element("dd", String(number))];
  }));
  by("stock-problems").replaceChildren(...problems.map((words) => element("li", words)));
}
