// A run or weights that the reader opens: chosen in a box, or dropped anywhere on the page. The file goes to the
// server as the body of a request, as it may be too large for Streamlit's socket. What becomes of it the next frame
// shows: the run, or in the place of the message why it can't be opened. A table goes on to the box of own data.
import { FileBox } from "./file_box.js";

const EMPTY = "Choose or drop a file";
// Where the file goes, the ticket of this tab, the size of the largest file in bytes, and the box of own data, if any.
const to = { url: null, ticket: "", limit: 0, tables: () => null };

export function acceptFiles(url, ticket, limit, tables) {
  const listening = to.url;
  Object.assign(to, { url, ticket, limit, tables });
  if (listening) return;
  addEventListener("dragover", (event) => holdsFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    // A box for files takes its own.
    if (event.defaultPrevented || !holdsFile(event)) return;
    event.preventDefault();
    sendAll([...event.dataTransfer.files]);
  });
}

const holdsFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");

// A run comes before the data that it needs.
async function sendAll(files) {
  const isData = ({ name }) => !/\.(rnnviz|npz|safetensors)$/i.test(name);
  for (const file of files.sort((a, b) => isData(a) - isData(b))) await send(file);
}

// Of a file, one byte more than the limit is sent: enough to see that it is too large.
async function send(file) {
  if (!file) return;
  const url = new URL(to.url);
  url.searchParams.set("name", file.name);
  const box = to.tables();
  if (box) url.searchParams.set("box", box.closed ? "closed" : "1");
  const request = { method: "POST", headers: { "x-rnnviz-ticket": to.ticket }, body: file.slice(0, to.limit + 1) };
  try {
    const answer = await fetch(url, request);
    if (answer.ok && (await answer.json()).table) box.receive(file);
  } catch {
    // The wire says that the server can't be reached.
  }
}

export class OpenBox extends FileBox {
  constructor(node, limit) {
    super(node, limit);
    // Also data, which a run may wait for.
    this.input.accept += ",.rnnviz,.npz,.safetensors";
  }

  configure({ label, help }) {
    super.configure({ label, help, heard: 0, name: "" });
    this.show(EMPTY, true);
  }

  async take(file) {
    if (!file) return;
    this.show(`${file.name} …`, true);
    await send(file);
    // The same file may be chosen again.
    this.input.value = "";
    this.show(EMPTY, true);
    // The menu is closed as by the key: what becomes of the file stands on the page below it.
    this.input.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  }
}
