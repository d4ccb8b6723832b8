// The source of frames for the stage: `listen(listener)`, `send(command)`, `watch(pictures, mounted)`,
// `drawn(seq)` and `close()`.
import { unpack } from "./frame.js";

const [MIN_WAIT_MS, MAX_WAIT_MS] = [100, 5000];
// Silence after which the server counts as stalled: it sends something every second.
const SILENCE_MS = 3000;
// The longest address and text, in characters. The server closes a wire with a message that is too long.
const [MOST_LINK, MOST_TEXT] = [20_000, 5000];
const NO_TICKET = 4401;

// A WebSocket that reconnects. Commands that the server has not confirmed are sent again.
export class Wire {
  // `run` is the id of the run to show; by default the ticket's own.
  constructor(url, ticket, run) {
    Object.assign(this, { url, ticket, run });
    this.client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.number = 0; // of commands
    this.unheard = []; // commands that no frame has confirmed yet
    this.wait = MIN_WAIT_MS;
    this.drops = 0; // how often the connection was lost
  }

  // A closing socket has not fired "close" yet, hence the test of its state.
  get ready() {
    return this.welcomed && this.socket.readyState === WebSocket.OPEN;
  }

  // `listener` has `frame(header)`, `status(what)`, and `welcomed({ run, moved })`.
  listen(listener) {
    this.listener = listener;
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.socket?.close();
    const socket = (this.socket = new WebSocket(this.url));
    socket.binaryType = "arraybuffer";
    const { ticket, run, client } = this;
    const link = location.search.length > MOST_LINK ? "" : location.search.slice(1);
    socket.onopen = () => socket.send(JSON.stringify({ ticket, run, client, link }));
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(data);
    socket.onclose = (event) => socket === this.socket && this.reopen(event);
  }

  // Use the ticket of a new Streamlit session.
  renew(ticket) {
    if (this.ticket === ticket) return;
    this.ticket = ticket;
    if (this.lost) this.open();
  }

  receive(data) {
    this.hear();
    if (data === "") return;
    if (typeof data !== "string") {
      const header = unpack(data);
      this.unheard = this.unheard.filter(({ n }) => n > header.heard);
      // After a restart of the server, or in another run, the count restarts at 0; don't wait for it.
      header.heard = Math.max(header.heard, (this.unheard[0]?.n ?? this.number + 1) - 1);
      this.listener.frame(header);
      return;
    }
    const welcome = JSON.parse(data);
    this.run = welcome.run;
    this.wait = MIN_WAIT_MS;
    [this.welcomed, this.lost] = [true, false];
    this.listener.status("open");
    this.listener.welcomed(welcome);
    for (const command of this.unheard) this.post(command);
  }

  hear() {
    clearTimeout(this.silence);
    if (this.silent) this.listener.status("open");
    this.silent = false;
    this.silence = setTimeout(() => {
      this.silent = true;
      this.listener.status("silent");
    }, SILENCE_MS);
  }

  reopen({ code }) {
    clearTimeout(this.silence);
    this.welcomed = this.silent = false;
    if (this.over) return;
    this.drops++;
    // The server doesn't know this ticket: it was restarted, or the run has ended.
    this.lost = code === NO_TICKET;
    this.listener.status(this.lost ? "lost" : "closed");
    this.timer = setTimeout(() => this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(MAX_WAIT_MS, this.wait * 2);
  }

  post(message) {
    this.socket.send(JSON.stringify(message));
  }

  // Returns the number of the command. A frame with `heard` >= this number has executed it.
  send(command) {
    const text = command.text?.slice(0, MOST_TEXT);
    const message = { ...command, text, n: ++this.number };
    // While disconnected keep only the last value of a drag, or of typing.
    const { do: action, on } = this.unheard.at(-1) ?? {};
    const repeated = action === command.do && on === command.on;
    if (!this.ready && repeated && ["seek", "phrase", "open", "select", "write"].includes(action)) this.unheard.pop();
    this.unheard.push(message);
    if (this.ready) this.post(message);
    return this.number;
  }

  // Returns whether it was sent. When the wire opens again, the stage calls this itself.
  watch(pictures, mounted) {
    if (this.ready) this.post({ do: "watch", pictures, new: mounted });
    return this.ready;
  }

  drawn(seq) {
    if (this.ready) this.post({ do: "ack", seq });
  }

  close() {
    this.over = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket.close();
  }
}
