// Two charts over the same time, drawn as SVG: how pleasant faces looked, and the moods as columns.
import { dateWords } from "./past.js";
import { colour, light, moodColour } from "./plane.js";
import { MOODS } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 8; // pixels beside the charts
const FOOT = 22; // below them, for the times
const HEAD = 16;

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Draws what `/api/history` says; tells `whenPointed` of the slot under the pointer. */
export class Charts {
  constructor(curve, columns, whenPointed) {
    Object.assign(this, { curve, columns, groups: [], count: 1, last: 0 });
    const again = () => this.data && this.draw(this.data, this.days);
    new ResizeObserver(again).observe(curve);
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", again);
    for (const chart of [curve, columns]) {
      chart.addEventListener("pointermove", (event) => {
        const share = (event.offsetX - LEFT) / (chart.clientWidth - 2 * LEFT);
        whenPointed(Math.max(0, Math.min(this.count - 1, Math.floor(share * this.count))));
      });
    }
  }

  draw(data, days) {
    Object.assign(this, { data, days });
    this.perDay = 1440 / data.slot_minutes;
    this.count = days * this.perDay;
    const first = Date.parse(`${data.from}T00:00Z`);
    const dayOf = (day) => Math.round((Date.parse(`${day}T00:00Z`) - first) / 86_400_000);
    this.slots = new Map(data.slots.map((slot) => [dayOf(slot.day) * this.perDay + slot.minute / data.slot_minutes, slot]));
    this.last = Math.max(...this.slots.keys(), 0);
    this.groups = this.group();
    this.width = this.curve.clientWidth;
    if (!this.width) return;
    this.drawCurve();
    this.drawColumns();
    this.point(this.pointed ?? this.last);
  }

  slot(place) { return this.slots?.get(place); }

  dayName(number) {
    const day = new Date(Date.parse(`${this.data.from}T00:00Z`) + number * 86_400_000).toISOString().slice(0, 10);
    return dateWords({ until: day }, 0);
  }

  /** Of a slot, in words. */
  time(place) {
    const clock = (slots) => {
      const minute = (slots * this.data.slot_minutes) % 1440;
      return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    };
    const day = this.days === 1 ? "" : `${this.dayName(Math.floor(place / this.perDay))}, `;
    return `${day}${clock(place)}–${clock(place + 1)}`;
  }

  /** The columns: hours of a day, days of a week. */
  group() {
    const { days, perDay } = this;
    const groups = Array.from({ length: days === 1 ? 24 : days }, (_, number) => ({
      name: days === 1 ? `${number}–${number + 1} h` : this.dayName(number), seen_s: 0, moods: {}, valence: null, read: 0, sum: 0,
    }));
    for (const [place, slot] of this.slots) {
      const group = groups[Math.floor(place / (days === 1 ? perDay / 24 : perDay))];
      const read = Object.values(slot.moods).reduce((sum, seconds) => sum + seconds, 0);
      group.seen_s += slot.seen_s;
      group.read += read;
      group.sum += (slot.valence ?? 0) * read;
      for (const [mood, seconds] of Object.entries(slot.moods)) group.moods[mood] = (group.moods[mood] ?? 0) + seconds;
      if (group.read) group.valence = group.sum / group.read;
    }
    return groups;
  }

  x(place) { return LEFT + (place / this.count) * (this.width - 2 * LEFT); }

  frame(svg, height) {
    svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    const step = this.days === 1 ? (this.width < 420 ? 6 : 3) * (this.perDay / 24) : this.perDay;
    const marks = [];
    for (let place = 0; place <= this.count; place += step) {
      marks.push(shape("line", { class: "grid", x1: this.x(place), x2: this.x(place), y1: HEAD, y2: height - FOOT }));
      if (this.days === 1) {
        const anchor = place === 0 ? "start" : place === this.count ? "end" : "middle";
        marks.push(shape("text", { x: this.x(place), y: height - 5, "text-anchor": anchor }, `${(place / this.perDay) * 24}`));
      } else if (place < this.count) {
        const name = this.dayName(place / this.perDay);
        marks.push(shape("text", { x: this.x(place + step / 2), y: height - 5, "text-anchor": "middle" }, this.width < 420 ? name.slice(0, 2) : name));
      }
    }
    return marks;
  }

