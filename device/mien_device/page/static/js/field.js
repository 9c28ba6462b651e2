// The living field: seven lights as strong as their feelings are probable, and a shape where the mood lies, as wide as it is unsure.
import { PLACES, colour, light } from "./plane.js";

const FRAME_MS = 1000 / 30;
const GLOW_SIDE = 300; // pixels of the longer side: light has no edges, so few are enough
const SHAPE_MOST = 1400;
const STEPS = 72;
const RINGS = 6;
const TRAIL_S = 180;
const LEAST = 40; // pixels; where there is less room it is drawn beyond it

/** Draws on two canvases until hidden. `target` is set by whoever knows the mood. */
export class Field {
  constructor(plane, room, glow, shape, marks) {
    Object.assign(this, { plane, room, glow, shape, marks });
    this.target = { there: 0, valence: 0, arousal: 0, valenceSd: 0.1, arousalSd: 0.1, shares: {}, people: [] };
    this.now = { there: 0, valence: 0, arousal: 0, valenceSd: 0.1, arousalSd: 0.1, shares: {} };
    this.people = new Map();
    this.trail = [];
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.drawn = 0;
    this.phase = 0;
    const resized = new ResizeObserver(() => this.fit());
    for (const element of [plane, room]) resized.observe(element);
    document.addEventListener("visibilitychange", () => this.wake());
    this.still.addEventListener("change", () => this.wake());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.wake());
  }

  /** Takes in where the mood is now. */
  aim(target) {
    this.target = target;
    const last = this.trail.at(-1);
    const at = performance.now() / 1000;
    if (target.there && (!last || at - last.at > 2)) this.trail.push({ at, v: target.valence, a: target.arousal });
    this.trail = this.trail.filter((point) => at - point.at < TRAIL_S);
    this.wake();
  }

  wake() {
    if (!this.asked && !document.hidden && this.plane.getClientRects().length) {
      this.asked = true;
      requestAnimationFrame((time) => this.turn(time));
    }
  }

  turn(time) {
    this.asked = false;
    const passed = time - this.drawn;
    if (this.still.matches) {
      this.settle(1);
      this.draw();
      return;
    }
    if (passed >= FRAME_MS - 4) {
      this.drawn = time;
      const seconds = Math.min(0.1, passed / 1000);
      this.phase += seconds * (0.55 + 0.45 * Math.max(-0.8, this.now.arousal));
      this.settle(1 - Math.exp(-seconds / 0.55));
      this.draw();
    }
    this.wake();
  }

  /** Goes a share of the way to where it should be. */
  settle(share) {
    const { now, target } = this;
    for (const key of ["there", "valence", "arousal", "valenceSd", "arousalSd"]) now[key] += share * (target[key] - now[key]);
    for (const feeling of Object.keys(PLACES)) {
      const present = now.shares[feeling] ?? 0;
      now.shares[feeling] = present + share * ((target.shares[feeling] ?? 0) - present);
    }
    const ids = new Set(target.people.map((person) => person.id));
    for (const person of target.people) {
      const known = this.people.get(person.id) ?? { v: person.valence, a: person.arousal, seen: 0 };
      known.v += share * (person.valence - known.v);
      known.a += share * (person.arousal - known.a);
      known.seen += share * ((person.mood ? 1 : 0.35) - known.seen);
      this.people.set(person.id, known);
    }
    for (const [id, known] of this.people) {
      if (ids.has(id)) continue;
      known.seen -= share * known.seen;
      if (known.seen < 0.02) this.people.delete(id);
    }
  }

  /** Lays the plane into `room`, the part of the screen that the style leaves free for it. */
  fit() {
    const { width, height, left, top } = this.plane.getBoundingClientRect();
    if (!width || !height) return;
    const room = this.room.getBoundingClientRect();
    const margin = 0.045 * Math.min(width, height) + 12;
    const wide = Math.max(LEAST, room.width - 2 * margin);
    const high = Math.max(LEAST, room.height - 2 * margin);
    const w = Math.min(wide, high * 1.35);
    const h = Math.min(high, w);
    this.box = { x: room.left - left + (room.width - w) / 2, y: room.top - top + (room.height - h) / 2, w, h };
    const scale = GLOW_SIDE / Math.max(width, height);
    this.glow.width = Math.round(width * scale);
    this.glow.height = Math.round(this.glow.clientHeight * scale);
    this.glowScale = scale;
    const pad = 0.25 * Math.max(this.box.w, this.box.h);
    this.ratio = Math.min(devicePixelRatio, SHAPE_MOST / (this.box.w + 2 * pad));
    this.pad = pad;
    this.shape.width = Math.round((this.box.w + 2 * pad) * this.ratio);
    this.shape.height = Math.round((this.box.h + 2 * pad) * this.ratio);
    place(this.shape, this.box.x - pad, this.box.y - pad, this.box.w + 2 * pad, this.box.h + 2 * pad);
    place(this.marks, this.box.x, this.box.y, this.box.w, this.box.h);
    this.untangle();
    this.wake();
  }

  /** Hides words that would lie on others: the ends of the axes first, they are also told by the colours. */
  untangle() {
    const words = [...this.marks.children].sort((a, b) => a.classList.contains("axis") - b.classList.contains("axis"));
    const shown = [];
    for (const word of words) {
      const { left, right, top, bottom } = word.getBoundingClientRect();
      const clear = shown.every((other) => left > other.right || right < other.left || top > other.bottom || bottom < other.top);
      word.classList.toggle("tangled", !clear);
      if (clear) shown.push({ left, right, top, bottom });
    }
  }

  /** Pixels of the plane's box, from its left and top. */
  x(valence) { return ((valence + 1) / 2) * this.box.w; }
  y(arousal) { return ((1 - arousal) / 2) * this.box.h; }

  draw() {
    if (!this.box) return;
    this.drawGlow();
    this.drawShape();
  }

  drawGlow() {
    const pen = this.glow.getContext("2d");
    const s = this.glowScale;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, this.glow.width, this.glow.height);
    pen.globalCompositeOperation = light() ? "multiply" : "lighter";
    const reach = Math.max(this.box.w, this.box.h) * s;
    const lamp = (v, a, radius, alpha, tint) => {
      const x = (this.box.x + this.x(v)) * s;
      const y = (this.box.y + this.y(a)) * s;
      const beam = pen.createRadialGradient(x, y, 0, x, y, radius);
      const strong = colour(...tint, { alpha, lightness: light() ? 0.86 : 0.5 });
      beam.addColorStop(0, strong);
      beam.addColorStop(0.45, colour(...tint, { alpha: alpha * 0.38, lightness: light() ? 0.9 : 0.45 }));
      beam.addColorStop(1, colour(...tint, { alpha: 0, lightness: light() ? 0.95 : 0.4 }));
      pen.fillStyle = beam;
      pen.fillRect(0, 0, this.glow.width, this.glow.height);
    };
    // The four quarters glimmer always: the plane is there before anybody is.
    for (const [v, a] of [[0.75, 0.75], [-0.75, 0.75], [-0.75, -0.75], [0.75, -0.75]]) {
      lamp(v, a, reach * 0.75, 0.3, [v, a]);
    }
    let index = 0;
    for (const [feeling, [v, a]] of Object.entries(PLACES)) {
      const share = (this.now.shares[feeling] ?? 0) * this.now.there;
      index += 1;
      if (share < 0.02) continue;
      const drift = 0.05 * Math.sin(this.phase * 0.7 + index * 1.9);
      lamp(v + drift, a - drift, reach * (0.22 + 0.5 * Math.sqrt(share)), 0.75 * Math.sqrt(share), [v, a]);
    }
    lamp(this.now.valence, this.now.arousal, reach * 0.85, 0.55 * this.now.there, [this.now.valence, this.now.arousal]);
  }

  drawShape() {
    const pen = this.shape.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.shape.width, this.shape.height);
    pen.setTransform(this.ratio, 0, 0, this.ratio, this.pad * this.ratio, this.pad * this.ratio);
    this.drawAxes(pen);
    this.drawTrail(pen);
    const { now } = this;
    const unit = Math.min(this.box.w, this.box.h) / 2;
    const [x, y] = [this.x(now.valence), this.y(now.arousal)];
    // Unsure: wide and many rings far apart. Sure: small, bright and closed.
    const rx = unit * (0.1 + 0.42 * now.valenceSd) * (0.55 + 0.45 * now.there);
    const ry = unit * (0.1 + 0.42 * now.arousalSd) * (0.55 + 0.45 * now.there);
    const breath = 1 + 0.035 * Math.sin(this.phase * 2.1);
    const seen = 0.25 + 0.75 * now.there;
    const tint = [now.valence * now.there, now.arousal * now.there];
    for (let ring = RINGS; ring >= 1; ring -= 1) {
      const grow = (1 + 0.3 * ring) * breath;
      this.outline(pen, x, y, rx * grow, ry * grow, ring * 0.55, 0.1 + 0.03 * ring);
      pen.strokeStyle = colour(...tint, { alpha: seen * (0.62 - 0.085 * ring), lightness: light() ? 0.48 : 0.85 });
      pen.lineWidth = Math.max(1, unit / 260);
      pen.stroke();
    }
    this.outline(pen, x, y, rx * breath, ry * breath, 0, 0.1);
    const body = pen.createRadialGradient(x - rx * 0.2, y - ry * 0.3, 0, x, y, Math.max(rx, ry) * 1.15);
    body.addColorStop(0, colour(...tint, { alpha: seen, lightness: light() ? 0.88 : 0.96 }));
    body.addColorStop(0.45, colour(...tint, { alpha: 0.95 * seen, lightness: light() ? 0.78 : 0.8 }));
    body.addColorStop(1, colour(...tint, { alpha: 0.85 * seen, lightness: light() ? 0.64 : 0.58 }));
    pen.fillStyle = body;
    pen.shadowColor = colour(...tint, { alpha: light() ? 0.35 : 0.7 });
    pen.shadowBlur = unit * 0.22 * this.ratio * now.there;
    pen.fill();
    pen.shadowBlur = 0;
    this.drawPeople(pen, unit);
  }

  /** A closed line about (x, y) that is never twice the same. */
  outline(pen, x, y, rx, ry, offset, rough) {
    pen.beginPath();
    for (let step = 0; step <= STEPS; step += 1) {
      const angle = (step / STEPS) * 2 * Math.PI;
      const wave =
        Math.sin(2 * angle + this.phase + offset) * 0.5 +
        Math.sin(3 * angle - this.phase * 1.3 + offset * 2) * 0.35 +
        Math.sin(5 * angle + this.phase * 0.8 - offset) * 0.15;
      const far = 1 + rough * wave;
      pen.lineTo(x + rx * far * Math.cos(angle), y + ry * far * Math.sin(angle));
    }
    pen.closePath();
  }

  drawAxes(pen) {
    pen.strokeStyle = light() ? "rgb(36 28 52 / .14)" : "rgb(255 255 255 / .12)";
    pen.lineWidth = 1;
    pen.beginPath();
    const gap = 22;
    pen.moveTo(0, this.box.h / 2);
    pen.lineTo(this.box.w, this.box.h / 2);
    pen.moveTo(this.box.w / 2, gap);
    pen.lineTo(this.box.w / 2, this.box.h - gap);
    pen.stroke();
  }

  drawTrail(pen) {
    const at = performance.now() / 1000;
    pen.lineCap = "round";
    pen.lineWidth = 2;
    for (let i = 1; i < this.trail.length; i += 1) {
      const [from, to] = [this.trail[i - 1], this.trail[i]];
      if (to.at - from.at > 10) continue;
      pen.strokeStyle = colour(to.v, to.a, { alpha: 0.5 * (1 - (at - to.at) / TRAIL_S), lightness: light() ? 0.55 : 0.8 });
      pen.beginPath();
      pen.moveTo(this.x(from.v), this.y(from.a));
      pen.lineTo(this.x(to.v), this.y(to.a));
      pen.stroke();
    }
  }

  /** A point for everyone who can be read, where they are by themselves. One alone is the mood. */
  drawPeople(pen, unit) {
    if (this.people.size < 2) return;
    for (const { v, a, seen } of this.people.values()) {
      pen.beginPath();
      pen.arc(this.x(v), this.y(a), unit * 0.028, 0, 2 * Math.PI);
      pen.fillStyle = colour(v, a, { alpha: seen, lightness: light() ? 0.42 : 0.95 });
      pen.fill();
      pen.strokeStyle = light() ? "rgb(255 255 255 / .9)" : "rgb(15 13 22 / .8)";
      pen.lineWidth = 2;
      pen.stroke();
    }
  }
}

function place(element, x, y, width, height) {
  Object.assign(element.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
}
