// Texts beside their points that don't cover each other; one without room is left out. A series of texts asks for
// it by `meta.apart`. `p.taken` are the boxes [left, top, right, bottom] that hold something already.
import { sizeOf, writeRich } from "./rich_text.js";

// Where a text may stand beside its point, the best place first: across and down, from −1 to 1.
const PLACES = [[1, -0.6], [-1, -0.6], [1, 0.6], [-1, 0.6], [0, -1], [0, 1], [1, 0], [-1, 0]];
const SIDE = { [-1]: "right", 0: "center", 1: "left" };
const [GAP, DOT] = [9, 5];

export function paintApart(p, points, textOf, fontOf) {
  for (const { text, font, across, at, middle } of placesApart(p, points, textOf, fontOf))
    writeRich(p.c, text, at, middle, font, { across: SIDE[across], halo: p.background });
}

// The texts that have room: which point each is of, and where it stands.
export function placesApart(p, points, textOf, fontOf) {
  p.taken ??= [];
  p.taken.push(...points.filter((at) => at.every(Number.isFinite)).map(([x, y]) => [x - DOT, y - DOT, x + DOT, y + DOT]));
  return points.flatMap(([x, y], k) => {
    const text = textOf(k);
    if (!text || !Number.isFinite(x) || !Number.isFinite(y)) return [];
    const font = fontOf(k), { width, height } = sizeOf(p.c, text, font);
    for (const [across, down] of PLACES) {
      const [at, middle] = [x + across * GAP, y + down * (GAP + height / 3)];
      const left = at - { [-1]: width, 0: width / 2, 1: 0 }[across];
      const box = [left, middle - height / 2 + 2, left + width, middle + height / 2 - 2];
      if (!fits(p, box)) continue;
      p.taken.push(box);
      return [{ k, text, font, across, down, at, middle }];
    }
    return [];
  });
}

const fits = ({ box, taken }, [left, top, right, bottom]) =>
  left >= box.left && right <= box.right && top >= box.top && bottom <= box.bottom
  && taken.every(([a, b, c, d]) => right <= a || left >= c || bottom <= b || top >= d);