  drawCurve() {
    const height = this.curve.clientHeight;
    const [top, foot] = [HEAD + 4, height - FOOT - 4];
    const most = Math.max(...[...this.slots.values()].map((slot) => Math.abs(slot.valence ?? 0)), 0);
    const reach = [0.25, 0.5, 1].find((step) => step >= most);
    const y = (valence) => top + ((1 - valence / reach) / 2) * (foot - top);
    const parts = this.frame(this.curve, height);
    parts.push(shape("line", { class: "zero", x1: LEFT, x2: this.width - LEFT, y1: y(0), y2: y(0) }));
    parts.push(shape("text", { x: LEFT, y: 11 }, "pleasant"), shape("text", { x: LEFT + 4, y: foot - 1 }, "unpleasant"));
    parts.push(shape("text", { x: this.width - LEFT, y: 11, "text-anchor": "end" }, `valence ${reach}`));
    let before;
    const line = [];
    for (const place of [...this.slots.keys()].sort((one, other) => one - other)) {
      const { valence, arousal } = this.slots.get(place);
      if (valence === null) continue;
      const at = [(this.x(place) + this.x(place + 1)) / 2, y(valence)];
      const wide = Math.max(1.5, this.x(1) - this.x(0) - 1);
      const [high, low] = [Math.min(at[1], y(0)), Math.max(at[1], y(0))];
      parts.push(shape("rect", { x: at[0] - wide / 2, y: high, width: wide, height: Math.max(1, low - high), rx: Math.min(3, wide / 2), fill: colour(valence, arousal, { alpha: 0.4 }) }));
      const ink = colour(valence, arousal, { lightness: light() ? 0.5 : 0.82 });
      if (before?.place === place - 1) line.push(shape("line", { x1: before.at[0], y1: before.at[1], x2: at[0], y2: at[1], stroke: ink, "stroke-width": 2.5, "stroke-linecap": "round" }));
      line.push(shape("circle", { cx: at[0], cy: at[1], r: Math.min(4, Math.max(2, wide / 2.5)), fill: ink }));
      before = { place, at };
    }
    parts.push(...line, shape("line", { class: "cursor", y1: HEAD, y2: height - FOOT }));
    this.curve.replaceChildren(...parts);
  }

  drawColumns() {
    const height = this.columns.clientHeight;
    const foot = height - FOOT;
    const [unit, name, steps] = this.days === 1 ? [60, "min", [1, 2, 5, 10, 15, 20, 30, 45]] : [3600, "h", [1, 2, 3, 4, 6, 8, 12, 16]];
    const most = Math.max(...this.groups.map((group) => group.seen_s));
    const nice = steps.find((step) => step * unit >= most) ?? Math.max(this.days === 1 ? 60 : 24, Math.ceil(most / unit));
    const parts = this.frame(this.columns, height);
    parts.push(shape("line", { class: "grid", x1: LEFT, x2: this.width - LEFT, y1: HEAD, y2: HEAD }));
    parts.push(shape("text", { x: LEFT, y: 11 }, `${nice} ${name}`));
    const each = (this.width - 2 * LEFT) / this.groups.length;
    this.groups.forEach((group, number) => {
      const wide = Math.max(2, Math.min(each - 3, 56));
      const x = LEFT + each * (number + 0.5) - wide / 2;
      let y = foot;
      const stack = (seconds, fill, words) => {
        const tall = (seconds / (nice * unit)) * (foot - HEAD);
        y -= tall;
        const part = shape("rect", { x, y, width: wide, height: Math.max(0, tall - (tall > 3 ? 1 : 0)), fill });
        part.append(shape("title", {}, words));
        parts.push(part);
      };
      for (const mood of Object.keys(MOODS)) {
        const seconds = group.moods[mood] ?? 0;
        if (seconds) stack(seconds, moodColour(mood), `${MOODS[mood]}, ${group.name}`);
      }
      if (group.seen_s - group.read > 1) stack(group.seen_s - group.read, "var(--line)", `Not to be read, ${group.name}`);
    });
    parts.push(shape("line", { class: "zero", x1: LEFT, x2: this.width - LEFT, y1: foot, y2: foot }));
    parts.push(shape("line", { class: "cursor", y1: HEAD, y2: foot }));
    this.columns.replaceChildren(...parts);
  }

  /** Draws a line through both charts. */
  point(place) {
    this.pointed = place;
    for (const chart of [this.curve, this.columns]) {
      const cursor = chart.querySelector(".cursor");
      cursor?.setAttribute("x1", this.x(place + 0.5));
      cursor?.setAttribute("x2", this.x(place + 0.5));
    }
  }
}
