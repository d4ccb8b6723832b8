// A curve that is drawn by hand: values at evenly spaced places, filled from the left.
import { faint, stroke } from "./canvas.js";

export class Pad {
  // `count` places. The first value is given, or null.
  constructor(count, first) {
    Object.assign(this, { count, first });
    this.clear();
  }

  clear() {
    this.values = new Array(this.count).fill(null);
    this.values[0] = this.first;
    this.at = 0; // the place of the keyboard
  }

  get reached() {
    return this.values.findLastIndex((value) => value !== null);
  }

  get complete() {
    return this.reached >= this.count - 1;
  }

  get empty() {
    return this.reached === (this.first === null ? -1 : 0);
  }

  // The pen goes from one point (place, value) to another, straight. What it has left out before is filled.
  draw(from, to) {
    const [left, right] = from[0] <= to[0] ? [from, to] : [to, from];
    const { reached } = this;
    const begin = left[0] <= reached ? left : reached < 0 ? [0, left[1]] : [reached, this.values[reached]];
    for (let k = Math.ceil(begin[0]); k <= right[0]; k++) {
      const share = right[0] === begin[0] ? 1 : (k - begin[0]) / (right[0] - begin[0]);
      this.set(k, begin[1] + share * (right[1] - begin[1]));
    }
    this.set(to[0], to[1]);
    // The last places are within the breadth of a pen.
    if (this.reached >= this.count - 3) this.values.fill(this.values[this.reached], this.reached);
  }

  set(place, value) {
    if (place > 0 || this.first === null) this.values[place] = value;
  }

  // Take the line through points [place, value] with places from 0 to 1.
  take(points) {
    const xs = points.map(([x]) => x * (this.count - 1));
    for (let k = 0; k < this.count; k++) {
      const after = xs.findIndex((x) => x >= k);
      const j = after < 0 ? xs.length - 1 : Math.max(1, after);
      const share = Math.min(1, (k - xs[j - 1]) / (xs[j] - xs[j - 1]));
      this.set(k, points[j - 1][1] + share * (points[j][1] - points[j - 1][1]));
    }
    this.at = this.count - 1;
  }

  // One step of the keyboard: so many places to the right, and so much higher.
  step(places, rise, top) {
    const now = this.values[this.at] ?? this.values[Math.max(0, this.reached)] ?? top / 2;
    const at = Math.min(this.count - 1, Math.max(0, this.at + places));
    const value = Math.min(top, Math.max(0, (places ? (this.values[at] ?? now) : now) + rise));
    this.draw([this.at, now], [at, value]);
    this.at = at;
    return value;
  }

  // The points that are drawn, where `x` and `y` place them.
  points(x, y) {
    return this.values.flatMap((value, k) => (value === null ? [] : [[x(k), y(value)]]));
  }
}

// What a learner has drawn is a brush: broad and pale, with a core. Colour alone would not tell it to the colour-blind.
export function brush(p, points, wide = 9) {
  p.c.lineCap = "round";
  stroke(p, points, p.theme.background, wide);
  stroke(p, points, faint(p.theme.you, 0.38), wide);
  stroke(p, points, p.theme.you, 2.4);
  p.c.lineCap = "butt";
}
