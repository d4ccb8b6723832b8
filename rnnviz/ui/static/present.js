// The page on a projector: without sidebar and navigation, with larger type. The key L switches, and a link
// with `present=1` opens it so.

const NAME = "present";

export class Present {
  constructor() {
    this.show(new URLSearchParams(location.search).get(NAME) === "1");
  }

  show(on) {
    this.on = on;
    document.body.classList.toggle("rnnviz-present", on);
  }

  // The query of a link, with what this adds to it.
  added(query) {
    return [query, this.on && `${NAME}=1`].filter(Boolean).join("&");
  }
}
