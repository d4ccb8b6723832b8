// A source of frames: it has `listen(listener)`, `send(command)`, `watch(pictures, mounted)`,
// `drawn(seq)` and `close()`. The stage knows nothing else of where its frames come from.
import { unpacked } from "./frame.js";

const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [100, 5000];
const NO_TICKET = 4401;

// One WebSocket, opened again whenever it falls. A command that nobody has heard is said again.
export class Wire {
  // `run` is the id of the run that is looked for; without one the ticket's own is shown.
  constructor(url, ticket, run) {
    Object.assign(this, { url, ticket, run });
    this.client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.number = 0; // of commands
    this.unheard = [];
    this.wait = FIRST_WAIT_MS;
    this.drops = 0; // how often the socket has fallen
  }

  // Whether what is said now is heard; a socket that is closing has not fallen yet.
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
    const link = location.search.slice(1);
    socket.onopen = () => socket.send(JSON.stringify({ ticket, run, client, link }));
    socket.onmessage = ({ data }) => socket === this.socket && this.heard(data);
    socket.onclose = (event) => socket === this.socket && this.fell(event);
  }

  // The page has run in a new session of Streamlit's: from now on this ticket counts.
  renew(ticket) {
    if (this.ticket === ticket) return;
    this.ticket = ticket;
    if (this.lost) this.open();
  }

  heard(data) {
    if (typeof data !== "string") {
      const header = unpacked(data);
      this.unheard = this.unheard.filter(({ n }) => n > header.heard);
      // Another run, or a server that was started again, has heard nothing: nor is it waited for.
      header.heard = Math.max(header.heard, (this.unheard[0]?.n ?? this.number + 1) - 1);
      this.listener.frame(header);
      return;
    }
    const welcome = JSON.parse(data);
    this.run = welcome.run;
    this.wait = FIRST_WAIT_MS;
    [this.welcomed, this.lost] = [true, false];
    this.listener.status("open");
    this.listener.welcomed(welcome);
    for (const command of this.unheard) this.post(command);
  }

  fell({ code }) {
    this.welcomed = false;
    if (this.over) return;
    this.drops++;
    // The server doesn't know this ticket: it was started again, or has forgotten the run.
    this.lost = code === NO_TICKET;
    this.listener.status(this.lost ? "lost" : "closed");
    this.timer = setTimeout(() => this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
  }

  post(message) {
    this.socket.send(JSON.stringify(message));
  }

  // The number by which a frame says that it has heard it.
  send(command) {
    const message = { ...command, n: ++this.number };
    // Of what is dragged or typed in one go while the wire is down only the last counts.
    const { do: what, on } = this.unheard.at(-1) ?? {};
    const again = what === command.do && on === command.on;
    if (!this.ready && again && ["seek", "phrase", "select"].includes(what)) this.unheard.pop();
    this.unheard.push(message);
    if (this.ready) this.post(message);
    return this.number;
  }

  // Whether it could be told: a wire that opens again asks the stage itself.
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
    this.socket.close();
  }
}
