// The plane of valence and arousal: where the feelings lie, and which colour a place has.

/** Places of the seven, as in mien_models/labels.py (Russell and Mehrabian 1977); a test keeps them equal. */
export const PLACES = {
  angry: [-0.51, 0.59], disgust: [-0.6, 0.35], fear: [-0.64, 0.6], happy: [0.81, 0.51],
  sad: [-0.63, -0.27], surprise: [0.4, 0.67], neutral: [0, 0],
};

const isLight = matchMedia("(prefers-color-scheme: light)");
export const light = () => isLight.matches;

// Hues (OKLCH) of the four quarters, anticlockwise from pleasant and lively: amber, rose, indigo, teal, and amber again.
const HUES = [[45, 72], [135, 10], [225, -85], [315, -190], [405, -288]];

/** Degrees of hue at a place. */
export function hue(valence, arousal) {
  let angle = (Math.atan2(arousal, valence) * 180) / Math.PI;
  if (angle < 45) angle += 360;
  const after = HUES.findIndex(([corner]) => corner >= angle);
  const [[from, first], [to, last]] = [HUES[Math.max(0, after - 1)], HUES[Math.max(1, after)]];
  return first + ((last - first) * (angle - from)) / (to - from);
}

/** The colour of a place: grey in the middle, full of colour at the rim. */
export function colour(valence, arousal, { alpha = 1, lightness } = {}) {
  const far = Math.min(1, Math.hypot(valence, arousal));
  const chroma = 0.035 + 0.15 * Math.min(1, far * 1.25);
  const level = lightness ?? (light() ? 0.72 : 0.74) + 0.06 * arousal * (light() ? 0.5 : 1);
  return `oklch(${level.toFixed(3)} ${chroma.toFixed(3)} ${hue(valence, arousal).toFixed(1)} / ${alpha.toFixed(3)})`;
}

/** The colour for buttons and bars, on which text can be read. */
export function accent(valence, arousal) {
  return colour(valence, arousal, { lightness: light() ? 0.53 : 0.8 });
}

// Hue and chroma of each mood where they lie side by side: as on the plane, but apart from their neighbours.
const SHADES = { angry: [22, 0.17], disgust: [135, 0.11], fear: [330, 0.14], happy: [85, 0.15], sad: [278, 0.14], surprise: [55, 0.16], neutral: [95, 0.02] };
const DARKER = { angry: -0.1, fear: -0.04, sad: -0.08, happy: 0.08, disgust: -0.02, surprise: 0, neutral: 0.02 };

/** The colour of a mood among others. */
export function moodColour(mood) {
  const [degrees, chroma] = SHADES[mood];
  return `oklch(${((light() ? 0.66 : 0.74) + DARKER[mood]).toFixed(2)} ${chroma} ${degrees})`;
}
