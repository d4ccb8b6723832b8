// The page on a projector: without sidebar and navigation, with larger type. A button and the key L switch, and a
// link with `present=1` opens it so.

const [NAME, CLASS] = ["present", "rnnviz-present"];
// How much larger type and pictures are.
const ZOOM = 1.4;
const root = document.documentElement;

// The size of pictures now, 1 unless the page is on a projector.
export const zoomNow = () => (root.classList.contains(CLASS) ? ZOOM : 1);

export class Present {
  constructor() {
    this.show(new URLSearchParams(location.search).get(NAME) === "1");
  }

  show(on) {
    this.on = on;
    root.classList.toggle(CLASS, on);
    root.style.setProperty("--rnnviz-zoom", ZOOM);
  }

  // The query of a link, with what this adds to it.
  added(query) {
    return [query, this.on && `${NAME}=1`].filter(Boolean).join("&");
  }
}
