// The menu *Learn* beside the pages: the lessons, which of them are done, and what this browser has kept of them.
import { openClass } from "./class.js";
import { readNotes } from "./lesson.js";
import { openBeside } from "./popover.js";

const CSV = "text/csv;charset=utf-8";

export class Learn {
  constructor(stage) {
    this.stage = stage;
    const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
    this.button = make("button", { className: "rnnviz-learn", textContent: "Learn", title: "Lessons: predict, run, see" });
    this.list = make("div", { className: "rnnviz-lessons", popover: "auto" });
    this.list.addEventListener("click", ({ target }) => this.act(target.closest("button")?.dataset));
    openBeside(this.button, this.list);
    const place = this.list.onbeforetoggle;
    this.list.onbeforetoggle = (event) => {
      this.show();
      place(event);
    };
    document.body.append(this.button, this.list);
  }

  // `lessons` are { name, title, minutes }, in their order.
  offer(lessons) {
    this.lessons = lessons;
  }

  show() {
    const notes = readNotes();
    const rows = this.lessons.map(({ name, title, minutes }, k) => {
      const row = Object.assign(document.createElement("div"), {
        innerHTML: "<button><i></i><span></span><small></small></button><button class=\"room\">Class</button>",
      });
      const [button, room] = row.children;
      const texts = [notes[name]?.done ? "✓" : String(k + 1), title, `${minutes} min`];
      [...button.children].forEach((part, j) => (part.textContent = texts[j]));
      [button.dataset.lesson, room.dataset.room] = [name, name];
      Object.assign(room, { title: "For a class, on a projector", ariaLabel: `${title} For a class` });
      return row;
    });
    const ends = [["text", "My notes"], ["csv", "My notes (CSV)"]].map(([kind, textContent]) => {
      const button = Object.assign(document.createElement("button"), { textContent, className: "notes", disabled: !Object.keys(notes).length });
      button.dataset.notes = kind;
      return button;
    });
    this.list.replaceChildren(...rows, ...ends);
  }

  act({ lesson, room, notes } = {}) {
    if (lesson) this.stage.send({ do: "lesson", what: "begin", label: lesson });
    if (notes) save(notes);
    if (lesson || room || notes) this.list.hidePopover();
    if (room) openClass(room);
  }
}

function save(kind) {
  const rows = Object.values(readNotes()).map(({ title, guess, run, answers, right }) => [
    title, listed(guess), listed(run),
    ...["See", "Transfer"].flatMap((step) => [answers[step] ?? "", step in answers ? (right[step] ? "right" : "wrong") : ""]),
  ]);
  const head = ["lesson", "I guessed", "the run", "what I saw", "", "transfer", ""];
  const text = kind === "csv" ? [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")
    : rows.map((row) => head.map((name, k) => (name && row[k] ? `${name}: ${row[k]}${head[k + 1] === "" && row[k + 1] ? ` (${row[k + 1]})` : ""}` : "")).filter(Boolean).join("\n")).join("\n\n");
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(new Blob([text], { type: kind === "csv" ? CSV : "text/plain;charset=utf-8" })),
    download: `my-notes.${kind === "csv" ? "csv" : "txt"}`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

const listed = (values) => Object.entries(values).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");

// A cell of a spreadsheet that begins with a sign of arithmetic would be run as a formula.
const cell = (text) => `"${(/^[=+\-@]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
