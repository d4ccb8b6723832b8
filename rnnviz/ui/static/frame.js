// The message format of app/frame.py: uint32 length | header (JSON) | bytes of the arrays.
const ARRAYS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };

// The header of a message; in it each array of a picture gets its bytes.
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  for (const { arrays } of Object.values(header.pictures))
    for (const array of arrays) {
      const size = array[4];
      array[4] = new Uint8Array(buffer, offset, size);
      offset += size;
    }
  return header;
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
