// The camera's picture as an outline: its edge, its middle, and where faces lie in it.
import { PLACES, colour } from "./plane.js";

const GUIDE = "rgb(255 255 255 / .22)";

/** Draws a framing as the API tells it, over the picture if there is one. */
export function drawFrame(canvas, { width = 640, height = 480, faces, light, good }, picture) {
  const [wide, high] = [640, Math.round((640 * height) / width)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, wide, high);
  if (picture) pen.drawImage(picture, 0, 0, wide, high);
  else ground(pen, wide, high, light ?? 0);
  pen.strokeStyle = GUIDE;
  pen.lineWidth = 2;
  pen.setLineDash([6, 10]);
  pen.beginPath();
  pen.roundRect(0.2 * wide, 0.2 * high, 0.6 * wide, 0.6 * high, 18); // where a face's middle is best
  pen.stroke();
  pen.setLineDash([]);
  const tallest = faces.reduce((most, face) => Math.max(most, face.height), 0);
  for (const face of faces) outline(pen, face, wide, high, good && face.height === tallest);
  const middle = faces.length ? `${faces.length} face${faces.length === 1 ? "" : "s"} in the picture` : "No face in the picture";
  canvas.setAttribute("aria-label", middle);
}

/** As light as the picture is on average. */
function ground(pen, wide, high, light) {
  const glow = pen.createRadialGradient(wide / 2, high * 0.4, 0, wide / 2, high * 0.4, wide * 0.75);
  const level = 0.16 + 0.3 * light;
  glow.addColorStop(0, `oklch(${level.toFixed(3)} .03 290)`);
  glow.addColorStop(1, `oklch(${(level * 0.6).toFixed(3)} .02 290)`);
  pen.fillStyle = glow;
  pen.fillRect(0, 0, wide, high);
}

/** A head with shoulders in a box: nobody's face is shown. */
function outline(pen, face, wide, high, good) {
  const [x, y, w, h] = [face.x * wide, face.y * high, face.width * wide, face.height * high];
  const tint = face.mood && !face.trouble ? colour(...PLACES[face.mood], { lightness: 0.82 }) : "#cfc9d6";
  pen.strokeStyle = tint;
  pen.lineWidth = good ? 5 : 3;
  pen.beginPath();
  pen.roundRect(x, y, w, h, 0.14 * Math.min(w, h));
  pen.stroke();
  pen.globalAlpha = 0.35;
  pen.fillStyle = tint;
  pen.beginPath();
  pen.ellipse(x + w / 2, y + h / 2, w * 0.36, h * 0.46, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.globalAlpha = 1;
  if (!face.trouble) return;
  pen.font = "600 22px system-ui, sans-serif";
  const words = face.trouble;
  const space = pen.measureText(words).width;
  const left = Math.min(Math.max(6, x + (w - space) / 2), wide - space - 6);
  pen.fillStyle = "#f6f2ea";
  pen.fillText(words, left, y + h + 28 < high ? y + h + 26 : Math.max(24, y - 10));
}
