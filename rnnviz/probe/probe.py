"""Probe: one sequence read by the network, with its trace and outputs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from rnnviz.config import Loss, OutputAt, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.evaluation import StepDecoder
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.formatting import Names, number
from rnnviz.probe.passes import answers_of, forward_pass
from rnnviz.probe.sequence_pass import SequencePass, sequence_pass
from rnnviz.probe.unrolled import Unrolled
from rnnviz.tasks.data.csv_table import MAX_CHARACTERS, MAX_WORDS, TaskError
from rnnviz.tasks.data.number_cells import short_times, written
from rnnviz.tasks.data.rhythm import following
from rnnviz.tasks.data.vocabulary import END, START, Reading, Vocabulary
from rnnviz.tasks.dataset import GAP, Dataset, Example, Window

#: Largest number of characters in a typed probe; it also limits the length of a link.
MAX_TYPED = 2_000
#: Largest number of words that are offered.
MAX_OFFERED = 300
#: Largest number of tokens that a decoder generates.
MAX_GENERATED = 60


@dataclass(frozen=True, eq=False)
class Probe:
    """One sequence read by a network: its trace and everything shown of it.

    ``gaps`` (N,) marks unknown targets; the network's own outputs are the targets there.
    ``generated`` are the classes that a decoder generates.
    """

    dataset: Dataset
    reading: Reading
    example: Example
    trace: Trace
    parameters: Parameters
    gaps: Array
    generated: tuple[int, ...] = ()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens read, those of the encoder first; values in their own units."""
        return self.unrolled().words(names_of(self.dataset))

    @cached_property
    def step_names(self) -> tuple[str, ...]:
        """A short name of every step, (T,): the token, or the time of a step of a series.

        Steps that were typed have no times, and are counted from 1.
        """
        if self.dataset.units is None:
            return self.words
        if self.dataset.series and (window := self.dataset.window_at(self.reading.text)):
            return _times_of(window, self.dataset.series.lead)[: len(self.words)]
        return names_of_steps(self.example)

    @property
    def names_ahead(self) -> tuple[str, ...]:
        """The names of the steps of a series that are expected after the last one, (H,)."""
        lead = self.dataset.series.lead if self.dataset.series else 0
        if lead and (window := self.dataset.window_at(self.reading.text)):
            return _times_of(window, lead)[-lead:]
        return tuple(f"+{k}" for k in range(1, lead + 1))

    @property
    def step_texts(self) -> tuple[str, ...]:
        """Time and values of every step of a series, (T,), for a tip; none of other data."""
        if (units := self.dataset.units) is None:
            return ()
        times = self.example.times
        noun = names_at(self.dataset, self.example).time
        told = self.step_names if times is None else written(times)
        when = [f"{noun} {time}".strip() for time in told]
        channels = self.dataset.vocabulary.words
        values = (
            ", ".join(f"{name} {number(value)}" for name, value in zip(channels, row, strict=True))
            for row in units.own(self.example.inputs).tolist()
        )
        return tuple(map(": ".join, zip(when, values, strict=True)))

    @cached_property
    def typed(self) -> tuple[tuple[str, int], ...]:
        """The words as they were typed, each with the index of its token, -1 if it is not read.

        Characters are not typed one by one: then there are none.
        """
        groups, vocabulary = self.reading.text.split(), self.vocabulary
        if not self.dataset.tokens:
            # A window is named by its time, and its numbers are seen as a curve.
            each = self.dataset.series is None and len(groups) == len(self.example.inputs)
            return tuple((group, k) for k, group in enumerate(groups)) if each else ()
        if vocabulary.characters:
            return ()
        read = [bool(vocabulary.read(group).words) for group in groups]
        tokens = np.cumsum(read) - 1
        return tuple((g, int(tokens[k]) if read[k] else -1) for k, g in enumerate(groups))

    @property
    def offered(self) -> tuple[str, ...]:
        """Words to choose from where one is typed."""
        words = self.vocabulary.words if self.dataset.tokens and self.typed else ()
        return words[:MAX_OFFERED]

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of the input: the encoder's if there is one."""
        return self.dataset.source or self.dataset.vocabulary

    def unrolled(self, layer: int = -1) -> Unrolled:
        """The states and gradients in a layer."""
        return Unrolled(self.trace, layer)

    def sequence_pass(
        self, layer: int = -1, part: str = "", kept: int | None = None
    ) -> SequencePass:
        """The forward and backward pass in a layer, with a state or a gate."""
        return sequence_pass(self.parameters, self.trace, layer, part, kept)

    @property
    def answers(self) -> Array:
        """The outputs in the order of the tokens, (N, C): probabilities, or values."""
        return self.trace.probs

    @property
    def every(self) -> bool:
        """Whether there is an output after every token."""
        return self.dataset.reads is OutputAt.EVERY

    @property
    def verdict(self) -> str:
        """The last output: a class, values, or the text that a decoder generates."""
        if self.generated:
            return spoken(self.dataset, self.generated)
        if not self.dataset.answers_classes:
            return _own_numbers(self.dataset, self.answers[-1])
        return self.dataset.classes[int(self.answers[-1].argmax())]

    @property
    def probability(self) -> float:
        """Probability of the predicted class; NaN if the outputs are values."""
        return float(self.answers[-1].max()) if self.dataset.answers_classes else float("nan")

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite; states can overflow."""
        return bool(np.isfinite(self.answers).all())

    @property
    def noun(self) -> str:
        """The name of its output: "verdict" if one class is predicted for the sequence."""
        return "verdict" if self.dataset.one_class_at_end else "answer"

    @property
    def answer(self) -> str:
        """The verdict as text, with its probability if one class is predicted for the sequence."""
        if not self.finite:
            return "not finite"
        if self.dataset.one_class_at_end:
            return f"{self.verdict}, {self.probability:.1%}"
        return self.verdict or "(nothing)"

    @property
    def label(self) -> str | None:
        """The target as text; None if it is unknown."""
        return None if self.gaps[-1] else target_text(self.dataset, self.example.targets)

    @property
    def score(self) -> float:
        """The task's metric over the known targets; NaN if there are none."""
        known = ~self.gaps
        if not known.any():
            return float("nan")
        owners = np.zeros(int(known.sum()), int)
        return self.dataset.metric.score(self.answers[known], self.example.targets[known], owners)

    @property
    def known(self) -> Array:
        """The target classes (N,) with GAP for unknown ones, or values (N, C) with NaN."""
        targets, gaps = self.example.targets, self.gaps
        known: Array = (
            np.where(gaps, GAP, targets)
            if targets.ndim == 1
            else np.where(gaps[:, None], np.nan, targets)
        )
        return known

    @property
    def side(self) -> int | None:
        """The predicted class of two, 0 or 1; None if there are more classes, or values."""
        two = self.dataset.answers_classes and self.answers.shape[1] == 2
        return int(self.answers[-1].argmax()) if two and not self.every else None

    @property
    def basis(self) -> str:
        """The target of the loss, as a sentence."""
        if self.example.source is not None and self.label is None:
            return "This text is not in the data, so the network's own output is the target."
        if not self.gaps.any():
            where = "" if self.dataset.rule else ", its label in the data"
            return "" if self.every else f"Target: {self.label}{where}."
        if self.every:
            return "Where no target is known, the network's own output is used as the target."
        what = names_of(self.dataset).sequence
        own = f"the network's own {self.noun}, {self.verdict}, is the target"
        if not self.dataset.answers_classes:
            own += ", and no gradient is left"
        return f"This {what} has no label in the data, so {own}."

    @property
    def margin_class(self) -> int:
        """The class whose logit margin is shown: the predicted one, or the second of two."""
        return 1 if len(self.dataset.classes) == 2 else int(self.answers[-1].argmax())

    @cached_property
    def margin(self) -> Array:
        """The logit margin of ``margin_class`` after every token, (T,)."""
        return running_margin(self.parameters, self.trace, self.margin_class)

    @cached_property
    def running(self) -> Array:
        """The output after every token, as if the sequence ended there, (T, C)."""
        return self.unrolled().logits(self.parameters)

    @property
    def running_probs(self) -> Array:
        """The probabilities of the classes after every token, (T, C)."""
        return answers_of(self.running, Loss.CROSS_ENTROPY)


