// Texts as HTML.

export const escapeHtml = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

// A text with its **numbers** bold.
export const marked = (text) => escapeHtml(text).replace(/\*\*(.+?)\*\*/g, "<b>$1</b>");
