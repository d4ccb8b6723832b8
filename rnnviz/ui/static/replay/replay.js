// The source of frames in a file: a recording instead of the wire. See wire.js.

// Milliseconds to play a run, and the least and the most for one epoch.
const [WHOLE_MS, LEAST_MS, MOST_MS] = [12000, 60, 500];

export class Replay {
  constructor(recording, look) {
    Object.assign(this, { recording, look, at: recording.nearest(recording.shown), phrase: 0 });
    this.marked = { unit: null, token: null };
    this.running = false;
    this.number = this.seq = 0; // of commands, and of frames
  }

  get last() {
    return this.recording.epochs.length - 1;
  }

  listen(listener) {
    this.listener = listener;
    listener.status("open");
    listener.welcomed({});
  }

  // Draw pictures that were just laid out.
  watch(pictures, mounted) {
    if (mounted.length) this.show();
    return true;
  }

  drawn() {}

  close() {
    this.play(false);
  }

  send(command) {
    this.number++;
    this.act(command);
    this.show();
    return this.number;
  }

  act({ do: action, on, epoch, by, value, ...marks }) {
    if (action === "play") this.play(!this.running);
    else if (action === "mark") Object.assign(this.marked, marks);
    else if (action === "select" && on === "phrase") this.choose(value);
    else if (action === "seek") this.go(this.recording.nearest(epoch));
    else if (action === "step") this.go(this.at + by);
  }

  choose(phrase) {
    this.phrase = phrase;
    this.marked.token = null;
  }

  go(at) {
    this.play(false);
    this.at = Math.min(this.last, Math.max(0, at));
  }

  // At the end it starts over.
  play(on) {
    clearInterval(this.timer);
    this.running = on;
    if (!on) return;
    if (this.at === this.last) this.at = 0;
    this.timer = setInterval(() => this.next(), Math.min(MOST_MS, Math.max(LEAST_MS, WHOLE_MS / this.last)));
  }

  next() {
    this.at++;
    if (this.at === this.last) this.play(false);
    this.show();
  }

  show() {
    const { recording, at, phrase, look, running, marked } = this;
    const names = recording.phrases.map((one) => one.phrase);
    this.listener.frame({
      seq: ++this.seq, heard: this.number, running, epoch: recording.epochs[at], last: recording.epochs.at(-1),
      made: { ...recording.made, [recording.unit]: `${recording.epochs[at]}`, phrase: names[phrase] },
      marked: { ...marked }, sliders: { phrase: { last: names.length - 1, shown: phrase, names } },
      texts: recording.texts(phrase, at), pictures: recording.pictures(phrase, at, look),
    });
  }
}
