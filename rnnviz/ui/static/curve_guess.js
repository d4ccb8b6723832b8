// A guess that is a curve, drawn by hand over a run's epochs, or over lags.
import { clamp, dot, faint, stroke, write } from "./canvas.js";
import { PANEL_OF } from "./lesson_place.js";
import { Pad, brush } from "./pad.js";

// How many values a drawn curve has, and how far an arrow key goes: places, and a share of the height.
const [COUNT, STEP, RISE] = [121, 5, 0.04];

export class CurveGuess {
  constructor(lesson) {
    this.lesson = lesson;
    // Over lags there is no place where every run begins.
    this.free = lesson.on === "right by lag";
    this.pad = new Pad(COUNT, this.free ? null : 1);
  }

  get complete() {
    return this.pad.complete;
  }

  get empty() {
    return this.pad.empty;
  }

  get missing() {
    return "Draw to the right end first.";
  }

  get values() {
    return this.pad.values;
  }

  clear() {
    this.pad.clear();
  }

  // One of the lesson's shapes.
  take(k) {
    const points = this.lesson.shapes[k];
    if (!points) return false;
    const [from, to] = this.lesson.places;
    this.pad.take(points.map(([x, y]) => [(x - from) / (to - from), y]));
    return true;
  }

  // The place on the pad, and the value.
  at(place, [x, y]) {
    const share = clamp((x - place.left) / place.width, 0, 1);
    return [Math.round(share * (COUNT - 1)), place.value(y)];
  }

  press(place, spot) {
    this.from = this.at(place, spot);
    this.pad.draw(this.from, this.from);
  }

  move(place, spot) {
    const to = this.at(place, spot);
    this.pad.draw(this.from, to);
    this.from = to;
  }

