// Draws a figure of Plotly's where one was drawn before. While only its numbers change, all that
// stands around them stays: the modules of its traces draw them anew, and nothing else; marks that
// have moved are drawn by themselves. That is a quarter of the work of `Plotly.react`, and the same
// picture to the letter. Plotly has no public name for it; where its inside isn't as it is known,
// `Plotly.react` draws.

const CONFIG = { displayModeBar: false, doubleClick: false };
const NUMBERS = ["x", "y", "z", "text", "customdata"];
const ARRAYS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };

// node -> of the figure drawn there its marks, the shapes, and all the rest but its numbers
const drawn = new WeakMap();

// Plotly writes what a reader zooms into the layout that it is given: it gets one of its own.
async function paint(Plotly, node, { data, layout }) {
  data.forEach(unpack);
  const { shapes = [], ...rest } = layout;
  const ground = JSON.stringify([rest, data.map(outlined)]);
  const [before, marks] = [drawn.get(node), JSON.stringify(shapes)];
  const moved = before?.marks !== marks;
  if (before?.ground === ground && onlyNumbersChange(node, data, moved) && repainted(node, data)) {
    if (moved) await Plotly.relayout(node, { shapes });
  } else if (node._fullLayout) {
    drawn.delete(node);
    await Plotly.react(node, data, structuredClone(layout));
  } else {
    await begin(Plotly, node, data, layout);
    return;
  }
  drawn.set(node, { ground, marks });
}

// What Plotly draws for the first time it places a little differently the second time.
async function begin(Plotly, node, data, layout) {
  drawn.delete(node);
  await Plotly.react(node, data, structuredClone(layout), CONFIG);
  // A zoom and another size leave to the next picture what they haven't placed anew.
  node.on("plotly_relayout", () => drawn.delete(node));
}

function unpack(series) {
  for (const key of NUMBERS)
    if (ARRAYS[series[key]?.dtype]) series[key] = unpacked(series[key]);
}

function unpacked({ dtype, bdata, shape }) {
  const signs = atob(bdata);
  const bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  const numbers = new ARRAYS[dtype](bytes.buffer);
  if (!shape) return numbers;
  const [rows, columns] = shape.split(",").map(Number);
  const row = (_, i) => numbers.subarray(i * columns, (i + 1) * columns);
  return Array.from({ length: rows }, row);
}

// A series with the kind of its numbers in their place; where there are none it isn't seen.
function outlined(series) {
  const outline = { ...series };
  for (const key of NUMBERS)
    if (series[key]?.map) outline[key] = key === "z" ? hasNumber(series.z) : typeof series[key][0];
  return outline;
}

const hasNumber = (rows) => rows.some((row) => row.some(Number.isFinite));

function onlyNumbersChange(node, data, marksMove) {
  // What Plotly says to a pointer there has to follow.
  if (!isKnown(node, data) || node.matches(":hover") || node._dragging) return false;
  const rests = (axis) => (series, i) => places(series, axis) === places(node.data[i], axis);
  return ["x", "y"].every(
    (axis) => stands(node, axis) || (!marksMove && data.every(rests(axis))),
  );
}

function isKnown({ _fullLayout, _fullData, calcdata }, data) {
  if (!_fullLayout) return false;
  const { _basePlotModules: kinds, _visibleModules: modules } = _fullLayout;
  return (
    [_fullData, calcdata].every((found) => found?.length === data.length) &&
    [_fullData.every(isPlain), kinds?.length === 1, modules].every(Boolean) &&
    kinds[0].name === "cartesian"
  );
}

// Plotly looks at all traces to stack them, and at the length of one to choose its mode.
function isPlain({ type, error_x, error_y, stackgroup, _module, _input }) {
  const special = stackgroup || error_x?.visible || error_y?.visible;
  return _module?.calc && !special && (type !== "scatter" || _input.mode);
}

const plotsOf = ({ _subplots, _plots }) => _subplots.cartesian.map((name) => _plots[name]);

// Whether nothing that is drawn can move this axis.
const stands = ({ _fullLayout }, axis) =>
  plotsOf(_fullLayout)
    .map((plot) => plot[`${axis}axis`])
    .every(({ type, autorange }) => !autorange && ["linear", "log"].includes(type));

// Where a series lies along an axis: its numbers there, and how many cells there are.
function places({ z, ...numbers }, axis) {
  return `${numbers[axis]}; ${axis === "y" ? z?.length : z?.[0]?.length}`;
}

function repainted(node, data) {
  try {
    repaint(node, data);
    return true;
  } catch {
    return false;
  }
}

function repaint(node, data) {
  const { _fullData, calcdata } = node;
  const { _visibleModules: modules, _basePlotModules } = node._fullLayout;
  data.forEach((series, i) => {
    renew(_fullData[i], node.data[i], series);
    if (_fullData[i].visible === true) calcdata[i] = calculated(node, _fullData[i]);
  });
  for (const { crossTraceCalc } of modules)
    if (crossTraceCalc) for (const plot of plotsOf(node._fullLayout)) crossTraceCalc(node, plot);
  _basePlotModules[0].plot(node);
  // Points and texts have got their looks while they were plotted.
  for (const { name, style } of modules) if (name !== "scatter") style?.(node);
}

function renew(full, input, series) {
  for (const key of NUMBERS) if (series[key]?.map) full[key] = input[key] = series[key];
  const counts = [full.x, full.y].filter(Boolean).map(({ length }) => length);
  if (full._length) full._length = Math.min(...counts);
}

function calculated(node, full) {
  const points = full._module.calc(node, full);
  points[0].t ??= {};
  points[0].trace = full;
  return points;
}

export { paint };
