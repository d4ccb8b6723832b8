"""The file of a lesson: what is read, and one sentence for what can't be."""

import math
import random
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.lessons.check import rehearse
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Near, Shape, example, open_lesson, read_lesson, shipped

TEXT = example()
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in shipped().items()}


def changed(old, new):
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)


def refusal(text):
    """The sentence with which a lesson is refused, when it is read or rehearsed."""
    with pytest.raises(LessonError) as problem:
        rehearse(read_lesson(text))
    return str(problem.value)


def test_a_lesson_has_all_that_a_page_needs():
    lesson = read_lesson(TEXT)
    assert (lesson.title, lesson.minutes, lesson.page) == ("When does it learn?", 3, "train")
    assert lesson.runs == {
        "main": RunConfig(epochs=500),
        "large": RunConfig(epochs=200, init_scale=0.1),
    }
    asked = lesson.prediction
    assert (asked.how, asked.on, asked.compare) == ("draw", "loss", ("falls",))
    assert asked.shapes[1] == Shape(
        "not for long, then at once", ((0, 1), (330, 0.85), (400, 0.15), (500, 0.02))
    )
    values = {"falls": 361.0, "right_moves": 150.0, "large_falls": 61.0}
    assert "falls only at epoch 361." in lesson.filled(lesson.steps["Why"].text, values)
    assert lesson.filled(asked.said, values) == "falls at epoch 361"
    assert lesson.in_sight("Ask") == 4 and lesson.in_sight("Predict") == 4 + 19


def test_the_spread_of_ten_networks_is_told():
    text = changed("within = [320, 390]", "within = [320, 390], ten = [344, 373]")
    lesson = read_lesson(text.replace("epoch {falls}.", "epoch {falls:ten}."))
    assert lesson.filled(lesson.steps["Why"].text, {}).endswith("only at epoch 344 to 373.")


def test_a_drawn_curve_is_measured_as_the_run_is():
    lesson = read_lesson(TEXT)
    drawn = Curve.through(lesson.prediction.shapes[1].points, np.arange(501))
    guess = lesson.guessed(drawn)
    # 0.85 at 330, and 0.01 less with every epoch.
    assert guess == {"falls": 341}
    assert lesson.met({"falls": 361.0}, guess) == {"falls": True}
    assert lesson.met({"falls": 100.0}, guess) == {"falls": False}


def test_names_are_picked_exactly():
    lesson = read_lesson(TEXTS["bug"])
    truth = {"W_xh": 0.5, "W_hh": 0.0, "b_h": 0.6, "W_hy": 0.0, "b_y": 0.0}
    guess = {**dict.fromkeys(truth, 0.0), "W_hh": 1.0, "b_h": 1.0}
    met = {"W_xh": False, "W_hh": False, "b_h": True, "W_hy": True, "b_y": True}
    assert lesson.met(truth, guess) == met


@pytest.mark.parametrize(
    ("near", "truth", "guess", "holds"),
    [
        (Near(share=0.2), 100, 120, True),
        (Near(share=0.2), 100, 79, False),
        (Near(by=4), 62, 58, True),
        (Near(by=4), 62, 57, False),
        (Near(factor=2), 0.4, 0.2, True),
        (Near(factor=2), 0.4, 0.9, False),
        (Near(factor=2), 0.0, 1e-9, False),
        (Near(factor=2, floor=1e-6), 1e-17, 1e-9, True),
        (Near(factor=2, floor=1e-6), 1e-17, 1e-5, False),
        (Near(share=0.2), math.inf, math.inf, True),
        (Near(share=0.2), math.inf, 100, False),
        (Near(share=0.2), math.nan, 100, False),
        (Near(), 1.0, 1.0, True),
    ],
)
def test_a_guess_is_near_enough(near, truth, guess, holds):
    assert near.holds(truth, guess) is holds


