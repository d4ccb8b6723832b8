// The page on a projector: without sidebar and navigation, with larger type. A button and the key L switch, and a
// link with `present=1` opens it so. There `hide=curves` draws a curtain over a picture, and `dials=lr,cell` leaves
// these settings in sight.

const [NAME, CLASS] = ["present", "rnnviz-present"];
// How much larger type and pictures are. From the back row one reads a fortieth of the height, and the smallest letters
// of a picture have 12 pixels.
const [TYPE, SMALLEST] = [1.4, 12];
const WORD = /^\w+$/;
const root = document.documentElement;

const large = () => Math.max(TYPE, innerHeight / 40 / SMALLEST);

// The size of pictures now, 1 unless the page is on a projector.
export const zoomNow = () => (root.classList.contains(CLASS) ? large() : 1);

export class Present {
  constructor() {
    const query = new URLSearchParams(location.search);
    const named = (name) => (query.get(name) ?? "").split(",").filter((word) => WORD.test(word));
    [this.hidden, this.dials] = [new Set(named("hide")), named("dials")];
    this.sheet = document.head.appendChild(document.createElement("style"));
    addEventListener("resize", () => this.size());
    this.size();
    this.show(query.get(NAME) === "1");
  }

  size() {
    root.style.setProperty("--rnnviz-zoom", large());
    root.style.setProperty("--rnnviz-type", TYPE);
  }

  show(on) {
    this.on = on;
    root.classList.toggle(CLASS, on);
    root.toggleAttribute("data-dials", on && this.dials.length > 0);
    const kept = this.dials.map((name) => `:is([class*="st-key-restarts_${name}"], [class*="st-key-changes_${name}"])`);
    const shown = kept.flatMap((one) => [one, `${one} .stElementContainer`]).map((one) => `.${CLASS} ${one}`);
    this.sheet.textContent = on && kept.length ? `${shown.join(", ")} { display: block !important; }` : "";
  }

  // Draw the curtain over a picture that is hidden, until it is pressed; then `lifted` is called.
  cover(key, figure, lifted) {
    const there = figure.querySelector(".rnnviz-curtain");
    if (!this.hidden.has(key) || there) return;
    const curtain = Object.assign(document.createElement("button"), { className: "rnnviz-curtain", textContent: "Show" });
    curtain.onclick = () => {
      this.hidden.delete(key);
      curtain.remove();
      lifted();
    };
    figure.append(curtain);
  }

  // The query of a link, with what this adds to it.
  added(query) {
    const words = [["hide", [...this.hidden]], ["dials", this.dials]].filter(([, list]) => list.length);
    return [query, this.on && `${NAME}=1`, ...words.map(([name, list]) => `${name}=${list.join(",")}`)].filter(Boolean).join("&");
  }
}
