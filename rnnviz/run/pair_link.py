"""Pair link: what the query of one run adds for a second one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode

from rnnviz.config import SETTINGS
from rnnviz.run.share_link import MOST_QUERY, Link, read_link

#: The settings that differ in the second run: ``cell:lstm,lr:0.1``.
VS = "vs"
#: Parts of a link for each run; for the second one those that differ, as ``vs_changes`` etc.
OF_A_RUN = ("changes", "epoch", "now", "ghost", "ghost_changes", "checksum", "pin")
#: Written for a part that only the first run has.
NONE = "none"
#: What both runs have in common.
COMMON = ("task",)


def pair_query(first: Link, second: Link, more: Mapping[str, str]) -> str | None:
    """The query of two runs, and ``more`` of the page; None if it would be too long."""
    if first.query() is None or second.query() is None:
        return None
    start, other = first.schedule.start, second.schedule.start
    differing = (
        f"{row.name}:{quote(row.to_link(getattr(other, row.name)), safe='')}"
        for row in start.changes(other)
        if row.applies(vars(other))
    )
    one, two = first.to_query(), second.to_query()
    own = {
        f"{VS}_{name}": two.get(name, NONE) for name in OF_A_RUN if one.get(name) != two.get(name)
    }
    query = urlencode({**one, VS: ",".join(differing), **own, **more})
    return query if len(query) <= MOST_QUERY else None


def read_second(query: Mapping[str, str]) -> tuple[Link, list[str]] | None:
    """The link of the second run, and its own problems; None if the query has one run."""
    if VS not in query:
        return None
    problems, given = list[str](), set[str]()
    own = {name: text for name, text in query.items() if name != VS}
    for part in filter(None, query[VS].split(",")):
        name, colon, text = part.partition(":")
        if not colon or name not in SETTINGS or name in COMMON:
            problems.append(
                f"In the link: {VS}: {part[:60]!r} is not a setting that can differ and its value: "
                "write cell:lstm, or lr:0.1. It is left out."
            )
        else:
            own[name] = unquote(text)
            if own[name] != SETTINGS[name].to_link(SETTINGS[name].default):
                given.add(name)
    for name in OF_A_RUN:
        text = query.get(f"{VS}_{name}", own.get(name, ""))
        own.pop(name, None)
        if text not in ("", NONE):
            own[name] = text
    link, refused = read_link(own)
    known = {*read_link(query)[1]}
    # What the first run has set need not have an effect in the second.
    start = link.schedule.start
    known |= {f"In the link: {sentence}" for sentence in start.idle({*SETTINGS} - given)}
    return link, [*problems, *(sentence for sentence in refused if sentence not in known)]