def test_a_class_votes_for_the_nearest_shape_or_for_a_range():
    asked = read_lesson(TEXT).prediction
    places = np.arange(501.0)
    steady = Curve(places, np.where(places < 360, 0.95, 0.05))
    assert asked.letter({}, steady) == "B"
    assert asked.letter({}, Curve(places, np.exp(-places / 70))) == "A"
    ranges = read_lesson(TEXTS["reach"]).prediction
    found = [ranges.letter({"i_50": v}, None) for v in (0.0, 1e-5, 0.01, 0.5)]
    assert found == ["A", "B", "C", "D"]
    assert read_lesson(TEXTS["bug"]).prediction.letter({}, None) == ""


# Refusals


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('phrase = "i am not bad"', 'phrase = "i am not zorg"'),
        ("[measure]", '[experiment]\nlabel = "Try"\nphrase = "bad zorg"\n[measure]'),
    ],
)
def test_a_word_of_a_phrase_that_is_not_in_the_vocabulary_is_found(old, new):
    assert "'zorg' is not in the vocabulary" in refusal(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes = 3", "", "minutes is missing."),
        ("minutes = 3", "minutes = true", "line 5, minutes: 'True' is not a whole number."),
        ("minutes = 3", "minutes = 3\nhours = 1", "line 6, hours: 'hours' means nothing here."),
        ('page = "train"', 'page = "home"', "line 6, page: 'home' is not one of train,"),
        ("[run.main]", "[run.mine]", "[run.main] is missing."),
        ("init_scale = 0.1", "scale = 0.1", "run.large: there is no setting 'scale'."),
        ("init_scale = 0.1", "init_scale = 5", "run.large: Initial scale (init_scale) can't"),
        ("init_scale = 0.1", "lag = 5", "run.large: Lag (lag) has no effect"),
        ("init_scale = 0.1", 'cell = "own"\nequations = "h ="', "run.large:"),
        ('how = "draw"', 'how = "guess"', "predict.how: 'guess' is not one of draw, drag,"),
        ('how = "draw"', 'how = "drag"', "predict.on: 'loss' is not one of verdict, gradient,"),
        ("[measure]", '[experiment]\nlabel = "Try"\n[measure]', "one of run, phrase and epoch."),
        (
            "[measure]", '[experiment]\nlabel = "Try"\nepoch = 501\n[measure]',
            "experiment.epoch: the run main has the epochs",
        ),
        ("- The loss {", f"- a{' ' * 50_000}x\n- The loss {{", "an answer is a line such as"),
        ("[measure]", f"minutes = {'1' * 5_000}\n[measure]", "number or a table that is too long"),
        ("[measure]", f"title = '{'a' * 100_000}'\n[measure]", "more than 100,000 characters"),
        ("[measure]", f"{'a.' * 12_000}a = 1\n[measure]", "a name has too many dots"),
        (
            "[measure]", '[experiment]\nlabel = "Try"\nrun = "huge"\n[measure]',
            "experiment.run: 'huge' is not one of main, large.",
        ),
        (
            'compare = ["falls"]', 'compare = ["fall"]',
            "predict.compare: there is no measure 'fall'; write names of measures: falls, ",
        ),
        ("falls at epoch {falls}", "{fals}", "predict.said: 'fals' is not measured."),
        ('["falls"]', '["right_moves"]', "right_moves is no measure of main's curve 'loss'."),
        ('["falls"]', '["large_falls"]', "large_falls is no measure of main's curve 'loss'."),
        ("share = 0.2 }", "shares = 0.2 }", "'shares' means nothing here."),
        ("[[0, 1], [40, 0.6]", "[[0, 1], [40]", "predict.shape.0.points: write a list of points"),
        ("[40, 0.6], [120", "[130, 0.6], [120", "each point must be to the right"),
        ('right_moves = { first', 'right_moves = { frist', "there is no measure 'frist'; there"),
        ('first = "right"', 'first = "rigth"', "'rigth' is not one of loss, right,"),
        ("above = 0.6, ", "", "right_moves: write one of below and above."),
        ("above = 0.6", 'above = "x"', "measure.right_moves.above: 'x' is not a number."),
        ("above = 0.6", "above = nan", "measure.right_moves.above: 'nan' is not a number."),
        ("[105, 165]", "[165, 105]", "measure.right_moves.within: the smaller number comes first."),
        ("[105, 165]", "[105]", "measure.right_moves.within: write a list of 2 numbers."),
        ("[105, 165]", "[105, 165], at = 3", "measure.right_moves.at: 'at' means nothing here."),
        ('run = "large"', 'run = "larger"', "'larger' is not one of main, large."),
        ("[measure]  ", "[measure", "the settings can't be read: "),
        ("above = 0.6", "above = 0.6, epoch = 3", "right_moves.epoch: 'epoch' means nothing"),
        ("[measure]  ", "[measure]\nends = { verdict = 'bad', within = [0, 1], epoch = -1 }\n#",
         "measure.ends.epoch: the run main has the epochs 0 to 500."),
        ("[measure]  ", "[measure]\nends = { verdict = 'bad', within = [0, 1], epoch = 501 }\n#",
         "measure.ends.epoch: the run main has the epochs 0 to 500."),
        ('on = "loss"', 'on = "loss"\nepoch = -1', "predict.epoch: the run main has the epochs"),
        ('on = "loss"', 'on = "loss"\nepoch = 501', "predict.epoch: the run main has the epochs"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_settings_is_one_sentence(old, new, said):
    found = refusal(changed(old, new))
    assert said in found and found.count("\n") == 0


def test_a_class_has_as_many_letters_as_there_are_ranges():
    text = TEXTS["reach"].replace("[1e-5, 1e-3, 0.1]", f"{[*range(8)]}")
    assert "predict.hands.below: there are at most 8 ranges." in refusal(text)


def test_the_lines_are_those_of_the_file():
    lines = changed("minutes = 3", "minutes = 'three'").splitlines()
    (line,) = [k for k, text in enumerate(lines, 1) if "'three'" in text]
    assert refusal("\n".join(lines)).startswith(f"line {line}, minutes: ")
    text = changed("minutes = 3", "minutes =")
    assert f"(at line {line}," in refusal(text)
    text = changed("- Sooner {if", "- Sooner {when")
    (line,) = [k for k, one in enumerate(text.splitlines(), 1) if "when" in one]
    assert refusal(text).startswith(f"line {line}: ")


#: One measure that can't be taken on the runs of the example, and what is said of it.
_UNTAKEN = [
    ('reach = "i am not bad", word = 5', "'i am not bad' has no token number 5."),
    ('reach = "i am not bad", word = 0', "'i am not bad' has no token number 0."),
    ('reach = "i am not baad", word = 1', "'baad' is not in the vocabulary."),
    ('reach = "...", word = 1', "None of these words is in the vocabulary."),
    ('error = "W_xx", phrase = "bad"', "there is no parameter 'W_xx'; there are W_xh,"),
    ('gate = "f", phrase = "bad", words = "first"', "this cell has no 'f'; it has"),
    ('without = "nott"', "the training phrases don't differ by having 'nott'."),
    ("edited = { W_hx = 0 }", "there is no parameter 'W_hx'"),
    ("lag = 20", "this task draws no sequences of other lengths."),
    ('mean = "right by lag"', "this task draws no sequences of other lengths."),
    ('least = "a", values = [0.5]', "the equations have no line a = …."),
    ('lag = -1, run = "sums"', "-1 is no length of a sequence: write 2 to 1,000."),
    ('lag = 1, run = "sums"', "1 is no length of a sequence: write 2 to 1,000."),
    ('lag = 1001, run = "sums"', "1001 is no length of a sequence: write 2 to 1,000."),
    ('verdict = "0.5 1", run = "sums"', "this task is answered with values, not with classes."),
]


@pytest.mark.parametrize(("measure", "said"), _UNTAKEN)
def test_a_measure_that_can_not_be_taken_is_refused_before_training(measure, said):
    text = changed("[predict]", '[run.sums]\ntask = "adding"\n\n[predict]')
    text = text.replace("[measure]", f"[measure]\nodd = {{ {measure}, within = [0, 1] }}\n#")
    assert refusal(text).startswith(f"measure.odd: {said}")


def test_what_is_no_lesson_at_all_is_refused(tmp_path):
    for text in ("", "# Hello\n", "+++\ntitle = 'x'\n", "\n" + TEXT):
        assert refusal(text).startswith("line 1: a lesson begins with settings")
    path = tmp_path / "latin.lesson.md"
    path.write_bytes(TEXT.encode() + b"\xe9")
    with pytest.raises(LessonError, match="not text in UTF-8"):
        open_lesson(path)


def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path):
    path = tmp_path / "windows.lesson.md"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    lesson = open_lesson(path)
    assert lesson.steps == read_lesson(TEXT).steps


def one_sentence_or_a_lesson(text):
    try:
        read_lesson(text)
    except LessonError as problem:
        said = str(problem)
        assert said and "\n" not in said and len(said) < 600


@given(seed=st.integers(0, 2**32), name=st.sampled_from([*TEXTS]))
def test_a_broken_file_is_a_sentence_and_never_a_traceback(seed, name):
    chance, text = random.Random(seed), TEXTS[name]
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.choice((0, 1, 5, 40, 400)))
        piece = chance.choice(
            ("", "\n", "+++\n", "{", "}", '"', "[", "]", "=", "## ", "- ", "{if ", "1e999", "\x00",
             "".join(chance.choices(string.printable, k=9)), text[:300], "é\u2028", "[[a]]\n")
        )  # fmt: skip
        text = text[:start] + piece + text[end:]
    one_sentence_or_a_lesson(text)


