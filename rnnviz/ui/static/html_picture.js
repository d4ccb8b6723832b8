// A picture of texts, which the browser lays out. A subclass has `box`, what is laid out, and `scroller`, what of it
// scrolls.
import { paintHtml } from "./painted_html.js";
import { Picture } from "./picture.js";

export class HtmlPicture extends Picture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    for (const button of this.corner) button.classList.add("top");
  }

  get zoom() {
    return 1;
  }

  // That of all, as if nothing scrolled.
  get size() {
    const { box, scroller } = this;
    return [box.clientWidth, box.clientHeight - scroller.clientHeight + scroller.scrollHeight];
  }

  paintOn(context) {
    paintHtml(context, this.box);
  }

  // The page lays it out.
  resize() {}
}
