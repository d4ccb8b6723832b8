// A button that opens a popover beside itself.

export function openBeside(button, popover) {
  button.popoverTargetElement = popover;
  popover.onbeforetoggle = () => placeBeside(popover, button);
}

// Above or below the button, where there is more room.
function placeBeside(popover, button) {
  const { top, bottom, right } = button.getBoundingClientRect();
  const above = top > innerHeight - bottom;
  const [side, distance] = above ? ["bottom", innerHeight - top + 4] : ["top", bottom + 4];
  popover.style.cssText = `${side}: ${distance}px; right: ${Math.max(8, innerWidth - right)}px`;
}
