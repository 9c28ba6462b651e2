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

/**
 * Asks, with JSON unless it only reads; the data of the answer, or undefined. What went wrong is told, or said to `refused`, or
 * with `quiet` to nobody.
 */
export async function ask(method, path, body, { quiet = false, refused = tell } = {}) {
  const say = quiet ? () => {} : refused;
  const reads = method === "GET";
  try {
    const answer = await fetch(path, {
      method,
      headers: reads ? {} : { "Content-Type": "application/json" },
      body: reads ? undefined : JSON.stringify(body ?? {}),
    });
    const said = await answer.json().catch(() => ({})); // read in any case: what is not holds up its connection
    if (answer.ok) return said.data ?? {};
    say(said.error ?? `The device refused (${answer.status}).`);
  } catch {
    say("The device does not answer.");
  }
  return undefined;
}

/** Sends JSON; whether it was done. What went wrong is told. */
export const send = async (method, path, body) => (await ask(method, path, body)) !== undefined;

/** Carries out a command as the home would over MQTT; its effect comes back through the feed. */
export const command = (thing, value) => send("POST", `/api/commands/${thing}`, value === undefined ? {} : { value });
