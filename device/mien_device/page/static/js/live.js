// What the camera sees: asks for one picture after the other for as long as somebody looks, and draws what was found in it.
import { on, value } from "./feed.js";
import { PLACES, colour } from "./plane.js";
import { MOODS } from "./words.js";

const by = (id) => document.getElementById(id);
let looking = false;
let asking = false;
let last = 0;

/** Begins or ends to look. */
export function look(wanted) {
  looking = wanted;
  if (wanted) ask();
}

const OFF = "The camera is switched off.";
const isOff = () => value("camera/state") === "OFF";
on("camera/state", () => isOff() && say(OFF)); // at once: nobody wants to be looked at for another second

document.addEventListener("visibilitychange", () => {
  if (looking && !document.hidden) ask();
});

async function ask() {
  if (asking) return;
  asking = true;
  while (looking && !document.hidden) {
    try {
      const answer = await fetch(`/api/live?after=${last}`);
      if (answer.status === 200) await show(await answer.formData());
      else await lack(answer);
    } catch {
      say("The device does not answer.");
      await rest(2000);
    }
  }
  asking = false;
}

async function lack(answer) {
  if (answer.status === 204) say(isOff() ? OFF : "The camera gives no picture.");
  else say((await answer.json()).error);
  if (answer.status !== 204) await rest(3000);
}

const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function say(words) {
  by("live-empty").textContent = words;
  by("live-empty").hidden = false;
  by("live-nobody").hidden = true;
  by("faces").replaceChildren();
  by("figures").replaceChildren();
}

async function show(parts) {
  const found = JSON.parse(await parts.get("found").text());
  last = found.number;
  const picture = await createImageBitmap(parts.get("picture"));
  if (isOff()) return;
  by("live-empty").hidden = true;
  draw(picture, found);
  picture.close();
  by("figures").replaceChildren(
    figure(found.fps.toFixed(1), "frames a second"), figure(`${found.age_ms.toFixed(0)} ms`, "old when read"),
    figure(`${found.find_ms.toFixed(1)} ms`, "finding"), figure(`${found.read_ms.toFixed(1)} ms`, "reading"),
  );
  by("live-nobody").hidden = found.faces.length > 0;
  await list(found.faces, parts);
}

function figure(number, words) {
  const element = document.createElement("span");
  const bold = document.createElement("b");
  bold.textContent = number;
  element.append(bold, ` ${words}`);
  return element;
}

const best = (shares) => Object.entries(shares).reduce((a, b) => (b[1] > a[1] ? b : a));

function title(face) {
  if (face.trouble) return `${face.trouble}, not read`;
  if (!face.probabilities) return "not seen just now";
  const [feeling, share] = best(face.probabilities);
  return face.readable < 0.5 ? "cannot be read" : `${MOODS[feeling].toLowerCase()} ${Math.round(share * 100)} %`;
}

function tint(face) {
  return face.probabilities ? colour(...PLACES[best(face.probabilities)[0]], { lightness: 0.82 }) : "#cfc9d6";
}

function draw(picture, found) {
  const canvas = by("picture");
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(picture, 0, 0);
  const scale = picture.width / found.width;
  const unit = Math.max(1, picture.width / 320);
  for (const face of found.faces) {
    const [x, y, width, height] = face.box.map((value) => value * scale);
    pen.strokeStyle = pen.fillStyle = tint(face);
    pen.lineWidth = 1.4 * unit;
    pen.beginPath();
    pen.roundRect(x, y, width, height, 0.12 * Math.min(width, height));
    pen.stroke();
    for (const [eyeX, eyeY] of face.landmarks) {
      pen.beginPath();
      pen.arc(eyeX * scale, eyeY * scale, 1.6 * unit, 0, 2 * Math.PI);
      pen.fill();
    }
    label(pen, `${face.id}  ${title(face)}`, x, y, unit);
  }
}

function label(pen, words, x, y, unit) {
  pen.font = `600 ${8 * unit}px system-ui, sans-serif`;
  const width = pen.measureText(words).width + 8 * unit;
  const left = Math.min(Math.max(0, x), Math.max(0, pen.canvas.width - width));
  const top = y > 14 * unit ? y - 13 * unit : y + 2 * unit;
  pen.beginPath();
  pen.roundRect(left, top, width, 12 * unit, 4 * unit);
  pen.fill();
  pen.fillStyle = "#14111c";
  pen.fillText(words, left + 4 * unit, top + 9 * unit);
}

/** A card for each face; those that are there already are kept, so that nothing flickers. */
async function list(faces, parts) {
  const cards = new Map([...by("faces").children].map((card) => [card.dataset.id, card]));
  for (const face of faces) {
    const card = cards.get(String(face.id)) ?? fresh(face.id);
    cards.delete(String(face.id));
    card.querySelector("h2").textContent = `Face ${face.id}: ${title(face)}`;
    for (const feeling of Object.keys(PLACES)) {
      const share = face.probabilities?.[feeling] ?? 0;
      card.querySelector(`.${feeling} i`).style.transform = `scaleX(${share})`;
      card.querySelector(`dd.number-${feeling}`).textContent = face.probabilities ? `${Math.round(share * 100)} %` : "";
    }
    const crop = parts.get(`crop-${face.id}`);
    if (crop) {
      const bitmap = await createImageBitmap(crop);
      card.querySelector(".crop").getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
    }
  }
  for (const gone of cards.values()) gone.remove();
}

function fresh(id) {
  const card = document.createElement("li");
  card.className = "face";
  card.dataset.id = id;
  const heading = document.createElement("h2");
  const crop = document.createElement("canvas");
  Object.assign(crop, { className: "crop", width: 48, height: 48 });
  crop.setAttribute("role", "img");
  crop.setAttribute("aria-label", "The 48 by 48 pixels that the network is shown");
  const shares = document.createElement("dl");
  for (const [feeling, name] of Object.entries(MOODS)) {
    const term = document.createElement("dt");
    term.textContent = name.toLowerCase();
    const track = document.createElement("dd");
    track.className = `track ${feeling}`;
    track.append(document.createElement("i"));
    const number = document.createElement("dd");
    number.className = `number-${feeling}`;
    shares.append(term, track, number);
  }
  card.append(heading, crop, shares);
  by("faces").append(card);
  return card;
}
