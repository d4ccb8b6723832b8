// A lesson in a file: its run is a recording, and everything that is said at its steps was written beforehand.
import { Curves } from "../curves.js";
import { Lesson } from "../lesson.js";
import { Network } from "../network.js";
import { replay } from "./host_replay.js";
import { Replay } from "./replay.js";

const NEXT = { See: "Why", Why: "Transfer" };
const VIEWS = JSON.parse(document.querySelector("#lesson").textContent);

// The recording of a run whose future is not seen before it was played.
class LessonReplay extends Replay {
  constructor(...given) {
    super(...given);
    this.recording.upto = 0;
  }

  show() {
    const { recording, at } = this;
    recording.upto = Math.max(recording.upto, recording.epochs[at]);
    super.show();
  }

  send(command) {
    return this.teach(command) ? this.number : super.send(command);
  }
}

class LessonFile {
  constructor(stage, source) {
    Object.assign(this, { stage, source, values: null });
    this.lesson = new Lesson(stage, () => {});
    source.teach = (command) => this.act(command);
    this.resume = Object.assign(document.createElement("button"), { className: "rnnviz-learn", textContent: "Resume" });
    this.resume.onclick = () => this.show(this.name);
    document.body.append(this.resume);
    document.addEventListener("click", ({ target }) => {
      const press = target.closest(".rnnviz-press")?.dataset;
      if (press) stage.send({ ...press });
    });
    document.addEventListener("keydown", (event) => this.key(event));
    this.show("Predict");
  }

  key(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
    if (this.lesson.handleKey(event.key)) event.preventDefault();
  }

  // Called with every frame.
  frame({ running, epoch, last }) {
    this.lesson.update();
    if (this.name === "Run" && !running && epoch === last) this.show("See");
  }

  show(name) {
    const { strip, pictures, epoch, phrase } = VIEWS[name], { source, stage, values } = this;
    const before = this.name;
    Object.assign(this, { name, away: false });
    this.resume.hidden = true;
    if (!["Predict", "Run"].includes(name)) source.recording.upto = Infinity;
    // In the strips nobody has guessed: each reader's guess is this page's own.
    this.lesson.update(JSON.stringify({ ...pictures, begun: 1, ...(values && this.guessed(pictures)) }));
    stage.override("story", strip);
    this.lesson.showGuess();
    source.choose(phrase);
    // An answer leaves the epoch where the reader is.
    const answered = name.split(" ")[0] === before?.split(" ")[0] && !`${name} ${before}`.includes("try");
    if (name === "Run") return this.run(epoch);
    if (!answered) source.go(source.recording.nearest(epoch));
    if (source.listener) source.show();
  }

  run(epoch) {
    const { source } = this;
    source.at = source.recording.nearest(epoch);
    // What was guessed is seen where it was guessed.
    if (source.at === source.last || VIEWS.See.epoch === epoch) return this.show("See");
    source.play(true);
    source.show();
  }

  guessed({ how, places: [from, to], handles }) {
    const { values } = this;
    if (how === "draw") return { guessed: true, drawn: values.map((value, k) => [from + ((to - from) * k) / (values.length - 1), value]) };
    return { guessed: true, handles: handles.map((handle, k) => ({ ...handle, guess: values[k] })) };
  }

  // Do a command of the lesson; return whether it was one.
  act({ do: action, what, text, values }) {
    const { lesson, name } = this, [step] = name.split(" ");
    if (action === "play" && lesson.asking) {
      lesson.lock();
      return true;
    }
    if (action !== "lesson") return false;
    if (what === "lock") this.values = values;
    if (what === "lock" || what === "watch") this.show("Run");
    if (what === "hurry") this.show("See");
    if (what === "choose" && name === step) this.show(`${step} ${text}`);
    if (what === "attempt") this.show(name === "Why" ? "Why try" : "Why");
    if (what === "go_on") NEXT[step] ? this.show(NEXT[step]) : this.leave();
    if (what === "leave") this.leave();
    return true;
  }

  leave() {
    this.lesson.update("");
    this.stage.override("story", null);
    this.source.recording.upto = Infinity;
    this.resume.hidden = false;
    this.source.show();
  }
}

replay({ curves: Curves, network: Network }, LessonReplay, (stage, source) => new LessonFile(stage, source));