@lru_cache(maxsize=64)
def _times_of(window: Window, lead: int) -> tuple[str, ...]:
    """The times of the steps of a window, and of those after it."""
    times = window.piece.times[window.start : window.end + lead]
    missing = window.end + lead - window.start - len(times)
    return tuple(short_times(np.append(times, following(window.piece.times, missing))))


def names_of_steps(example: Example) -> tuple[str, ...]:
    """The short times of the steps of a series, (T,), or, if they are unknown, numbers from 1."""
    if example.times is None:
        return tuple(f"{t}" for t in range(1, len(example.inputs) + 1))
    return tuple(short_times(example.times))


def names_of(dataset: Dataset) -> Names:
    """The names of the rows and columns of a network's parameters."""
    source = dataset.source.words if dataset.source else ()
    noun = dataset.vocabulary.noun if dataset.tokens else "step"
    names = Names(dataset.vocabulary.words, dataset.classes, source, noun, units=dataset.units)
    if (series := dataset.series) is None or series.train[0].times.dtype.kind == "M":
        return names
    return names._replace(time=series.columns.time or noun)


def names_at(dataset: Dataset, example: Example) -> Names:
    """The names of a data set for one example: steps without times are counted."""
    names = names_of(dataset)
    return names._replace(time=names.noun) if example.times is None else names


