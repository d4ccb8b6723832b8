// Draws pictures once and writes them into the page as SVG, for files/pictures.py. It loads nothing.
import { fromBase64, unpack } from "../frame.js";
import { KINDS } from "../kinds.js";
import { FIGURE, partsOf } from "../picture.js";
import { svgOf } from "../saved_picture.js";
import { Stage } from "../stage.js";

// The edges of pictures over words, as on a sheet, and of others.
const ON_WORDS = { u: 14, left: 92, right: 104, most: 252, alone: true };
const OTHER = { u: 20, left: 72, right: 30, most: Infinity, alone: true };
// The widths of large pictures, in pixels.
const WIDTHS = { step: 1200, inside_cell: 1200 };
// Around a picture, in pixels.
const MARGIN = 16;
// A call can't have more arguments.
const MOST_BYTES = 0x8000;

function svgFor(stage, key, picture) {
  try {
    return drawn(stage, key, picture);
  } catch (problem) {
    throw new Error(key, { cause: problem });
  }
}

function drawn(stage, key, { kind, told, ...changes }) {
  const figure = Object.assign(document.createElement("section"), { innerHTML: FIGURE });
  document.body.append(figure);
  const parts = partsOf(figure.querySelector("figure"));
  const picture = stage.mount(KINDS[kind], key, parts, {});
  picture.drawing.apply(changes);
  const content = picture.drawing.figure(), { height, meta } = content.layout;
  const edges = meta?.x === "token" ? ON_WORDS : OTHER;
  picture.configure({ height, sheet: { edges: () => edges } });
  if (WIDTHS[kind]) figure.style.width = `${WIDTHS[kind]}px`;
  picture.show(content);
  const svg = svgOf(picture, told, MARGIN);
  stage.unmount(picture);
  figure.remove();
  return svg;
}

// Base64 of UTF-8, which HTML doesn't change.
function base64(text) {
  const bytes = new TextEncoder().encode(text);
  let signs = "";
  for (let k = 0; k < bytes.length; k += MOST_BYTES) signs += String.fromCharCode(...bytes.subarray(k, k + MOST_BYTES));
  return btoa(signs);
}

function start() {
  const [stage, content] = [new Stage(), document.getElementById("content")];
  const { pictures } = unpack(fromBase64(content.textContent));
  content.remove();
  const svgs = Object.entries(pictures).map(([key, picture]) => [key, svgFor(stage, key, picture)]);
  return base64(JSON.stringify(Object.fromEntries(svgs)));
}

const answer = document.getElementById("answer");
try {
  answer.textContent = start();
} catch (problem) {
  answer.className = "problem";
  answer.textContent = base64([problem.message, problem.cause].filter(Boolean).join(": "));
}
