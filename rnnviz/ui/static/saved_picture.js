// A picture as a file, as it is on the screen: SVG, or PNG with two pixels for one. Each says what made it.
import { SvgContext } from "./svg_context.js";

const SCALE = 2;
const background = () => getComputedStyle(document.documentElement).getPropertyValue("--rnnviz-background").trim();

// What made a picture: its title, the version, the settings, the link to what is shown, on what it was measured, and
// what it tells besides.
export function toldOf({ stage: { header, made }, drawing }, title) {
  const { told } = drawing.figure().layout.meta ?? {};
  const shown = header?.progress === undefined ? {} : { [header.unit]: header.progress, phrase: header.typed };
  return { title, ...made, ...shown, measured: drawing.remark, ...told };
}

// The text of an SVG, with so many pixels around the picture.
export function svgOf(picture, told, margin = 0) {
  const context = new SvgContext();
  picture.paintOn(context);
  return context.svg(...picture.size, background(), told, margin);
}

export async function pngOf(picture, told, margin = 0) {
  const [width, height] = picture.size.map((length) => Math.round(SCALE * picture.zoom * (length + 2 * margin)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = background();
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(SCALE * picture.zoom, SCALE * picture.zoom);
  context.translate(margin, margin);
  picture.paintOn(context);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new Blob(withText(await blob.arrayBuffer(), JSON.stringify(told)), { type: "image/png" });
}

// The parts of a PNG with a text in it: a chunk iTXt after the first one, which has a known length.
function withText(content, text) {
  const HEAD = 33;
  const data = new TextEncoder().encode(`iTXtDescription\0\0\0\0\0${text}`);
  const chunk = new DataView(new ArrayBuffer(data.length + 8));
  chunk.setUint32(0, data.length - 4);
  new Uint8Array(chunk.buffer).set(data, 4);
  chunk.setUint32(data.length + 4, crc32(data));
  return [content.slice(0, HEAD), chunk.buffer, content.slice(HEAD)];
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
