"""Every text of the reader or of a file that Streamlit reads as Markdown is escaped."""

import ast
from pathlib import Path

from rnnviz.ui.style import escaped

PACKAGE = Path(__file__).resolve().parents[3] / "rnnviz"
#: The packages that use Streamlit.
APP = [PACKAGE / name for name in ("page", "ui", "questions")]
#: Streamlit's elements that read a text as Markdown.
ELEMENTS = {
    "audio_input", "badge", "button", "camera_input", "caption", "chat_input", "checkbox",
    "color_picker", "data_editor", "date_input", "datetime_input", "dialog", "divider",
    "download_button", "error", "expander", "feedback", "file_uploader", "form",
    "form_submit_button", "header", "info", "latex", "link_button", "markdown", "metric",
    "multiselect", "number_input", "page_link", "pills", "popover", "radio",
    "segmented_control", "select_slider", "selectbox", "slider", "spinner", "status",
    "subheader", "success", "tabs", "text_area", "text_input", "time_input", "title", "toast",
    "toggle", "warning", "write", "write_stream",
}  # fmt: skip
#: Those whose options are Markdown too.
WITH_OPTIONS = {"choose_one", "pills", "radio", "segmented_control"}
#: The keywords that are Markdown.
MARKDOWN = {"label", "body", "help", "captions"}
#: Objects of rnnviz with methods of these names.
OTHERS = {"captions", "file", "parts", "self.unrolled", "session.units"}
#: Texts that are written in this program: names of settings, of choices, of kinds of things.
OURS = {
    "MOST_EDITS", "MOST_RUNS", "_NONE_FIT", "_COMING", "SETTINGS[name].label", "_EMPTY",
    "_NO_SWEEP",
    "TASKS[session.config.task].teaches", "_HELP", "_TEMPERATURE",
    "_changed(RunConfig(**values))", "contents", "doing", "ending", "from_docs", "export.help",
    "export.label", "group", "kind.help",
    "kind.label", "label", "label_of(name)", "many", "most",
    "names.noun", "names.sequence", "none", "noun", "noun.capitalize()", "now", "preset.label",
    "preset.look", "preset.promise", "role", "row.help", "row.label", "sequence",
    "session.dataset.role", "session.names.noun", "session.names.noun.capitalize()",
    "session.names.sequence", "share.help", "share.label", "tip", "unit", "unit.help",
    "unit.label", "what", "what.capitalize()", "which", "window.help", "window.label",
    "seeds", "section.doc", "sizes", "problems", "rows", "help", "said", "ways", "zero",
    "session.names.generic", "names.get(Hold.ZERO, Hold.ZERO)",
}  # fmt: skip
OUR_OPTIONS = {
    "Alter", "BandSource", "DOCS", "Hold", "Objective", "ReadoutKind", "Method", "_PAIRS", "_ROWS",
    "kind",
    "kinds", "known", "[*ways]", "_SERIES if data.series else Alter",
    "list(Unit)", "list(options)", "list(range(1, layers + 1))", "list(samples)",
    "list(type(asked))", "options", "sides", "views",
}  # fmt: skip


def is_safe(node):
    """Whether a text is a literal, a number, escaped, or the program's own."""
    match node:
        case (
            ast.Constant()
            | ast.FormattedValue(format_spec=ast.JoinedStr())  # only a number has a format
            | ast.Call(func=ast.Name(id="escaped" | "explanation" | "len"))
        ):
            return True
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts) | ast.List(elts=parts):
            return all(map(is_safe, parts))
        case ast.FormattedValue(value=value, format_spec=None) | ast.ListComp(elt=value):
            return is_safe(value)
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            return is_safe(one) and is_safe(other)
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            return ast.unparse(inner).startswith("map(escaped, ")
    return ast.unparse(node) in OURS


def are_safe(options, shown):
    """Whether options are the program's own, or are shown escaped."""
    escapes = shown is not None and "escaped" in ast.unparse(shown)
    return escapes or is_safe(options) or ast.unparse(options) in OUR_OPTIONS


def elements(path):
    """The calls of Streamlit's elements in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr=name)) if name in ELEMENTS:
                if ast.unparse(of) not in OTHERS:
                    yield node
            case ast.Call(func=ast.Name(id="choose_one")):
                yield node


def unsafe(path):
    """The texts of elements that may be someone else's and are not escaped."""
    for call in elements(path):
        name = ast.unparse(call.func).rpartition(".")[-1]
        given = {word.arg: word.value for word in call.keywords}
        texts = [*call.args[:1], *(given[key] for key in MARKDOWN & given.keys())]
        found = [text for text in texts if not is_safe(text)]
        if name in WITH_OPTIONS and not are_safe(call.args[1], given.get("format_func")):
            found.append(call.args[1])
        yield from (f"{path.name}:{one.lineno}: {name}: {ast.unparse(one)}" for one in found)


def test_what_is_not_written_here_is_escaped_for_markdown():
    paths = [path for folder in APP for path in folder.rglob("*.py")]
    assert sum(1 for path in paths for _ in elements(path)) > 80
    assert [found for path in paths for found in unsafe(path)] == []


def test_what_is_escaped_has_no_sign_of_markdown_left():
    assert escaped("![m](//h/m.png)") == r"\!\[m\]\(//h/m\.png\)"
    assert escaped("&lt;b&gt;") == r"\&lt;b\&gt;"
    for sign in "\\`*_{}[]()<>#+-.!|$~:^=&":
        assert escaped(sign) == f"\\{sign}"
