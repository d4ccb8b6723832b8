// The editor of a cell's equations, in a dialog. The server checks what is typed; its answer is the text
// "draft". The run goes on meanwhile.

// Milliseconds without a key before the text is checked.
const CHECK_MS = 120;
const DIALOG = `
<header><h2>Write your own cell</h2>
  <p>One text: the forward pass, the backward pass and all pictures come from it.</p></header>
<section>
  <h3>Your equations</h3><small>One a line. A comment begins with #.</small>
  <div class="sheet">
    <pre class="numbers" aria-hidden="true"></pre>
    <textarea wrap="off" spellcheck="false" autocapitalize="off" autocomplete="off" maxlength="2001"
      aria-label="Your equations" autofocus></textarea>
    <i hidden></i>
  </div>
  <p>x is the input. A name that is read before it is written is a state. What stands to the left of @ is
    a matrix; any other new name is a vector of weights. out = "y" names what is read, keeps = "z" the gate
    that keeps.</p>
</section>
<section class="draft" aria-live="polite"></section>
<footer class="rnnviz-bar">
  <button data-do="again" title="The equations of the present cell">Restore</button>
  <button data-do="close">Close <kbd>Esc</kbd></button>
  <button data-do="use" class="main" title="Train a cell with these equations (Ctrl+Enter)">Use and restart</button>
</footer>`;

export class CellEditor {
  constructor(node, stage) {
    Object.assign(this, { node, stage });
    node.innerHTML = `<div class="rnnviz-bar"><button></button></div>`;
    this.button = node.querySelector("button");
    this.button.addEventListener("click", () => this.open());
  }

  configure({ label, equations, help }) {
    if (this.button.textContent !== label) this.button.textContent = label;
    this.button.title = help;
    this.equations = equations;
  }

  open() {
    const dialog = Object.assign(document.createElement("dialog"), {
      className: "rnnviz-control rnnviz-editor", innerHTML: DIALOG, ariaLabel: "Write your own cell",
    });
    const find = (selector) => dialog.querySelector(selector);
    const parts = { area: "textarea", numbers: ".numbers", mark: "i", draft: ".draft", use: "[data-do=use]" };
    for (const [name, selector] of Object.entries(parts)) this[name] = find(selector);
    dialog.addEventListener("click", ({ target }) => this.press(target.closest("[data-do]")));
    dialog.addEventListener("close", () => this.close());
    this.area.addEventListener("input", () => this.change());
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.press(this.use);
    });
    this.dialog = dialog;
    this.node.closest(".stApp").append(dialog);
    dialog.showModal();
    this.stage.mountText("draft", this.draft);
    this.begin();
  }

  // What was typed last is still there, unless the cell is another one now.
  begin() {
    const same = this.begun === this.equations;
    this.area.value = same ? this.typed : this.equations;
    this.begun = this.equations;
    this.area.setSelectionRange(0, 0);
    this.change(0);
  }

  close() {
    clearTimeout(this.timer);
    this.dialog.remove();
    this.dialog = null;
  }

  press(button) {
    if (!button || button.disabled) return;
    if (button.dataset.do === "again") {
      this.begun = null;
      this.begin();
      this.area.focus();
      return;
    }
    if (button.dataset.do === "use") this.stage.send({ do: "use", text: this.typed });
    this.dialog.close();
  }

  change(wait = CHECK_MS) {
    this.typed = this.area.value;
    this.numbers.textContent = this.typed.split("\n").map((_, k) => `${k + 1}\n`).join("");
    this.command = Infinity; // until it is sent
    this.show(false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.command = this.stage.send({ do: "write", text: this.typed })), wait);
  }

  follow() {
    const { scrollLeft, scrollTop } = this.area;
    this.numbers.style.translate = `0 ${-scrollTop}px`;
    this.mark.style.translate = `${-scrollLeft}px ${-scrollTop}px`;
  }

  update(header, current) {
    if (this.dialog) this.show(current);
  }

  // `current` is false until the text as it is now has been checked.
  show(current) {
    const { line, column } = this.draft.firstElementChild?.dataset ?? {};
    this.use.disabled = !current || !this.draft.querySelector(".fine");
    this.mark.hidden = !current || !line;
    this.mark.style.setProperty("--line", line ?? 0);
    this.mark.style.setProperty("--column", column ?? 0);
    this.follow();
  }
}
