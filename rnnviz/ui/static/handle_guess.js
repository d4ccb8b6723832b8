// A guess that is a value or a few: handles that are dragged in a picture, or on a board.
import { clamp, dot, faint, leftText, percent, stroke, write } from "./canvas.js";
import { GRADIENTS } from "./network_paint.js";
import { brush } from "./pad.js";

// How far an arrow key moves a handle, as a share of the scale.
const RISE = 0.02;

// What each kind of picture is: where a handle begins, and how its value is written.
const SCALES = {
  verdict: { first: 0.5, written: percent },
  gradient: { first: 1, written: leftText },
  kept: { first: 0.5, written: percent },
  number: { first: 0.5, written: (value) => value.toFixed(2) },
  memory: { first: 0.5, written: (value, most) => String(Math.round(value * most)) },
};

export class HandleGuess {
  constructor(lesson) {
    this.lesson = lesson;
    this.scale = SCALES[lesson.on];
    this.count = lesson.handles.length;
    this.shares = new Array(this.count).fill(null);
    this.held = 0;
  }

  get complete() {
    return this.shares.every((share) => share !== null);
  }

  get empty() {
    return this.shares.every((share) => share === null);
  }

  get missing() {
    return this.count > 1 ? `Drag all ${this.count} first.` : "Drag the line first.";
  }

  // A number of units is whole.
  get values() {
    return this.shares.map((share, k) => (this.most(k) > 1 ? Math.round(share * this.most(k)) : share));
  }

  most(k) {
    return this.lesson.handles[k].most;
  }

  clear() {
    this.shares.fill(null);
  }

  take() {
    return false;
  }

  // On a line across the board the value is the place from left to right.
  get flat() {
    return this.lesson.how === "mark";
  }

  x(place, k) {
    if (this.flat) return place.left + place.width * (this.shares[k] ?? this.scale.first);
    if (place.board) return panelOf(place, k, this.count)[1];
    return place.across(this.lesson.handles[k].token);
  }

  y(place, k) {
    if (this.flat) return place.top + place.height / 2;
    return place.y(this.shares[k] ?? this.scale.first);
  }

  press(place, [x, y]) {
    const far = (k) => Math.abs(this.x(place, k) - x);
    this.held = this.flat ? 0 : this.shares.reduce((near, _, k) => (far(k) < far(near) ? k : near), 0);
    this.move(place, [x, y]);
  }

  move(place, [x, y]) {
    this.shares[this.held] = this.flat ? clamp((x - place.left) / place.width, 0, 1) : place.value(y);
  }

  // Up and down move the handle, left and right take another one; of a line all move it.
  key(place, name) {
    const by = { ArrowUp: 1, ArrowDown: -1, ArrowRight: this.flat ? 1 : 0, ArrowLeft: this.flat ? -1 : 0 }[name];
    if (by === undefined) return null;
    if (!by) this.held = clamp(this.held + (name === "ArrowRight" ? 1 : -1), 0, this.count - 1);
    const { held } = this, now = this.shares[held] ?? this.scale.first;
    if (by && this.flat) this.shares[held] = clamp(now + (by * RISE), 0, 1);
    else if (by) this.shares[held] = place.value(place.y(now) - by * RISE * place.height);
    return `${this.lesson.handles[held].label}: ${this.told(held)}`;
  }

  told(k) {
    return this.scale.written(this.shares[k] ?? this.scale.first, this.most(k));
  }

  paint(p, place, asking) {
    if (this.flat) return this.paintGauge(p, place, asking);
    if (place.board) return this.paintPanels(p, place, asking);
    if (asking) this.cover(p, place);
    const points = this.lesson.handles.map(({ guess }, k) => [this.x(place, k), asking ? this.y(place, k) : place.y(guess)]);
    if (this.lesson.on === "gradient") this.paintWayBack(p, place, points, asking);
    else this.paintBars(p, place, points, asking);
    if (asking) points.forEach((point, k) => this.paintHandle(p, place, k, point));
  }

  // What the run says is not to be seen before the guess.
  cover(p, { left, top, width, height, u, whole }) {
    p.c.fillStyle = p.background;
    p.c.fillRect(left - 2, top - 1.6 * u, this.lesson.on === "verdict" ? whole : width + 6, height + 3.2 * u);
    p.c.fillStyle = faint(p.you, 0.06);
    p.c.fillRect(left, top, width, height);
  }

