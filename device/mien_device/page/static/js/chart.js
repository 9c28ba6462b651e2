// Songs on the plane of valence and arousal: points that can be chosen and dragged.
import { colour, light } from "./plane.js";

const EDGE = 44; // pixels round the plane
const REACH = 22; // of a finger
const DRAG = 4; // a press that moves less is a tap

/** Draws `songs`; tells of the one that is chosen (`choose`) and of a new place for it (`move`, and `drop` when let go). */
export class Chart {
  constructor(canvas, { choose, move, drop }) {
    Object.assign(this, { canvas, choose, move, drop });
    this.songs = [];
    this.shown = () => true;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.draw());
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    canvas.addEventListener("pointerup", () => this.release());
    canvas.addEventListener("pointercancel", () => this.release());
  }

  x(valence) { return EDGE + ((valence + 1) / 2) * (this.width - 2 * EDGE); }
  y(arousal) { return EDGE + ((1 - arousal) / 2) * (this.height - 2 * EDGE); }

  place(x, y) {
    const within = (value) => Math.max(-1, Math.min(1, value));
    return {
      valence: within(((x - EDGE) / (this.width - 2 * EDGE)) * 2 - 1),
      arousal: within(1 - ((y - EDGE) / (this.height - 2 * EDGE)) * 2),
    };
  }

  press(event) {
    let nearest;
    let best = REACH;
    for (const song of this.songs) {
      if (!song.place || !this.shown(song)) continue;
      const far = Math.hypot(this.x(song.place.valence) - event.offsetX, this.y(song.place.arousal) - event.offsetY);
      if (far < best || (far < REACH && song === this.chosen)) [best, nearest] = [song === this.chosen ? -1 : far, song];
    }
    if (!nearest) return;
    this.choose(nearest);
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { x: event.offsetX, y: event.offsetY, moves: false };
  }

  drag(event) {
    if (!this.held) return;
    this.held.moves ||= Math.hypot(event.offsetX - this.held.x, event.offsetY - this.held.y) > DRAG;
    if (!this.held.moves) return;
    this.canvas.classList.add("held");
    this.move(this.place(event.offsetX, event.offsetY));
  }

  release() {
    const moved = this.held?.moves;
    this.held = undefined;
    this.canvas.classList.remove("held");
    if (moved) this.drop();
  }

  draw() {
    const { canvas } = this;
    [this.width, this.height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.width) return;
    const ratio = Math.min(2, devicePixelRatio);
    canvas.width = this.width * ratio;
    canvas.height = this.height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.ground(pen);
    for (const song of this.songs) {
      if (song.place && song !== this.chosen) this.dot(pen, song, this.shown(song) ? 1 : 0.12);
    }
    if (this.chosen?.place) this.halo(pen, this.chosen);
  }

  ground(pen) {
    pen.globalCompositeOperation = light() ? "multiply" : "lighter";
    const reach = Math.max(this.width, this.height);
    for (const [v, a] of [[0.8, 0.8], [-0.8, 0.8], [-0.8, -0.8], [0.8, -0.8]]) {
      const [x, y] = [this.x(v), this.y(a)];
      const glow = pen.createRadialGradient(x, y, 0, x, y, reach * 0.6);
      glow.addColorStop(0, colour(v, a, { alpha: 0.3, lightness: light() ? 0.88 : 0.42 }));
      glow.addColorStop(1, colour(v, a, { alpha: 0, lightness: light() ? 0.95 : 0.4 }));
      pen.fillStyle = glow;
      pen.fillRect(0, 0, this.width, this.height);
    }
    pen.globalCompositeOperation = "source-over";
    pen.strokeStyle = light() ? "rgb(36 28 52 / .16)" : "rgb(255 255 255 / .14)";
    pen.beginPath();
    pen.moveTo(EDGE, this.y(0));
    pen.lineTo(this.width - EDGE, this.y(0));
    pen.moveTo(this.x(0), EDGE);
    pen.lineTo(this.x(0), this.height - EDGE);
    pen.stroke();
  }

  dot(pen, { place, corrected, liked }, alpha, size = 5.5) {
    pen.beginPath();
    pen.arc(this.x(place.valence), this.y(place.arousal), size, 0, 2 * Math.PI);
    pen.fillStyle = colour(place.valence, place.arousal, { alpha: 0.9 * alpha, lightness: light() ? 0.58 : 0.78 });
    pen.fill();
    if (corrected || liked) {
      pen.strokeStyle = liked ? `rgb(220 40 70 / ${alpha})` : light() ? `rgb(28 24 39 / ${alpha})` : `rgb(255 255 255 / ${alpha})`;
      pen.lineWidth = 2;
      pen.stroke();
    }
  }

  /** The chosen one, with how unsure its place is. */
  halo(pen, song) {
    const { valence, arousal, valence_sd: sdX, arousal_sd: sdY } = song.place;
    pen.beginPath();
    pen.ellipse(this.x(valence), this.y(arousal), (sdX * (this.width - 2 * EDGE)) / 2, (sdY * (this.height - 2 * EDGE)) / 2, 0, 0, 2 * Math.PI);
    pen.fillStyle = colour(valence, arousal, { alpha: 0.16 });
    pen.fill();
    pen.strokeStyle = colour(valence, arousal, { alpha: 0.7, lightness: light() ? 0.5 : 0.85 });
    pen.lineWidth = 1.5;
    pen.stroke();
    this.dot(pen, song, 1, 10);
    const words = song.title.length > 34 ? `${song.title.slice(0, 33)}…` : song.title;
    pen.font = "600 15px system-ui, sans-serif";
    pen.fillStyle = light() ? "#1c1827" : "#f6f2ea";
    const width = pen.measureText(words).width;
    pen.fillText(words, Math.min(Math.max(8, this.x(valence) - width / 2), this.width - width - 8), Math.max(20, this.y(arousal) - 18));
  }
}
