// What is asked of the device, and what it says if it cannot.
import { phrase } from "./words.js";

const toast = document.getElementById("toast");
let hiding;

/** Shows a sentence for a while; screen readers say it at once. */
export function tell(words) {
  phrase(toast, words);
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { toast.hidden = true; }, 6000);
}

/** Sends JSON; whether it was done. What went wrong is told. */
export async function send(method, path, body) {
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    const said = await answer.json().catch(() => ({})); // read in any case: what is not holds up its connection
    if (answer.ok) return true;
    tell(said.error ?? `The device refused (${answer.status}).`);
  } catch {
    tell("The device does not answer.");
  }
  return false;
}

/** Carries out a command as the home would over MQTT; its effect comes back through the feed. */
export const command = (thing, value) => send("POST", `/api/commands/${thing}`, value === undefined ? {} : { value });