def target_text(dataset: Dataset, targets: Array) -> str:
    """Targets (N,) or (N, C) as text: generated text, a class, or the last values."""
    if not dataset.answers_classes:
        return _own_numbers(dataset, targets[-1])
    if len(targets) > 1 or dataset.reads is OutputAt.EVERY:
        return spoken(dataset, targets.tolist())
    return dataset.classes[int(targets[-1])]


def _own_numbers(dataset: Dataset, values: Array) -> str:
    """Output values (C,) as text, in the units of the data."""
    return ", ".join(number(float(value)) for value in dataset.own_answers(values))


def spoken(dataset: Dataset, classes: tuple[int, ...] | list[int]) -> str:
    """The text of predicted classes, without the end token."""
    names = (dataset.classes[c] for c in classes)
    return dataset.vocabulary.join(name for name in names if name != END)


def most_typed(dataset: Dataset) -> int:
    """Largest number of characters of a typed probe: numbers of the data may have many digits."""
    return MAX_TYPED if dataset.tokens else max(MAX_TYPED, dataset.longest_text)


def read(dataset: Dataset, text: str) -> Reading:
    """Parse ``text`` as input of the network; raises TaskError if that is impossible."""
    what, vocabulary = names_of(dataset).sequence, dataset.source or dataset.vocabulary
    if dataset.tokens:
        count = len(vocabulary.split(text))
        most = MAX_CHARACTERS if vocabulary.characters else MAX_WORDS
        if count > most:
            raise TaskError(
                f"The {what} has {count:,} {vocabulary.unit}; the most that can be read is {most}."
            )
    if len(text) > (longest := most_typed(dataset)):
        raise TaskError(
            f"The {what} has {len(text):,} characters; the most that can be read is {longest:,}."
        )
    if text != text.encode(errors="replace").decode():
        raise TaskError(f"The {what} has half of a character: type it again.")
    if not dataset.tokens:
        if known := _named(dataset, text):
            return Reading(text, tuple(known.text.split()), (), known.inputs)
        groups = text.split()
        if dataset.windows and groups and (len(groups) == 1 or not _is_numbers(groups[0])):
            raise TaskError(
                f"No window begins at “{text.strip()[:40]}”. Write a time, such as "
                f"{next(iter(dataset.windows))}, or numbers with spaces between them."
            )
        values = dataset.values_of(text, MAX_WORDS)
        return Reading(text, tuple(groups), (), values)
    reading = vocabulary.read(text)
    # A blank may be a token.
    if not text.strip() and not len(reading.tokens):
        example = dataset.train[0].text[:60]
        raise TaskError(f"The {what} is empty. Type something, for example: “{example}”.")
    if not len(reading.tokens):
        raise TaskError(f"None of these {vocabulary.unit} is in the vocabulary.")
    return reading


