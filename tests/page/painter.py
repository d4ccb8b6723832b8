"""What the painter of charts knows of Plotly's options, read from its scripts."""

import re

from rnnviz.files.page_script import PAGE

SCRIPTS = sorted((PAGE / "static").glob("chart*.js"))
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
SCRIPT = re.sub(r"//.*", "", SOURCES)
WORDS = set(re.findall(r"\w+", SCRIPT))
#: What only a notebook needs, or what the painter always does.
FOR_NOTEBOOKS = {
    "template", "paper_bgcolor", "hoverlabel", "hoverongaps", "hovertext",
    "automargin", "standoff", "exponentformat", "ticklabeloverflow", "tickmode", "ticks",
    "linecolor", "showline", "mirror", "constrain", "cliponaxis", "shadow", "showarrow",
    "arrowhead", "align", "xpad", "len", "outlinewidth", "xanchor", "itemsizing",
}  # fmt: skip


def keys(table):
    """The keys of an object of the scripts."""
    body = re.search(rf"const {table} = \{{(.*?)\n?\}};", SCRIPT, re.S)[1]
    return set(re.findall(r'(?:^|[,{\s])"?([a-z][a-z-]*)"?:', body))


def compared(name):
    """The words that the scripts compare ``name`` with."""
    return set(re.findall(rf'\b{name}(?: === |\.includes\()"([a-z-]+)"', SCRIPT))


TYPES, DASHES = keys("PAINTERS"), keys("DASHES")
#: What has no branch of its own is drawn as the usual one.
MODES = compared("mode")
SYMBOLS = keys("SHAPES") | compared("symbol") | {"circle"}
FILLS = compared("fill") | {"none", "tozeroy"}
SHAPES = {"line", *re.findall(r'if \(type === "(\w+)"\)', SCRIPT)}


def unknown(figure):
    """What a figure asks for that the painter doesn't know."""
    layout = figure["layout"]
    found = [f"option {name}" for name in options(figure) - WORDS - FOR_NOTEBOOKS]
    for series in figure["data"]:
        marker, line = series.get("marker", {}), series.get("line", {})
        symbols = {symbol.removesuffix("-open") for symbol in each(marker.get("symbol", "circle"))}
        found += named("type", {series["type"]} - TYPES)
        found += named("mode", set(series.get("mode", "lines").split("+")) - MODES)
        found += named("symbol", symbols - SYMBOLS)
        found += named("dash", {line.get("dash", "solid")} - DASHES)
        found += named("fill", {series.get("fill", "none")} - FILLS)
    for shape in layout.get("shapes", []):
        found += named("shape", {shape["type"]} - SHAPES)
        found += named("dash", {shape.get("line", {}).get("dash", "solid")} - DASHES)
    return found


def named(kind, words):
    return [f"{kind} {word}" for word in sorted(words)]


def each(value):
    return {value} if isinstance(value, str) else set(value)


def options(part):
    """The names of all options in a part of a figure; what ``meta`` has is the picture's own."""
    if isinstance(part, list):
        dicts = [one for one in part if isinstance(one, dict)]
        return set().union(*map(options, dicts))
    inner = [options(one) for name, one in part.items() if name != "meta" and holds(one)]
    return {name for name in part if not re.fullmatch(r"[xy]axis\d*", name)}.union(*inner)


def holds(value):
    return isinstance(value, (dict, list))
