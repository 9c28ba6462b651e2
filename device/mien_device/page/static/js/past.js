// The history in words.
import { MOODS } from "./words.js";

const LEVELS = [[0.35, "clearly pleasant"], [0.1, "rather pleasant"], [-0.1, "neither pleasant nor unpleasant"], [-0.35, "rather unpleasant"]];

/** "2 h 5 min", in whole minutes; less than one in seconds. */
export function lasting(seconds) {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds / 60);
  return whole < 60 ? `${whole} min` : whole % 60 ? `${Math.floor(whole / 60)} h ${whole % 60} min` : `${whole / 60} h`;
}

/** The moods that were seen, the most frequent first, with their share of the time in which there was one. */
export function shares({ moods }) {
  const all = Object.values(moods).reduce((sum, seconds) => sum + seconds, 0);
  return Object.entries(moods)
    .map(([mood, seconds]) => ({ mood, seconds, share: seconds / all }))
    .sort((one, other) => other.seconds - one.seconds);
}

/** In whole per cent; what was seen at all is never none. */
export const percent = (share) => (share < 0.005 ? "< 1" : Math.round(share * 100));

/** "mostly happy (62 %)"; empty where no face could be read. */
export function mostly(figures) {
  const [first] = shares(figures);
  if (!first) return "";
  return `${first.share > 0.5 ? "mostly" : "most often"} ${MOODS[first.mood].toLowerCase()} (${Math.round(first.share * 100)} %)`;
}

export const pleasantness = (valence) => (LEVELS.find(([least]) => valence > least) ?? [0, "clearly unpleasant"])[1];

/** A day, or a week; with `days` 0 a short day. */
export function dateWords({ from, until, today }, days) {
  const form = (day, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }).format(new Date(`${day}T00:00Z`));
  if (days === 0) return form(until, { weekday: "short", day: "numeric" });
  if (days === 1) return (until === today ? "Today, " : "") + form(until, { weekday: "long", day: "numeric", month: "long" });
  return `${form(from, { day: "numeric", month: "long" })} – ${form(until, { day: "numeric", month: "long" })}`;
}

/** What was seen in a slot. */
export function slotWords(slot, time) {
  if (!slot || slot.seen_s < 1) return `${time}: nobody was seen`;
  const looked = mostly(slot) ? `, ${mostly(slot)}, ${pleasantness(slot.valence)}` : "";
  return `${time}: ${slot.people > 1 ? `up to ${slot.people} people` : "somebody"} in view for ${lasting(slot.seen_s)}${looked}`;
}

/** What the list of what helped is worth. */
export function helpedWords({ measured, least, change, songs, modes }) {
  const compared = measured === 1 ? "one song" : `${measured} songs`;
  if (!songs.length && !modes.length && measured < 3 * least) {
    return `Too little to tell. Faces in the minute before a song are compared with those in its last minute; that was possible for ${measured ? compared : "no song"} so far, `
      + `and a song is named after ${least} such times.`;
  }
  const usual = `After all ${compared} that could be compared, valence changed by ${change > 0 ? "+" : ""}${change.toFixed(2)} on average.`;
  if (!songs.length && !modes.length) return `Nothing stands out. ${usual}`;
  return `${usual} This is what was seen, and no proof: who looks unhappy often looks happier later, with any song.`;
}