  // An arrow draws on, End to the right end; returns what is drawn, in words.
  key(place, name) {
    const [by, rise] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], End: [COUNT, 0], ArrowUp: [0, RISE], ArrowDown: [0, -RISE] }[name] ?? [];
    if (by === undefined) return null;
    const value = this.pad.step(by, rise * (place.high - place.low), place.high);
    return `${this.lesson.on} ${value.toFixed(2)} at ${Math.round(this.placeOf(this.pad.at))}`;
  }

  placeOf(k) {
    const [from, to] = this.lesson.places;
    return from + ((to - from) * k) / (COUNT - 1);
  }

  paint(p, place, asking) {
    const { lesson } = this;
    if (place.board) paintAxes(p, place, lesson);
    if (asking) this.paintInvitation(p, place);
    const line = (points) => points.map(([x, y]) => [place.across(x), place.y(y)]);
    if (place.board) stroke(p, line(lesson.truth), p.text, 2.4);
    for (const { points } of lesson.lines) stroke(p, line(points), p.forward, 2.2, [7, 4]);
    const own = asking ? this.pad.values.flatMap((v, k) => (v === null ? [] : [[this.placeOf(k), v]])) : lesson.drawn;
    if (own.length > 1 && own.every(([, v]) => v !== null)) brush(p, line(own));
    if (asking) return;
    if (own.length) this.label(p, place, "you", own, p.youText);
    if (place.board && lesson.truth.length) this.label(p, place, "the run", lesson.truth, p.text, 0.7);
    // Lines that are close to each other are named at different places.
    lesson.lines.forEach(({ points, label }, k) => this.label(p, place, label, points, p.forward, 0.3 + 0.18 * (k % 4)));
    this.paintMarks(p, place);
    if (place.panels) this.paintEvents(p, place);
  }

  // A name over a line, at a share of its length.
  label(p, place, text, points, color, share = 0.16) {
    const [x, value] = points[Math.round(share * (points.length - 1))];
    write(p, text, place.across(x), place.y(value) - 0.95 * place.u, 1.05 * place.u, color, { weight: 700, halo: true });
  }

  paintInvitation(p, place) {
    const { u, left, top, width, height, others = [] } = place;
    p.c.fillStyle = faint(p.background, 0.7);
    for (const { head, y, height: high } of others) p.c.fillRect(0, head - 0.8 * u, p.width, y + high - head + 1.4 * u);
    p.c.fillStyle = faint(p.you, 0.06);
    p.c.fillRect(left, top, width, height);
    p.c.setLineDash([4, 4]);
    [p.c.strokeStyle, p.c.lineWidth] = [faint(p.you, 0.8), 1.4];
    p.c.strokeRect(left, top, width, height);
    p.c.setLineDash([]);
    const { pad } = this, start = this.free ? place.y(0.5) : place.y(pad.first);
    if (pad.empty) {
      const below = start + 1.9 * u < top + height ? 1.7 * u : -1.7 * u;
      write(p, this.free ? "draw from the left edge to the right end" : "draw from here to the right end", left + 2.8 * u, start + below, 1.15 * u, p.youText, { weight: 600, halo: true });
      if (!this.free) stroke(p, [[left + 0.5 * u, start + Math.sign(below) * 0.6 * u], [left + 2.5 * u, start + below]], p.you, 1.4);
    } else if (!pad.complete) write(p, "→", place.across(this.placeOf(pad.reached)) + 0.6 * u, place.y(pad.values[pad.reached]), 1.6 * u, p.you, { weight: 600, halo: true });
    if (!this.free) dot(p.c, left, start, 0.42 * u, p.you, p.background);
  }

  // What an answer was about: epochs in their panels, the first one bold.
  paintEvents(p, { u, across, panels }) {
    const events = this.lesson.events.filter(({ on }) => PANEL_OF[on]).sort((a, b) => a.epoch - b.epoch);
    events.forEach(({ on, epoch }, k) => {
      const { y, height } = panels[PANEL_OF[on]], x = across(epoch), color = k ? p.muted : p.text;
      stroke(p, [[x, y - 0.1 * u], [x, y + height]], color, k ? 1.4 : 2.4);
      write(p, String(epoch), x - 0.4 * u, on === "loss" ? y + height - 0.9 * u : y + 0.55 * u, u, color, { weight: k ? 400 : 700, halo: true, align: "right" });
    });
  }

  // The epochs at which the line and the run do what is compared.
  paintMarks(p, { u, top, height, across, left, width }) {
    const rows = this.lesson.handles.filter(({ epoch, guess, truth }) => epoch && (guess ?? truth) !== null).slice(0, 1);
    for (const { guess, truth } of rows) {
      const both = guess !== null && truth !== null && Math.abs(across(guess) - across(truth)) < 7 * u;
      for (const [at, text, color, line] of [[guess, "you", p.youText, 0], [truth, "the run", p.text, both ? 1 : 0]]) {
        if (at === null) continue;
        const x = across(at), near = x > left + width - 8 * u;
        stroke(p, [[x, top], [x, top + height]], faint(color, 0.75), 1.6, [3, 3]);
        write(p, `${text} ${Math.round(at)}`, x + (near ? -0.45 : 0.45) * u, top + (0.9 + 1.2 * line) * u, u, color, { weight: 600, halo: true, align: near ? "right" : "left" });
      }
    }
  }
}

const percent = (share) => `${Math.round(100 * share)}%`;

// The axes of a board: shares over lags.
function paintAxes(p, place, { on, places: [from, to] }) {
  const { u, left, top, width, height, across } = place;
  write(p, on[0].toUpperCase() + on.slice(1), left, top - 2 * u, 1.2 * u, p.text, { weight: 600 });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    stroke(p, [[left, place.y(share)], [left + width, place.y(share)]], p.grid);
    write(p, percent(share), left - 0.5 * u, place.y(share), 0.95 * u, p.muted, { align: "right" });
  }
  for (const lag of [from, (from + to - 1) / 2, to]) write(p, String(Math.round(lag)), across(Math.round(lag)), top + height + 1.2 * u, 0.95 * u, p.muted, { align: "center" });
}
