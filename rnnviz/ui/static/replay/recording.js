// A recorded run: its pictures and texts at the recorded epochs, for each phrase. The header of files/replay.py
// describes blocks; a block has the arrays of consecutive epochs.
import { parts } from "../frame.js";

export class Recording {
  constructor(buffer) {
    const { header, take } = parts(buffer);
    Object.assign(this, header);
    for (const block of this.blocks) block.bytes = take(block.planes * block.frames * sizeOf(block));
  }

  // The number of the recorded epoch nearest to an epoch.
  nearest(epoch) {
    const { epochs } = this;
    const after = epochs.findIndex((recorded) => recorded >= epoch);
    if (after < 1) return after < 0 ? epochs.length - 1 : 0;
    return epoch - epochs[after - 1] < epochs[after] - epoch ? after - 1 : after;
  }

  // The texts of a phrase at the recorded epoch number `at`.
  texts(phrase, at) {
    const { texts } = this.phrases[phrase];
    return Object.fromEntries(Object.entries(texts).map(([key, numbers]) => [key, this.strings[numbers[at]]]));
  }

  // Its pictures in the wire format, whole, in the colours of `look`.
  pictures(phrase, at, look) {
    const { pictures } = this.phrases[phrase];
    return Object.fromEntries(Object.entries(pictures).map(([key, picture]) => [key, this.picture(key, picture, at, look)]));
  }

  // The curves are recorded once, at the end of the run.
  picture(key, { outlines, tracks }, at, look) {
    const number = Math.min(at, outlines.length - 1);
    const outline = JSON.parse(this.strings[outlines[number]]);
    outline.layout.meta.theme = this.palettes[look];
    if (key.endsWith("curves")) Object.assign(outline.layout.meta, this.timeOf(at));
    const there = tracks.filter(([, first, block]) => number >= first && number < first + this.blocks[block].frames);
    const arrays = there.map(([path, first, block]) => [path, ...this.array(this.blocks[block], number - first)]);
    return { remark: this.remarks[key], outline: JSON.stringify(outline), arrays };
  }

  // The playhead, and the end of the axis.
  timeOf(at) {
    const last = this.epochs.at(-1);
    const epoch = this.epochs[at];
    // Beyond `upto`, if there is one, nothing is known yet.
    return { shown: epoch < last ? epoch : null, epoch, last: Math.max(1, last), upto: this.upto };
  }

  array(block, frame) {
    block.values ??= valuesOf(block);
    const size = sizeOf(block);
    const { buffer } = block.values;
    return [block.kind === "whole" ? "i4" : "f4", block.shape, 0, new Uint8Array(buffer, 4 * size * frame, 4 * size)];
  }
}

const sizeOf = ({ shape }) => shape.reduce((product, length) => product * length, 1);

// The numbers of all frames.
function valuesOf(block) {
  const codes = codesOf(block);
  if (block.kind === "whole") return codes;
  return block.steps ? multiplesOf(block.steps, codes, sizeOf(block)) : floatsOf(block.shift, codes);
}

// A block has the changes from frame to frame, sign last: the lowest bytes of all numbers, then the next.
function codesOf(block) {
  const { frames, planes, bytes } = block;
  const [size, count] = [sizeOf(block), frames * sizeOf(block)];
  const codes = new Int32Array(count);
  for (let plane = 0; plane < planes; plane++)
    for (let k = 0; k < count; k++) codes[k] |= bytes[plane * count + k] << (8 * plane);
  for (let k = 0; k < count; k++) {
    const change = (codes[k] >>> 1) ^ -(codes[k] & 1);
    codes[k] = k < size ? change : codes[k - size] + change;
  }
  return codes;
}

// Each frame has its own step.
function multiplesOf(steps, codes, size) {
  const values = new Float32Array(codes.length);
  for (let k = 0, frame = 0; frame < steps.length; frame++)
    for (let end = k + size; k < end; k++) values[k] = codes[k] * steps[frame];
  return values;
}

// The upper bits of float32 numbers.
function floatsOf(shift, codes) {
  for (let k = 0; k < codes.length; k++) codes[k] <<= shift;
  return new Float32Array(codes.buffer);
}
