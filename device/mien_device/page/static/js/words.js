// How things are called.
export const MOODS = {
  angry: "Angry", disgust: "Disgusted", fear: "Afraid", happy: "Happy",
  sad: "Sad", surprise: "Surprised", neutral: "Neutral",
};

export const MODES = {
  follow: ["Follow", "Plays what fits the mood"],
  lift: ["Lift", "Begins at the mood and leads to bright music"],
  calm: ["Calm", "Begins at the mood and leads to calm music"],
  energise: ["Energise", "Begins at the mood and leads to lively music"],
  vent: ["Vent", "Goes along with a dark mood"],
  shuffle: ["Shuffle", "Plays by chance, whatever the mood"],
  off: ["Off", "Plays nothing"],
};

/** 3:07 */
export function minutes(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** "for 2 min", in words for a glance. */
export function since(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `for ${Math.floor(seconds / 5) * 5} s`;
  if (seconds < 3600) return `for ${Math.floor(seconds / 60)} min`;
  return `for ${Math.floor(seconds / 3600)} h`;
}

export const people = (count) => (count === 0 ? "nobody in view" : count === 1 ? "one person in view" : `${count} people in view`);

/** Puts a sentence into an element; what stands in `backticks` is shown as what it is, something to be typed. */
export function phrase(element, sentence) {
  element.replaceChildren(...sentence.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  }));
}