def _is_numbers(group: str) -> bool:
    with suppress(ValueError):
        return bool([float(part) for part in group.split(",")])
    return False


def _named(dataset: Dataset, text: str) -> Example | None:
    """The values of the data that a text names: a window, or an example with this text."""
    if dataset.tokens or not dataset.labelled:
        return None
    window = dataset.window_at(text.strip())
    return window.example if window else dataset.lookup_text(text)


def readable(dataset: Dataset, text: str) -> bool:
    """Whether the network can read ``text``."""
    try:
        read(dataset, text)
    except TaskError:
        return False
    return True


def start_of(dataset: Dataset, text: str) -> str:
    """The longest beginning of ``text`` that can be typed; only a word that is too long is cut."""
    if dataset.tokens and (dataset.source or dataset.vocabulary).characters:
        return text[:MAX_CHARACTERS]
    words, most = " ".join(text.split()[:MAX_WORDS]), most_typed(dataset)
    if len(words) > most:
        return words[:most].rpartition(" ")[0] or words[:most]
    return words


def inspect(
    dataset: Dataset, parameters: Parameters, text: str, config: RunConfig,
    of_data: Example | None = None,
) -> Probe:  # fmt: skip
    """Forward and backward pass of ``text`` with these parameters; raises TaskError.

    Unknown targets are replaced by the network's own outputs. Of several examples of the data with
    this text, ``of_data`` says which is meant.
    """
    reading = read(dataset, text)
    # The generated classes up to an end token, if there is one.
    generated: tuple[int, ...] = ()
    if dataset.source is not None:
        generated = tuple(translate(parameters, dataset, reading.tokens, MAX_GENERATED))
    elif END in dataset.classes and dataset.reads_its_answers:
        generated = tuple(
            prompted(parameters, dataset, reading.tokens[:1], likeliest, MAX_GENERATED)
        )
    example = of_data or _named(dataset, text) or _example(dataset, reading, generated)
    targets = example.targets
    unknown = np.equal(targets, GAP) if targets.ndim == 1 else np.isnan(targets).any(axis=-1)
    gaps = np.asarray(unknown)

    def filled(outputs: Array) -> Array:
        own = outputs[gaps]
        known = targets.copy()
        known[gaps] = own.argmax(axis=-1) if targets.ndim == 1 else own
        return known

    batch = collate([example])
    trace = record(parameters, batch, config.gradient, config.truncate, aim=filled)
    example = replace(example, targets=trace.targets)
    return Probe(dataset, reading, example, trace, parameters, gaps, generated)


def _example(dataset: Dataset, reading: Reading, generated: tuple[int, ...]) -> Example:
    if dataset.source is None:
        targets = dataset.targets_of(reading.tokens)
        # A sequence that skips unknown tokens may equal another one of the data.
        if reading.unknown and not dataset.rule:
            same = dataset.lookup_text(reading.text) if dataset.labelled else None
            targets = same.targets if same else dataset.unknown_targets(len(targets))
        known = dataset.lookup(reading.tokens)
        return Example(reading.text, reading.tokens, targets, times=known.times if known else None)
    known = dataset.lookup_text(reading.text) if reading.unknown else dataset.lookup(reading.tokens)
    if known:
        return replace(known, text=reading.text)
    tokens = (dataset.vocabulary.number(dataset.classes[c]) for c in generated[:-1])
    inputs = np.array([dataset.vocabulary.number(START), *tokens])
    return Example(reading.text, inputs, np.full(len(inputs), GAP), reading.tokens)


