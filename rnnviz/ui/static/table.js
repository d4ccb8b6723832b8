// Rows of texts and of shares, as HTML, from the tables of charts/table.py. A click on a row is sent to the page.
import { percent } from "./canvas.js";
import { each } from "./chart_strokes.js";
import { HtmlPicture } from "./html_picture.js";
import { plainText } from "./numbers.js";
import { linesOf } from "./rich_text.js";

const make = (tag, options) => Object.assign(document.createElement(tag), options);

export class Table extends HtmlPicture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    this.heading = make("h4");
    this.rows = make("div", { className: "rnnviz-rows", tabIndex: 0, role: "region" });
    this.list = make("div", { className: "rnnviz-list" });
    this.list.append(this.heading, this.rows);
    this.rows.addEventListener("keydown", (event) => this.step(event));
    this.node.replaceChildren(this.list);
  }

  show({ data, layout }) {
    const focused = this.buttons.indexOf(document.activeElement);
    this.rows.ariaLabel = plainText(layout.title.text);
    // Or a sentence came instead of the table.
    const said = layout.meta?.note || plainText(layout.meta?.sentence);
    const note = said ? [make("p", { textContent: said })] : [];
    this.heading.textContent = plainText(data[0]?.name || layout.title.text);
    this.rows.replaceChildren(...data.map((table) => this.table(table, layout)), ...note);
    this.rows.querySelector("caption")?.classList.add("first");
    this.restoring = true;
    if (focused >= 0) this.buttons[focused]?.focus({ preventScroll: true });
    this.restoring = false;
    this.mark();
  }

  // The sequence that is pointed at elsewhere.
  mark() {
    for (const row of this.rows.querySelectorAll("tr[data-row]")) {
      row.classList.toggle("pointed", Number(row.dataset.row) === this.stage.phrase);
    }
  }

  get box() {
    return this.list;
  }

  get scroller() {
    return this.rows;
  }

  get buttons() {
    return [...this.rows.querySelectorAll("button")];
  }

  // The arrow keys go from row to row.
  step(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = this.buttons[this.buttons.indexOf(document.activeElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  table({ name, header, cells, columnwidth, customdata, meta: { long } = {} }, { title, meta }) {
    const table = make("table", { className: long ? "long" : "" });
    table.append(make("caption", { textContent: plainText(name || title.text) }), widths(columnwidth));
    const { length } = cells.values[0];
    if (!length) return table;
    const head = table.createTHead().insertRow();
    head.append(...header.values.map((name) => (name ? make("th", { textContent: name, scope: "col" }) : make("td"))));
    const body = table.createTBody();
    for (let k = 0; k < length; k++) {
      const row = body.insertRow();
      row.append(...cells.values.map((column, j) => cell(column[k], cells.format[j], each(cells.font.color[j], k))));
      if (customdata?.length) this.bind(row, customdata[k], meta?.opened);
    }
    return table;
  }

  // The first cell of a row that can be opened is its button; a click anywhere in the row presses it.
  bind(row, data, opened) {
    const [first] = row.cells;
    const button = make("button");
    button.append(...first.childNodes);
    first.append(button);
    row.dataset.row = data;
    if (data === opened) row.ariaCurrent = button.ariaCurrent = "true";
    for (const type of ["pointerenter", "focusin"]) row.addEventListener(type, () => this.restoring || this.stage.point({ phrase: data }));
    for (const type of ["pointerleave", "focusout"]) row.addEventListener(type, () => this.stage.point({}));
    row.addEventListener("click", () => this.onClick(this.key, { x: null, y: null, data }));
  }
}

function widths(shares) {
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const group = make("colgroup");
  group.append(...shares.map((share) => {
    const column = make("col");
    column.style.width = `${(100 * share) / whole}%`;
    return column;
  }));
  return group;
}

function cell(value, format, color) {
  const node = make("td");
  node.style.color = color;
  if (!format) {
    node.append(...rich(value));
    node.title = node.textContent;
  } else if (value === null) node.append("–");
  else {
    const [share, bar] = [make("div", { className: "share" }), make("i")];
    bar.style.setProperty("--share", value);
    share.append(bar, make("span", { textContent: percent(value) }));
    node.append(share);
  }
  return node;
}

// What is bold in a text is marked.
const rich = (html) => linesOf(html).flat().map(({ text, bold }) => (bold ? make("mark", { textContent: text }) : text));