NAMES = st.sampled_from(["of", "below", "first", "share", "a"])
VALUES = st.recursive(
    st.sampled_from(
        ["1", "-1", "0.5", "nan", "inf", "true", '""', '"loss"', '"main"', "1979-05-27", "1_000",
         f"{10**400}", '"x\\ny"', "[]", "{}"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]")
    | st.dictionaries(NAMES, inner, max_size=3).map(
        lambda d: "{ " + ", ".join(f"{k} = {v}" for k, v in d.items()) + " }"
    ),
    max_leaves=6,
)  # fmt: skip


@given(value=VALUES, chosen=st.integers(0, 10_000), name=st.sampled_from([*TEXTS]))
def test_any_value_in_any_place_is_a_sentence_and_never_a_traceback(value, chosen, name):
    lines = TEXTS[name].splitlines()
    places = [k for k, line in enumerate(lines) if " = " in line and not line.startswith("- ")]
    k = places[chosen % len(places)]
    # Of an inline table one of its values, or all.
    parts = lines[k].split(" = ")
    cut = 1 + chosen // len(places) % (len(parts) - 1)
    rest = parts[cut].partition(", ")[2] if cut < len(parts) - 1 else ""
    tail = f", {rest} = {' = '.join(parts[cut + 1 :])}" if rest else " }" * (cut > 1)
    lines[k] = f"{' = '.join(parts[:cut])} = {value}{tail}"
    one_sentence_or_a_lesson("\n".join(lines))


def test_shapes_are_for_curves_and_a_run_is_tried_beside_one():
    drag = TEXT.replace('how = "draw"', 'how = "drag"').replace('on = "loss"', 'on = "verdict"')
    assert "shapes are for how = 'draw', not for 'drag'." in refusal(drag)
    text = TEXTS["words"]
    assert text.count('phrase = "bad"\n') == 1
    tried = text.replace('phrase = "bad"\n', 'run = "main"\n')
    assert "only a curve that is drawn can be compared with another run's." in refusal(tried)
