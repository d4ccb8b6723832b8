// The wire format of files/wire_format.py: uint32 length | header (JSON) | bytes.
const ARRAYS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };

// The header of a message, and `take(size)`, which returns the bytes behind it one piece after the other.
export function parts(message) {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(message) ? message : new Uint8Array(message);
  const length = new DataView(buffer, byteOffset, byteLength).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, byteOffset + 4, length)));
  let at = byteOffset + 4 + length;
  const take = (size) => new Uint8Array(buffer, (at += size) - size, size);
  return { header, take };
}

// The header of a frame; in it each array of a picture gets its bytes.
export function unpack(message) {
  const { header, take } = parts(message);
  for (const { arrays } of Object.values(header.pictures))
    for (const array of arrays) array[4] = take(array[4]);
  return header;
}

// The bytes of a text in base64, which a file has in place of a message.
export function fromBase64(text) {
  const signs = atob(text);
  const bytes = new Uint8Array(signs.length);
  for (let k = 0; k < signs.length; k++) bytes[k] = signs.charCodeAt(k);
  return bytes;
}

// The data of a picture, kept between frames, because a frame has only the changes.
export class Drawing {
  constructor() {
    this.arrays = new Map(); // path, "0.x" -> { dtype, shape, bytes }
  }

  // Apply a frame's changes. Returns false if they extend data that are missing here.
  apply({ remark, outline, arrays }) {
    if (outline === null && this.outline === undefined) return false;
    const missing = ([path, , , start]) => start > (this.arrays.get(path)?.bytes.length ?? 0);
    if (arrays.some(missing)) return false;
    this.remark = remark;
    this.outline = outline ?? this.outline;
    const before = this.arrays;
    this.arrays = new Map();
    for (const [path, dtype, shape, start, bytes] of arrays)
      this.arrays.set(path, { dtype, shape, bytes: joined(before.get(path)?.bytes, start, bytes) });
    return true;
  }

  // The figure with its arrays.
  figure() {
    const figure = JSON.parse(this.outline);
    for (const [path, array] of this.arrays) {
      const [series, name] = path.split(".");
      figure.data[series][name] = typedArray(array);
    }
    return figure;
  }
}

function joined(before, start, bytes) {
  if (!start) return bytes.slice();
  const whole = new Uint8Array(start + bytes.length);
  whole.set(before.subarray(0, start));
  whole.set(bytes, start);
  return whole;
}

function typedArray({ dtype, shape, bytes }) {
  const flat = new ARRAYS[dtype](bytes.buffer);
  if (shape.length < 2) return flat;
  const [rows, columns] = shape;
  return Array.from({ length: rows }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}