def phrase_key(trace: Trace) -> tuple[bytes, ...]:
    """A key that is equal for traces of the same sequences and targets."""
    batch = trace.batch
    source = batch.source.inputs.tobytes() if batch.source else b""
    return batch.read.inputs.tobytes(), source, batch.targets.tobytes()


# Decoding: the network reads its own answers


#: Chooses a class from probabilities (C,).
Choice = Callable[[Array], int]


def likeliest(probs: Array) -> int:
    """The class with the largest probability."""
    return int(probs.argmax())


def _decode(
    reader: StepDecoder, token: int, dataset: Dataset, choose: Choice, most: int
) -> list[int]:
    """Read a token, answer, read the answer, and so on, up to the end token or ``most`` classes.

    It ends at an output that is not finite.
    """
    answers: list[int] = []
    for _ in range(most):
        probs = reader.read(token)
        if not np.isfinite(probs).all():
            break
        answers.append(choose(probs))
        name = dataset.classes[answers[-1]]
        if name == END:
            break
        token = dataset.vocabulary.number(name)
    return answers


def translate(parameters: Parameters, dataset: Dataset, source: Array, most: int) -> list[int]:
    """The decoder's most likely answers after the encoder has read ``source`` (S,)."""
    start = dataset.vocabulary.number(START)
    example = Example("", np.array([start]), np.array([0]), source)
    trace = forward_pass(parameters, collate([example]))
    return _decode(StepDecoder(parameters, trace), start, dataset, likeliest, most)


def prompted(
    parameters: Parameters, dataset: Dataset, prompt: Array, choose: Choice, most: int
) -> list[int]:
    """The answers that follow a prompt (T,), T >= 1."""
    reader = StepDecoder(parameters)
    for token in prompt[:-1]:
        reader.read(int(token))
    return _decode(reader, int(prompt[-1]), dataset, choose, most)


def running_margin(parameters: Parameters, trace: Trace, target: int) -> Array:
    """m_t = logit of ``target`` less the largest other, (T,), as if the sequence ended at t."""
    logits = Unrolled(trace).logits(parameters)
    return margin(logits, np.full(len(logits), target))


def left_out(example: Example, t: int) -> Example:
    """The example without its token ``t``, an encoder's if there is one."""
    if example.source is not None:
        return replace(example, source=np.delete(example.source, t, axis=0))
    inputs = np.delete(example.inputs, t, axis=0)
    times = None if example.times is None else np.delete(example.times, t)
    # Only the number of targets has an effect here.
    targets = example.targets[: len(inputs)]
    return replace(example, inputs=inputs, targets=targets, times=times)


def with_token(example: Example, place: int, token: int | Array, added: bool = False) -> Example:
    """The example with another token at ``place``, or other values, or with one ``added`` after.

    With an encoder it is a token of the source. The targets remain those of the old sequence, and
    the times, unless one is added.
    """
    before, after = example.read[: place + added], example.read[place + 1 :]
    read, targets = np.concatenate([before, [token], after]), example.targets
    if example.source is not None:
        return replace(example, source=read)
    if added and len(targets) == len(example.inputs):
        targets = np.insert(targets, place, targets[place], axis=0)
    times = None if added else example.times
    return replace(example, inputs=read, targets=targets, times=times)


def other_tokens(count: int, own: int, most: int) -> Array:
    """At most ``most`` of ``count`` tokens other than ``own``, equally spaced."""
    return spaced(np.delete(np.arange(count), own), most)


def spaced(every: Array, most: int) -> Array:
    """At most ``most`` rows of an array, equally spaced."""
    some = np.linspace(0, len(every) - 1, min(len(every), most)).astype(int)
    return np.asarray(every[some])
