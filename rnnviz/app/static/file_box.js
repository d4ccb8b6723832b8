// A place for one file of the reader, chosen or dropped. It goes to Streamlit's script with the rerun
// that it asks for. (Streamlit's own uploader asks the server first where the file should go, and a
// script that starts meanwhile drops the answer.)

const BOX = `
<div class="rnnviz-field rnnviz-file">
  <label><small></small><span></span><input type="file" /></label>
  <button title="Remove" aria-label="Remove the file">×</button>
</div>`;

export class FileBox {
  // Of a file, one byte more than `limit` is read: enough to see that it is too large.
  constructor(node, limit) {
    this.limit = limit;
    node.innerHTML = BOX;
    const find = (selector) => node.querySelector(selector);
    [this.label, this.name, this.input, this.remove] = ["small", "span", "input", "button"].map(find);
    this.input.addEventListener("change", () => this.take(this.input.files[0]));
    this.remove.addEventListener("click", () => this.send({ name: "", content: "" }));
    node.addEventListener("dragover", (event) => event.preventDefault());
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
  }

  configure({ label, name, accept, help }, send) {
    this.send = send;
    this.label.textContent = label;
    this.input.setAttribute("aria-label", label);
    Object.assign(this.input, { accept, title: help });
    this.show(name || "Choose or drop a file", !name);
  }

  show(text, empty) {
    this.name.textContent = text;
    this.remove.hidden = empty;
  }

  take(file) {
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => this.send({ name: file.name, content: reader.result });
    reader.onerror = () => this.show(`${file.name} can't be read. Choose another file.`, true);
    reader.readAsDataURL(file.slice(0, this.limit + 1));
    // The same file may be chosen again, after a change on disk.
    this.input.value = "";
    this.show(`${file.name} …`, true);
  }
}
