// A place for one file of the reader, chosen or dropped. It goes to Streamlit's script with the rerun
// that it asks for, and goes again until the script has heard of it: another rerun, asked for at the same
// moment, may drop it. (Streamlit's own uploader loses a file then.)

const RETRY_MS = 1500;
const BOX = `
<div class="rnnviz-field">
  <label><small></small><span></span><input type="file" accept=".csv,.tsv,.tab,.txt,.xlsx,.xlsm,.parquet" /></label>
  <button title="Remove" aria-label="Remove the file">×</button>
</div>`;

export class FileBox {
  // Of a file, one byte more than `limit` is read: enough to see that it is too large.
  constructor(node, limit) {
    Object.assign(this, { node, limit });
    this.number = 0; // of choices
    node.innerHTML = BOX;
    const find = (selector) => node.querySelector(selector);
    [this.label, this.name, this.input, this.remove] = ["small", "span", "input", "button"].map(find);
    this.input.addEventListener("change", () => this.take(this.input.files[0]));
    this.remove.addEventListener("click", () => this.choose({ name: "", content: "" }));
    node.addEventListener("dragover", (event) => event.preventDefault());
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
  }

  // `heard` is the number of the last choice that the script has heard of, and `name` its name.
  configure({ label, name, heard, help }, send) {
    this.send = send;
    this.label.textContent = label;
    this.input.setAttribute("aria-label", label);
    this.input.title = help;
    if (heard < this.number) return;
    this.number = heard;
    clearTimeout(this.retry);
    this.show(name || "Choose or drop a file", !name);
    if (this.elsewhere) this.node.scrollIntoView({ block: "start" });
    this.elsewhere = false;
  }

  show(text, empty) {
    this.name.textContent = text;
    this.remove.hidden = empty;
  }

  take(file) {
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => this.choose({ name: file.name, content: reader.result });
    reader.onerror = () => this.show(`${file.name} can't be read. Choose another file.`, true);
    reader.readAsDataURL(file.slice(0, this.limit + 1));
    // The same file may be chosen again, after a change on disk.
    this.input.value = "";
    this.show(`${file.name} …`, true);
  }

  // Whether it is in a sidebar that is closed.
  get closed() {
    return this.node.getBoundingClientRect().right <= 0;
  }

  // Take a file that was dropped elsewhere, and show what becomes of it.
  receive(file) {
    const place = this.node.closest("details");
    if (place && !place.open) place.querySelector("summary").click();
    this.take(file);
    this.elsewhere = true;
  }

  choose(choice) {
    this.number++;
    clearTimeout(this.retry);
    this.deliver({ ...choice, number: this.number });
  }

  deliver(choice) {
    this.send(choice);
    this.retry = setTimeout(() => this.deliver(choice), RETRY_MS);
  }
}
