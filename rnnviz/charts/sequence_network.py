"""The network over one sequence: words, memory, answers and the gradient, a column a token.

The page draws this picture itself, in static/network.js, from the series by name and ``meta``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.gradients import symbol
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.theme import LIGHT, Theme, picture, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import CellParts, cell_parts, untimed
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.retention import Retention
from rnnviz.probe.sequence_pass import LARGEST, SequencePass

TITLE = "The network, step by step"
#: The sentence if nothing can be drawn.
BROKEN = (
    "The numbers of this network are not finite, or too large to draw. Go back, or start again "
    "with smaller initial weights, a smaller learning rate or clipping."
)
#: A longer label would run under the picture.
MOST_LETTERS = 7
_COLORS = ("background", "text", "muted", "grid", "train", "test", "forward", "magnitude",
           "negative", "neutral", "positive")  # fmt: skip


class Words(NamedTuple):
    """The tokens that the network reads, and the noun for them.

    ``typed`` are the words as they were typed, each with the index of its token, -1 if skipped;
    ``vocabulary`` are words to choose from; ``turning`` is the token that turns the verdict.
    Steps of a series are named by their ``times``.
    """

    tokens: Sequence[str]
    noun: str = "word"
    typed: Sequence[tuple[str, int]] = ()
    vocabulary: Sequence[str] = ()
    turning: int | None = None
    times: bool = False

    @property
    def meta(self) -> dict[str, Any]:
        """Metadata for the page, which draws the words itself."""
        return {
            "words": [shown_token(word) for word in self.tokens],
            "noun": self.noun,
            "typed": list(map(list, self.typed)),
            "vocabulary": list(self.vocabulary),
            "turning": self.turning,
        }


class Targets(NamedTuple):
    """The names of the outputs, and the targets of the last tokens.

    ``values`` are classes (N,), -1 if unknown, or values (N, C), NaN if unknown. ``at_end`` says
    whether there is one class for the whole sequence. ``guess`` is the share of the most frequent
    class, if it is known.
    """

    names: Sequence[str]
    values: Array
    at_end: bool
    guess: float | None = None


def sequence_network(
    shown: SequencePass, words: Words, targets: Targets, theme: Theme = LIGHT,
    levels: Sequence[SequencePass] = (), *, left: Retention | None = None,
) -> Picture:  # fmt: skip
    """The pass of one sequence; a sentence instead if a number is not finite.

    ``levels`` are the passes in all layers, the lowest first, if there are several. With what is
    ``left`` of a token and of the gradient, these shares are drawn in the place of ||dL/ds_t||.
    """
    if not all(level.finite for level in (shown, *levels)):
        broken = {"theme": palette(theme), "sentence": BROKEN}
        return picture([], TITLE, 600, theme, meta=broken)
    series, meta = pass_series(shown, words, targets, theme)
    if left is not None:
        shares = {"left": left.memory, "gradient left": left.gradient}
        series += [scatter(name=k, y=compact(row), visible=False) for k, row in shares.items()]
        meta = {**meta, "followed": left.token, "waits": left.waits}
    for k, level in enumerate(levels):
        if level is not shown:
            rows = [*units_series(level), *_tokens(level)]
            series += [{**row, "name": f"{row['name']} @{k}", "visible": False} for row in rows]
    return picture(series, TITLE, 600, theme, meta={**meta, "levels": len(levels)})


def compared(drawn: Picture, moment: str, shares: Array) -> Picture:
    """The picture with the shares of the gradient, (T,), at a second moment as a faint line."""
    line = scatter(name="second gradient", y=compact(shares), visible=False)
    return with_arrays(drawn, [line], {"moment": moment})


def with_arrays(drawn: Picture, series: Sequence[Series], meta: Mapping[str, Any]) -> Picture:
    """The picture with more arrays and metadata, unless it is a sentence."""
    if not drawn.series:
        return drawn
    more = {**drawn.layout["meta"], **meta}
    return Picture([*drawn.series, *series], {**drawn.layout, "meta": more})


def palette(theme: Theme) -> dict[str, str]:
    """The colours of the picture."""
    return theme.colors(*_COLORS)


def pass_series(
    shown: SequencePass, words: Words, targets: Targets, theme: Theme
) -> tuple[list[Series], dict[str, Any]]:
    """The arrays of a pass, and their metadata."""
    of, parts = shown.architecture, cell_parts(shown.architecture.cell)
    memory, added, formula = _formulas(parts)
    answers, kind = _answers(shown, targets, theme)
    # A longer label does not fit before the first word.
    label = memory if len(memory) <= MOST_LETTERS else parts.memory_state
    meta = {
        "theme": palette(theme),
        **words.meta,
        "layers": of.layers,
        "layer": shown.layer + 1,
        "part": shown.part,
        "gate": parts.is_gate(shown.part),
        "bridge": shown.bridge,
        "hidden": of.hidden,
        "group": shown.group,
        "remembers": shown.part in (*of.cell.states, of.out),
        "labels": {"memory": label, "added": added},
        "formula": formula,
        "symbol": symbol(Objective.LOSS, of.cell.states),
        **kind,
    }
    return [*units_series(shown), *_tokens(shown), *answers], meta


def _formulas(parts: CellParts) -> tuple[str, str, str]:
    """The kept and the added terms as symbols, and how the state is made of them."""
    memory, notation = parts.memory, untimed(parts.named)
    terms = {True: list[str](), False: list[str]()}
    for term in parts.memory_terms:
        text = "·".join(notation.factor(node, 0) for node in term.factors)
        sign = "−" if term.sign < 0 else "+" if terms[parts.kept(term)] else ""
        terms[parts.kept(term)].append(f"{sign} {text}".strip())
    kept, added = (" ".join(terms[key]).replace(" · ", "·") for key in (True, False))
    if parts.plain_matrix:
        how = f"{memory.functions[0]} of the sum: {parts.out}"
        return kept, added, f"from the input {{added}}, from memory {{memory}}; {how}"
    names = dict.fromkeys((memory.name, parts.out))
    return kept, added, f"added {{added}}, kept {{memory}}; their sum: {', and then '.join(names)}"


def units_series(shown: SequencePass) -> list[Series]:
    """The arrays of the units, (U, T), and the weights between them, (U, U)."""
    arrays = {"h": shown.states, "memory": shown.memory, "added": shown.added}
    if shown.part != shown.architecture.cell.equations.out:
        arrays["cells"] = shown.cells
    cells = [
        heatmap(name=name, y=shown.units, z=compact(array.T), visible=name == "h")
        for name, array in arrays.items()
    ]
    matrices = [
        heatmap(name=f"W_hh {k}", z=compact(W), visible=False) for k, W in enumerate(shown.weights)
    ]
    return cells + matrices


def _tokens(shown: SequencePass) -> list[Series]:
    gradients = np.where(shown.gradients > LARGEST, np.inf, shown.gradients)
    rows = {"share": shown.share, "strength": shown.strength, "gradient": gradients}
    rows["loss"] = np.array([shown.loss])
    return [scatter(name=name, y=compact(row), visible=False) for name, row in rows.items()]


def _answers(
    shown: SequencePass, targets: Targets, theme: Theme
) -> tuple[list[Series], dict[str, Any]]:
    answers, values, names = shown.answers, targets.values, targets.names
    if values.ndim == 2:
        rows = {"predicted": answers, "targets": values}
        largest = max(float(np.abs(np.nan_to_num(a)).max(initial=0)) for a in rows.values())
        limit = theme.scale.nice_limit(largest)
        cells = [heatmap(name=k, z=compact(a.T), visible=False) for k, a in rows.items()]
        return cells, {"answers": "values", "names": list(names), "limit": limit}
    known = ~np.isnan(answers[:, 0])
    predicted = np.where(known, answers.argmax(axis=1), -1)
    # Of a large vocabulary only the names that occur.
    used = np.arange(len(names)) if targets.at_end else np.union1d(predicted, values)
    used = used[used >= 0]
    rows = {
        "probability": compact(answers.max(axis=1)),
        "predicted": np.where(known, np.searchsorted(used, predicted), -1),
        "targets": np.where(values < 0, -1, np.searchsorted(used, values)),
    }
    shown_names = [shown_token(names[k]) for k in used.tolist()]
    kind = "verdict" if targets.at_end else "every"
    lines = [scatter(name=name, y=row, visible=False) for name, row in rows.items()]
    meta = {"answers": kind, "names": shown_names, "classes": len(names), "guess": targets.guess}
    return lines, meta
