// The wire's format, as app/frame.py writes it: uint32 | header | the bytes of arrays.
const ARRAYS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };

// A message: its header, in which each array of a picture has its bytes.
export function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  for (const { arrays } of Object.values(header.pictures))
    for (const array of arrays) {
      const size = array[4];
      array[4] = new Uint8Array(buffer, at, size);
      at += size;
    }
  return header;
}

// What a picture is drawn from, kept from frame to frame: each says only what is new.
export class Drawing {
  constructor() {
    this.arrays = new Map(); // path, "0.x" -> { dtype, shape, bytes }
  }

  // Whether it is whole: what goes on from something that isn't here is left out.
  take({ remark, outline, arrays }) {
    if (outline === null && this.outline === undefined) return false;
    const missing = ([path, , , start]) => start > (this.arrays.get(path)?.bytes.length ?? 0);
    if (arrays.some(missing)) return false;
    this.remark = remark;
    this.outline = outline ?? this.outline;
    const before = this.arrays;
    this.arrays = new Map();
    for (const [path, dtype, shape, start, bytes] of arrays)
      this.arrays.set(path, { dtype, shape, bytes: joined(before.get(path), start, bytes) });
    return true;
  }

  // Plotly's figure; Plotly may write into it.
  figure() {
    const figure = JSON.parse(this.outline);
    for (const [path, array] of this.arrays) {
      const [series, name] = path.split(".");
      figure.data[series][name] = numbers(array);
    }
    return figure;
  }
}

function joined(before, start, bytes) {
  if (!start) return bytes.slice();
  const whole = new Uint8Array(start + bytes.length);
  whole.set(before.bytes.subarray(0, start));
  whole.set(bytes, start);
  return whole;
}

function numbers({ dtype, shape, bytes }) {
  const flat = new ARRAYS[dtype](bytes.buffer);
  if (shape.length < 2) return flat;
  const [rows, columns] = shape;
  return Array.from({ length: rows }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}
