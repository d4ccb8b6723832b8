"""The pictures of the first page: the network over one sequence, and the curves of its run."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.charts.axes import words_axis
from rnnviz.charts.picture import Picture, scatter
from rnnviz.charts.sequence_network import Targets, Words, compared, sequence_network, with_arrays
from rnnviz.charts.series_pictures import series_arrays
from rnnviz.charts.texts import count_in, explanation
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.charts.training_curves import run_curves
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.comparison import RetentionLab
from rnnviz.probe.memory_gauge import BackwardRule
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.probe.story import chance_of
from rnnviz.run.schedule import Position

#: Seconds per frame for records of earlier epochs.
DEVELOP = 0.001


def network(
    session: Session, probe: Probe, words: Words, theme: Theme, followed: int = 0
) -> Picture:
    """The network over the ``words`` of ``probe``, in the layer and the part shown.

    The memory of the marked token is followed, or of the one that is ``followed`` in both networks.
    """
    data, of = session.dataset, probe.parameters.architecture
    guess = float(data.guess.answer.max()) if data.one_class_at_end else None
    targets = Targets(data.classes, probe.known, data.one_class_at_end, guess)
    kept = session.selection.unit_of(of.hidden)
    passes = [probe.sequence_pass(layer, session.part, kept) for layer in range(of.layers)]
    levels = passes if of.layers > 1 else ()
    token = followed if session.selection.token is None else session.selection.token
    left = session.lab(RetentionLab).playable(session, probe, token)
    drawn = sequence_network(passes[session.layer], words, targets, theme, levels, left=left)
    return with_arrays(drawn, *series_arrays(probe))


def compared_network(
    session: Session, probe: Probe, words: Words, theme: Theme, followed: int = 0
) -> Picture:
    """The same, with what came back of the gradient at the second moment, if there is one."""
    drawn, second = network(session, probe, words, theme, followed), session.second
    if second is None or not drawn.series:
        return drawn
    if len(second.words) != len(probe.words) or not second.finite:
        return drawn
    position = session.player.second or Position(0)
    config = session.run.schedule.at(position)
    rule = BackwardRule(config.gradient, config.truncate, session.layer)
    shares = session.lab(RetentionLab).gradient(second, rule)
    return compared(drawn, f"{session.unit} {position.epoch}", shares)


def curves(session: Session, probe: Probe, theme: Theme, budget: float) -> Picture:
    """The run over its epochs; earlier epochs are measured for ``budget`` seconds."""
    data, query = session.dataset, session.gradient_query(probe)
    gauge, flows = session.memory.past(session.run, query, budget)
    return run_curves(
        session.player.course, guess=data.guess, metric=data.metric, gauge=gauge, gradients=flows,
        words=gradient_rows(probe), noun=session.names.noun, baselines=session.baselines,
        chance=chance_of(data), theme=theme,
    )  # fmt: skip


def gradient_rows(probe: Probe) -> tuple[str, ...]:
    """The names of the rows of a map of gradients: the tokens, or how many steps before the end."""
    steps = range(len(probe.words) - 1, -1, -1)
    return (
        tuple(f"−{step}" if step else "0" for step in steps)
        if probe.dataset.series
        else probe.words
    )


def explained(session: Session) -> dict[str, str]:
    """The explanations of both pictures."""
    count_in(session.unit)
    plain = cell_parts(session.state.parameters.architecture.cell).plain_matrix
    name, noun = "network" if plain else "network_gated", session.names.noun
    above = f"{explanation('of_series')} " if session.dataset.series else ""
    return {
        "network": above + explanation(name, noun=noun), "curves": explanation("curves", noun=noun)
    }  # fmt: skip


def words_of(session: Session, probe: Probe) -> Words:
    """The tokens that a probe reads, and the words as they were typed."""
    turning = session.story.turning
    times = session.dataset.series is not None
    return Words(probe.step_names, session.names.noun, probe.typed, probe.offered, turning, times)


def words_row(
    words: Words, theme: Theme = LIGHT, shades: Sequence[str] = (), steps: Sequence[str] = ()
) -> Picture:
    """The words side by side, each in its column, in frames of these ``shades`` if there are any.

    ``steps`` are texts of the columns for all tips on the page.
    On the page they can be edited: static/words_row.js draws them.
    """
    names, count = [plain(word) for word in words.meta["words"]], len(words.tokens)
    row = scatter(x=[*range(count)], y=[0] * count, mode="text", text=names)
    xaxis = {**words_axis(words.tokens, theme), "visible": False}
    meta = {"x": "token", **words.meta, "shades": list(shades), "steps": list(steps)}
    return picture(
        [row],
        f"{words.noun.capitalize()}s",
        80,
        theme,
        xaxis=xaxis,
        yaxis={"visible": False},
        meta=meta,
    )