  paintHandle(p, place, k, [x, y]) {
    const { u } = place, given = this.shares[k] !== null;
    dot(p.c, x, y, 0.6 * u, p.you, given ? p.you : p.background);
    if (p.focused && k === this.held) {
      [p.c.strokeStyle, p.c.lineWidth] = [p.you, 2];
      p.c.strokeRect(x - u, y - u, 2 * u, 2 * u);
    }
    const above = y - 1.5 * u > place.top - 1.2 * u ? -1.4 : 1.5;
    write(p, given ? this.told(k) : "drag ↕", x, y + above * u, 1.05 * u, p.youText, { align: "center", weight: 700, halo: true });
  }

  // From the line of 50% up or down, as the verdicts are drawn.
  paintBars(p, place, points, asking) {
    const { u, left, width } = place, middle = place.y(0.5);
    if (asking) stroke(p, [[left, middle], [left + width, middle]], p.muted, 1.2);
    for (const [x, y] of points) {
      p.c.fillStyle = faint(p.you, 0.3);
      if (asking) p.c.fillRect(x - u, Math.min(y, middle), 2 * u, Math.abs(y - middle));
      else if (Number.isFinite(y)) brush(p, [[x - 1.5 * u, y], [x + 1.5 * u, y]], 7);
    }
    if (!asking && points.length) this.paintYou(p, place, points[0]);
  }

  paintYou(p, { u }, [x, y]) {
    if (Number.isFinite(y)) write(p, "you", x - 1.9 * u, y, 0.95 * u, p.youText, { align: "right", weight: 700, halo: true });
  }

  // What is there at the last token, and how much of it is said to be left before.
  paintWayBack(p, place, points, asking) {
    const { u, left, width } = place;
    const last = [place.across(this.lesson.last), place.y(1)];
    const all = [...points, last].sort(([a], [b]) => a - b);
    if (asking)
      for (let decade = GRADIENTS[1] - 1; decade >= GRADIENTS[0]; decade -= 3) {
        const y = place.y(10 ** (decade - GRADIENTS[1] + place.high));
        stroke(p, [[left, y], [left + width, y]], p.grid);
      }
    if (all.every(([, y]) => Number.isFinite(y))) brush(p, all, 7);
    if (!asking) return this.paintYou(p, place, [all[0][0] + 4.4 * u, all[0][1] - u]);
    dot(p.c, ...last, 0.45 * u, p.magnitude);
    write(p, "all of it", last[0], last[1] - 1.3 * u, 0.95 * u, p.magnitude, { align: "center", weight: 600, halo: true });
  }

  // A panel for each network: the same share is lost at every token.
  paintPanels(p, place, asking) {
    const { u, top, height, left } = place;
    write(p, "What is left of the letter in the state", left - 3 * u, 1.2 * u, 1.2 * u, p.text, { weight: 600 });
    for (const share of [0, 0.5, 1]) write(p, percent(share), left - 0.5 * u, place.y(share), 0.95 * u, p.muted, { align: "right" });
    this.lesson.handles.forEach(({ label, guess, truth, text, kept, trained }, k) => {
      const [from, to] = panelOf(place, k, this.count);
      const share = asking ? this.shares[k] ?? this.scale.first : guess;
      write(p, label, from, top - 1.8 * u, 1.3 * u, p.text, { weight: 700 });
      for (const line of [0, 0.5, 1]) stroke(p, [[from, place.y(line)], [to, place.y(line)]], p.grid);
      write(p, "letter", from, top + height + 1.2 * u, 0.95 * u, p.muted);
      write(p, "20 later", to, top + height + 1.2 * u, 0.95 * u, p.muted, { align: "right" });
      // The guess: the same share is lost at every letter.
      if (share !== null) brush(p, along(place, from, to, Array.from({ length: 41 }, (_, i) => Math.max(share, 1e-4) ** (i / 40))));
      if (asking) this.paintHandle(p, place, k, [to, place.y(share)]);
      if (truth === null) return;
      stroke(p, along(place, from, to, kept), p.forward, trained.length ? 1.4 : 2.6, trained.length ? [5, 4] : []);
      if (trained.length) this.paintTrained(p, place, from, to, trained);
      dot(p.c, to, place.y(truth), 0.42 * u, p.forward);
      const below = share !== null && share > truth, end = trained.at(-1) ?? truth;
      const names = [[text, truth, below ? 1.4 : -1.2, 1.3, p.forward]];
      if (share !== null) names.push([`you ${percent(share)}`, share, below ? -1.2 : 1.3, 1, p.youText]);
      // A line that ends as before is named already; one beyond the panel leaves it at the top.
      if (Math.abs(end - truth) >= 0.03) names.push([end > 1.05 ? `trained: ↑ ${Math.round(end)} times` : `trained: ${leftText(end)}`, Math.min(end, 1), -1.2, 1.1, p.forward]);
      writeApart(p, place, to - 0.8 * u, names);
    });
  }

