// A picture as a file, as it is on the screen, or its numbers; and the button in its corner that offers them.
import { columnsOf, csvOf, plainText } from "./numbers.js";
import { openBeside } from "./popover.js";
import { pngOf, svgOf, toldOf } from "./saved_picture.js";

const TITLES = { svg: "Save the picture as a file", png: "Save the picture as a file", csv: "Save the numbers as a file" };
// So many pixels are around a picture in a file.
const MARGIN = 10;
const CONTENTS = {
  svg: (picture, told) => new Blob([svgOf(picture, told, MARGIN)], { type: "image/svg+xml" }),
  png: (picture, told) => pngOf(picture, told, MARGIN),
  csv: (picture, told) => new Blob([csvOf(columnsOf(picture.drawing.figure()), told)], { type: "text/csv" }),
};

// A button for each kind of file.
export const SAVES = Object.entries(TITLES)
  .map(([kind, title]) => `<button data-save="${kind}" title="${title}">${kind.toUpperCase()}</button>`)
  .join("");

// Called with the event of a click, which may be on one of these buttons.
export async function saveOnClick(picture, { target }) {
  const { save: kind } = target.closest("[data-save]")?.dataset ?? {};
  if (!kind || !picture.count) return;
  const title = plainText(picture.drawing.figure().layout.title?.text);
  const href = URL.createObjectURL(await CONTENTS[kind](picture, toldOf(picture, title)));
  Object.assign(document.createElement("a"), { download: `${picture.key}.${kind}`, href }).click();
  URL.revokeObjectURL(href);
}

// The button is seen while the pointer is on the picture, or the focus on the button.
export function offerSaves(picture, { enlarge }) {
  const figure = enlarge.closest("figure");
  figure.querySelectorAll(".rnnviz-save, .rnnviz-saves").forEach((node) => node.remove());
  const button = Object.assign(document.createElement("button"), {
    className: "rnnviz-save", ariaLabel: "Save", title: "Save as SVG, PNG or CSV", textContent: "⤓",
  });
  const menu = Object.assign(document.createElement("div"), { className: "rnnviz-saves", popover: "auto", innerHTML: SAVES });
  openBeside(button, menu);
  menu.ontoggle = ({ newState }) => button.classList.toggle("open", newState === "open");
  menu.onclick = (event) => {
    menu.hidePopover();
    saveOnClick(picture, event);
  };
  enlarge.after(button, menu);
  return button;
}
