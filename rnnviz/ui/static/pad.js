// A curve that is drawn by hand: values at evenly spaced places, filled from the left. The first value is given.

export class Pad {
  constructor(count, first) {
    Object.assign(this, { count, first });
    this.clear();
  }

  clear() {
    this.values = new Array(this.count).fill(null);
    this.values[0] = this.first;
    this.at = 0; // the place of the keyboard
  }

  // The last place that has a value.
  get reached() {
    return this.values.findLastIndex((value) => value !== null);
  }

  get complete() {
    return this.reached === this.count - 1;
  }

  get empty() {
    return this.reached === 0;
  }

  // The pen goes in a straight line from one [place, value] to another. What was left out before it is filled.
  draw(from, to) {
    const [start, end] = from[0] <= to[0] ? [from, to] : [to, from];
    const { reached } = this;
    const low = start[0] > reached ? [reached, this.values[reached]] : start;
    for (let k = Math.max(1, low[0]); k <= end[0]; k++) {
      const share = end[0] === low[0] ? 1 : (k - low[0]) / (end[0] - low[0]);
      this.values[k] = low[1] + share * (end[1] - low[1]);
    }
    // The last few places are within the breadth of a pen.
    if (this.reached >= this.count - 3) this.values.fill(this.values[this.reached], this.reached);
  }

  // Take the line through points [place, value] with places from 0 to 1.
  take(points) {
    const xs = points.map(([x]) => x * (this.count - 1));
    for (let k = 1; k < this.count; k++) {
      const after = xs.findIndex((x) => x >= k);
      const j = after < 0 ? xs.length - 1 : Math.max(1, after);
      const share = Math.min(1, (k - xs[j - 1]) / (xs[j] - xs[j - 1]));
      this.values[k] = points[j - 1][1] + share * (points[j][1] - points[j - 1][1]);
    }
    this.at = this.count - 1;
  }
}