  paintTrained(p, place, from, to, trained) {
    const { u, top, height } = place;
    p.c.save();
    p.c.beginPath();
    p.c.rect(from - 2, top - u, to - from + 4, height + u);
    p.c.clip();
    const points = trained.map((share, t) => [from + ((to - from) * t) / (trained.length - 1), top + height * (1 - share)]);
    stroke(p, points, p.forward, 2.8);
    p.c.restore();
  }

  // A line across a scale from left to right.
  paintGauge(p, place, asking) {
    const { u, left, top, width, height } = place, [handle] = this.lesson.handles, { most } = handle;
    const y = top + height / 2;
    p.c.fillStyle = faint(p.you, 0.06);
    p.c.fillRect(left, top, width, height);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const x = left + width * share;
      stroke(p, [[x, top], [x, top + height]], p.grid);
      write(p, most > 1 ? String(Math.round(share * most)) : String(share), x, top + height + 1.2 * u, 0.95 * u, p.muted, { align: "center" });
    }
    write(p, handle.label, left, top - 3.2 * u, 1.2 * u, p.text, { weight: 600 });
    // The guess is named above the scale, the run below it.
    const line = (share, text, color, y) => {
      const x = left + width * share;
      stroke(p, [[x, top], [x, top + height]], color, 2.4);
      write(p, text, clamp(x, left + 4 * u, left + width - 4 * u), y, 1.3 * u, color, { weight: 700, halo: true, align: "center" });
    };
    const [above, below] = [top - 1.2 * u, top + height + 2.8 * u];
    if (!asking && handle.truth !== null) line(handle.truth / most, `the run ${handle.text}`, p.text, below);
    if (!asking) return handle.guess === null ? undefined : line(handle.guess / most, `you ${this.scale.written(handle.guess / most, most)}`, p.youText, above);
    const share = this.shares[0];
    line(share ?? this.scale.first, share === null ? "drag ↔" : this.told(0), p.youText, above);
    dot(p.c, left + width * (share ?? this.scale.first), y, 0.7 * u, p.you, share === null ? p.background : p.you);
  }
}

// The names of lines at their ends, [text, share, distance from it, size, color], one below the other in the panel.
function writeApart(p, place, right, names) {
  const { u, top, height } = place, step = 1.5 * u, rows = names.map(([, share, by]) => place.y(share) + by * u);
  const order = names.map((_, k) => k).sort((a, b) => rows[a] - rows[b]);
  let least = top - 0.4 * u;
  order.forEach((k, n) => {
    const most = top + height - 0.9 * u - (names.length - 1 - n) * step;
    rows[k] = clamp(rows[k], least, Math.max(least, most));
    least = rows[k] + step;
    const [text, , , size, color] = names[k];
    write(p, text, right, rows[k], size * u, color, { align: "right", weight: 700, halo: true });
  });
}

// The left and right edge of one of several panels.
function panelOf({ left, width, u }, k, count) {
  const gap = 2.6 * u, each = (width - gap * (count - 1)) / count;
  return [left + k * (each + gap), left + k * (each + gap) + each];
}

// Shares as a line from the left to the right edge of a panel.
const along = (place, from, to, shares) =>
  shares.map((share, i) => [from + ((to - from) * i) / (shares.length - 1), place.y(share)]);
