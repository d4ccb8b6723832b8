"""The story line: measured, in every task, at every moment."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig, TaskName
from rnnviz.engine.evaluation import Score
from rnnviz.probe import story as module
from rnnviz.probe.questions import GradientQuestion, StateQuestion
from rnnviz.probe.session import Session
from rnnviz.probe.story import (
    FALLING,
    GROWN,
    GROWS,
    LEARNED,
    LONGEST,
    OPENS,
    RIGHT,
    WINDOW,
    Chapter,
    Scores,
    chance_of,
    chapters,
    turning_word,
)
from rnnviz.run.history import History
from rnnviz.run.recording import StepHistory
from rnnviz.run.schedule import EDIT, Change, Position
from rnnviz.run.weight_edits import scale, silence
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.text_datasets import build_dataset
from tests.sampling import each_row
from tests.unit.probe.known import letters, tally


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def told(session, phrase="i am not bad"):
    session.ask(phrase)
    return session.story


def after(config, epochs):
    session = Session(config)
    session.player.advance(epochs)
    return session.story


def preset(task, label):
    return next(p for p in PRESETS[task] if p.label == label).config()


@each_row(
    ("epoch", "chapter", "sentence"),
    [
        (0, "Untrained", r"The weights are random: every verdict is a guess \(loss 0\.693\)\."),
        (60, "Plateau", r".+ guessing\. The gradient fades by 9\d% per word, on average\."),
        (
            180,
            "Memory grows",
            r"Radius 0\.\d\d: the gradient fades by \d\d% per word, on average\.",
        ),
        (300, "Memory opens", r"Radius 1\.\d\d, but no word clearly turns the verdict\."),
        (380, "Falling", r"Loss \d\d% below guessing: “not” now turns the verdict\."),
        (450, "Learned", r"“not” turns the verdict\. Without it: 9\d% negative\."),
    ],
)
def test_the_story_of_the_default_run(session, epoch, chapter, sentence):
    session.player.go_to(Position(epoch))
    found = told(session)
    assert (found.chapter, found.broken) == (chapter, False)
    assert re.fullmatch(sentence, found.sentence)
    assert len(found.sentence) <= 66


@each_row(
    ("epoch", "phrase", "question"),
    [
        (0, "i am not bad", None),
        (60, "i am not bad", GradientQuestion.REACH),
        (300, "i am not bad", GradientQuestion.REACH),
        (450, "i am not bad", StateQuestion.WHAT_IF),
        (450, "good and good", None),
    ],
)
def test_the_story_leads_to_the_tab_that_shows_what_it_tells(session, epoch, phrase, question):
    session.player.go_to(Position(epoch))
    assert told(session, phrase).question is question


def test_what_is_learned_in_training_alone_is_not_called_learned(session, monkeypatch):
    """As if what the test set reaches were chance."""
    monkeypatch.setattr("rnnviz.probe.story.chance_of", lambda data: 1.0)
    session.player.go_to(Position(450))
    found = told(session, "i am not sad")
    assert found.chapter == "Memorized"
    right = session.run.history.row(450)["test_metric"]
    assert found.sentence == (
        f"Learned the training data, 100% right, but {right:.0%} of the test set: "
        "no better than chance."
    )


def test_where_no_word_turns_the_verdict_it_tells_the_metric(session):
    session.player.go_to(Position(450))
    said = told(session, "good and good").sentence
    assert said == "Accuracy: 100% on the training set, guessing 55%."


def test_of_a_single_word_it_does_not_say_that_none_turns_the_verdict(session):
    session.player.go_to(Position(300))
    said = told(session, "good").sentence
    assert re.fullmatch(r"Radius 1\.\d\d, 0\.01 at the start\. Loss \d\d% below guessing\.", said)


def test_what_is_nearly_all_is_not_called_all():
    found = after(RunConfig(task=TaskName.RECALL, lag=2, hidden=8), 3)
    assert found.sentence.endswith("The gradient fades by >99% per character, on average.")


def test_a_run_that_broke_says_so():
    found = after(RunConfig(lr=10), 1000)
    assert (found.chapter, found.broken) == ("Broken", True)
    assert found.sentence.startswith("Within the next epoch the numbers are no longer finite: ")
    assert "go back, or try a learning rate of 0.02" in found.sentence


def test_initial_weights_that_break_are_told_with_what_helps_against_them():
    found = after(RunConfig(activation="relu", init_scale=2, dtype="float32", hidden=256), 0)
    assert found.sentence == "The numbers are not finite: try a smaller initial scale."


def test_a_gradient_that_vanishes_is_told_until_memory_grows():
    """The first letter is 20 tokens back; until the radius has grown no gradient reaches it."""
    session, names = Session(preset(TaskName.RECALL, "Elman, lag 20")), []
    for _ in range(25):
        session.player.advance(1)
        names.append(session.story.chapter)
        if names[-1] == "Vanishing":
            said = session.story.sentence
            assert re.fullmatch(
                r"Only (\d·)?10⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]+ of the gradient reaches the first character\.", said
            )
    assert list(dict.fromkeys(names)) == ["Vanishing", "Plateau", "Memory grows"]
    assert names == sorted(names, key=["Vanishing", "Plateau", "Memory grows"].index)


def test_a_run_that_ended_on_the_plateau_says_so_there_and_nowhere_before():
    ended, session = (
        " The run ended with a loss of at least 75% of guessing.",
        Session(RunConfig(epochs=60)),
    )
    session.player.advance(60)
    assert told(session).sentence.endswith(ended)
    session.player.go_to(Position(50))
    assert not told(session).sentence.endswith(ended)


def test_in_a_phrase_longer_than_most_of_the_training_set_it_is_no_reason_not_to_learn(session):
    session.player.go_to(Position(60))
    assert told(session, " ".join(["i am not bad"] * 4)).chapter == "Plateau"


def test_units_at_the_ends_of_their_tanh_are_told_while_nothing_is_learned():
    found = after(RunConfig(lr=2), 3)
    assert found.chapter == "Saturated"
    assert re.fullmatch(r"9\d% of the states are where their tanh is almost flat\.", found.sentence)


def test_weights_that_begin_with_a_large_radius_tell_of_no_memory_that_opens():
    flipflop = PRESETS[TaskName.FLIPFLOP][0].config()
    assert after(flipflop, 1).chapter == "Plateau"
    small = after(replace(flipflop, init="normal", init_scale=0.01), 6)
    assert small.chapter == "Memory opens"
    assert re.match(r"Radius 1\.\d\d, 0\.06 at the start\. Loss", small.sentence)


@each_row(
    ("task", "epochs", "sentence"),
    [
        (TaskName.BRACKETS, 8, r"Perplexity \d\.\d+, guessing 4\.7; accuracy: \d\d%\."),
        (TaskName.SPELLING, 30, r"Perplexity \d\.\d+, guessing 11\.9; exact match: \d+%\."),
        (TaskName.FLIPFLOP, 6, r"Mean squared error 0\.\d+, guessing 1; signs right: \d\d%\."),
        (TaskName.ADDING, 14, r"Mean squared error 0\.\d+, guessing 0\.16; within 0\.1: \d\d%\."),
    ],
)
def test_where_there_is_no_verdict_it_tells_the_loss_beside_guessing(task, epochs, sentence):
    found = after(PRESETS[task][0].config(), epochs)
    assert found.chapter == "Falling"
    assert re.fullmatch(sentence, found.sentence)


@pytest.mark.parametrize("task", TaskName)
def test_every_task_has_a_story_that_fits_the_line(task):
    session = Session(PRESETS[task][0].config())
    for epochs in (0, 1, 2, 6):
        session.player.advance(epochs)
        found = session.story
        assert 0 < len(found.sentence) <= 80
        assert "nan" not in found.sentence
        assert re.search(r"\d", found.sentence)


@each_row("share", [0.9, 0.95])
def test_labels_by_lot_are_never_better_than_guessing_however_uneven(share):
    """Guessing is the most frequent class: one in two would be far worse than its share."""
    rng = np.random.default_rng(3)
    texts = [" ".join(words) for words in rng.choice([*"abcdefgh"], (200, 5))]
    labels = np.where(rng.random(200) < share, "x", "y")
    rows = [Row(k, text, label) for k, (text, label) in enumerate(zip(texts, labels, strict=True))]
    session = Session(RunConfig(hidden=8), build_dataset("by lot", rows[:150], rows[150:]))
    for _ in range(6):
        session.player.advance(5)
        assert session.story.chapter == "Plateau"
    said = r"[Nn]o better than guessing|Near guessing|Loss \d% below guessing"
    assert re.search(said, session.story.sentence)


# The chapters of a run


GUESS = 1.0
STAYS, FALLS, KNOWS = (0.9, 0.5), (0.6, 0.7), (0.1, 0.99)


def chapters_of(*scores, radii=None, test=np.nan, chance=np.nan, edits=()):
    losses, metrics = np.array(scores).T
    course = Scores(losses, metrics, np.full(len(scores), test), GUESS, chance, edits=[*edits])
    radii = np.full(len(scores), np.nan) if radii is None else np.array(radii, float)
    numbers = chapters(course, radii, np.arange(len(scores)))
    return [Chapter(number) for number in numbers]


def with_losses(train, test, edits=(), kind=History):
    """The chapters of a run with these losses, all answers of which are right."""
    history = kind()
    for losses in zip(train, test, strict=True):
        scores = [Score(loss, 1.0) for loss in losses]
        if kind is History:
            history.append(*scores)
        else:
            history.add(len(history), *scores[::-1])
    changes = [Change(Position(at), EDIT, silence(1, 0)) for at in edits]
    course = Scores.of(history, GUESS, 0.5, changes)
    return [
        Chapter(number).label
        for number in chapters(course, np.full(len(train), np.nan), np.arange(len(train)))
    ]


@pytest.mark.parametrize("kind", [History, StepHistory])
def test_a_loss_that_rises_on_what_is_not_learned_from_is_overfitting(kind):
    """Of a recording that is the loss on the probe examples, even above that of guessing."""
    train, test = [0.9, 0.5, *[0.1] * 8], [0.9, 0.6, 0.4, 0.4, 0.45, *[0.68] * 4, 1.4]
    found = with_losses(train, test, kind=kind)
    assert found[-3:] == ["Overfitting"] * 3
    assert "Overfitting" not in found[:5]
    # No overfitting: the loss in training rises, too.
    both = with_losses([0.9, 0.5, 0.1, 0.1, 0.7, 0.7, 0.7], [0.9, 0.6, 0.2, 0.2, 0.75, 0.75, 0.75])
    assert "Overfitting" not in both


def test_weights_that_were_edited_are_damaged_until_the_loss_is_low_again():
    train = [0.9, 0.5, *[0.1] * 5, 0.8, 0.6, 0.5, 0.15, 0.1, 0.1]
    assert with_losses(train, [np.nan] * 13, edits=[7])[6:] == [
        "Learned", *["Damaged"] * 3, "Damaged", *["Learned"] * 2,
    ]  # fmt: skip
    # Not learned yet, or hardly changed.
    assert "Damaged" not in with_losses([0.9, 0.9, 1.5, 1.5], [np.nan] * 4, edits=[2])
    assert "Damaged" not in with_losses([0.9, 0.1, 0.15, 0.15], [np.nan] * 4, edits=[2])


def test_a_run_that_is_cut_says_so_at_once():
    session = Session(RunConfig())
    session.player.advance(450)
    session.player.go_to(Position(440))
    assert session.story.chapter == "Learned"
    assert session.player.branch_with([scale(0.2)])
    said = session.story
    assert said.chapter == "Damaged"
    loss, best = re.findall(r"\d\.\d+", said.sentence)
    history = session.run.history.column("train_loss")
    assert float(loss) == pytest.approx(history[440], rel=0.01)
    assert float(best) == pytest.approx(history[:440].min(), rel=0.03)


def test_of_the_lowest_loss_before_an_edit_later_edits_know_nothing():
    session = Session(RunConfig())
    session.player.advance(450)
    session.player.go_to(Position(440))
    assert session.player.branch_with([scale(0.2)])
    session.player.advance(500)
    assert session.player.branch_with([scale(0.2)])
    session.player.go_to(Position(441))
    assert session.story.chapter == "Damaged"
    history = session.run.history.column("train_loss")
    assert history[440:].min() < 0.9 * history[:440].min()
    best = re.findall(r"\d\.\d+", session.story.sentence)[1]
    assert float(best) == pytest.approx(history[:440].min(), rel=0.03)


def test_a_test_of_one_class_has_no_accuracy_that_may_be_chance():
    one = [Row(1, text, "good") for text in ("a b", "b a", "a a")]
    train = [*one, Row(4, "b b", "bad")]
    assert np.isnan(chance_of(build_dataset("own", train, one)))
    assert 0.5 < chance_of(build_dataset("own", train, train)) < 1


def by_radius(*radii, loss=0.9):
    return chapters_of(*[(loss, 0.5)] * len(radii), radii=radii)


def test_a_chapter_begins_with_the_second_epoch_in_a_row_that_asks_for_it():
    scores = [STAYS] * 6 + [FALLS] * 3 + [KNOWS] * 3
    names = [chapter.label for chapter in chapters_of(*scores)]
    assert names == ["Untrained"] + ["Plateau"] * 6 + ["Falling"] * 3 + ["Learned"] * 2


def test_a_chapter_ends_when_most_of_five_epochs_ask_for_an_earlier_one():
    found = chapters_of(*[KNOWS] * 6, *[FALLS] * 2, *[STAYS] * 3)
    assert found[:8] == [Chapter.UNTRAINED, *[Chapter.LEARNED] * 7]
    names = [chapter.label for chapter in found[8:]]
    assert names == ["Falling", "Falling", "Plateau"]


def test_one_odd_epoch_begins_no_chapter():
    assert Chapter.FALLING not in chapters_of(*[STAYS] * 6, KNOWS, *[STAYS] * 6)
    assert chapters_of(*[KNOWS] * 6, (np.nan, 0.0), *[KNOWS] * 2)[-1] is Chapter.LEARNED
    assert Chapter.MEMORY_OPENS not in by_radius(0.01, *[0.9] * 4, 1.1, *[0.9] * 4, 1.1, 0.9)


def test_a_low_loss_with_wrong_answers_is_not_learned():
    assert chapters_of(*[(0.1, 0.9)] * 9)[-1] is Chapter.FALLING


@pytest.mark.parametrize(
    ("test", "chance", "chapter"),
    [
        (0.5, 0.61, Chapter.MEMORIZED),
        (0.7, 0.61, Chapter.LEARNED),
        (np.nan, 0.61, Chapter.LEARNED),  # without a test set
        (0.5, np.nan, Chapter.LEARNED),  # without a chance that is known
    ],
)
def test_what_is_right_in_training_alone_is_memorized(test, chance, chapter):
    assert chapters_of(*[KNOWS] * 6, test=test, chance=chance)[-1] is chapter
    assert chapters_of(*[FALLS] * 6, test=test, chance=chance)[-1] is Chapter.FALLING


def test_chance_is_the_commonest_class_and_one_standard_error():
    data = Session(RunConfig()).dataset
    targets = [int(example.targets[0]) for example in data.test]
    share = max(targets.count(0), targets.count(1)) / len(targets)
    assert chance_of(data) == pytest.approx(share + (share * (1 - share) / len(targets)) ** 0.5)
    for other in ("adding", "flipflop", "brackets"):
        task = Session(RunConfig(task=TaskName(other))).dataset
        assert np.isnan(chance_of(task)) == (task.metric.name != "accuracy")


def test_a_loss_below_guessing_is_no_plateau_at_the_first_epoch():
    assert chapters_of((1.0, 0.5), FALLS, FALLS)[1:] == [Chapter.FALLING] * 2
    assert chapters_of((1.0, 0.5), STAYS, STAYS)[1:] == [Chapter.PLATEAU] * 2


def test_where_the_training_loss_rises_as_much_it_is_no_overfitting():
    train = [0.9, 0.5, *[0.05] * 5, *[0.35] * 5]
    test = [0.9, 0.6, *[0.15] * 5, *[0.49] * 5]
    assert "Overfitting" not in with_losses(train, test)
    assert with_losses([*train[:7], *[0.05] * 5], test)[-1] == "Overfitting"


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), min_size=6, max_size=30))
def test_the_last_five_epochs_decide(scores):
    assert chapters_of(*scores)[-1] == chapters_of(*scores[-5:])[-1]


def test_on_the_plateau_the_radius_tells_when_memory_grows_and_opens():
    found = by_radius(0.01, *[0.05] * 4, *[0.3] * 4, *[1.2] * 4)
    names = [chapter.label for chapter in found]
    assert names == (
        ["Untrained"] + ["Plateau"] * 5 + ["Memory grows"] * 4 + ["Memory opens"] * 3
    )  # fmt: skip


def test_radii_before_an_edit_of_the_weights_do_not_count():
    radii = [0.01, *[1.2] * 6, *[0.005] * 3]
    found = chapters_of(*[STAYS] * 10, radii=radii, edits=[7])
    assert found[6:] == [Chapter.MEMORY_OPENS, *[Chapter.PLATEAU] * 3]


@pytest.mark.parametrize(
    ("first", "later", "chapter"),
    [
        (0.9, 1.1, Chapter.PLATEAU),  # as it began
        (0.06, 0.11, Chapter.PLATEAU),
        (0.05, 0.11, Chapter.MEMORY_GROWS),
        (np.nan, 1.1, Chapter.PLATEAU),  # as with gates, or not yet measured
    ],
)
def test_only_a_radius_that_has_doubled_tells_of_memory(first, later, chapter):
    assert by_radius(first, *[later] * 6)[-1] is chapter


def test_far_above_guessing_a_large_radius_is_no_memory():
    assert by_radius(0.01, *[9] * 6, loss=1.05)[-1] is Chapter.MEMORY_OPENS
    assert by_radius(0.01, *[9] * 6, loss=1.2)[-1] is Chapter.PLATEAU


def test_between_two_measurements_the_earlier_one_holds():
    gap = [np.nan] * 9
    found = by_radius(0.01, *gap, 0.5, *gap, 1.5, *gap)
    starts = [found.index(chapter) for chapter in (Chapter.MEMORY_GROWS, Chapter.MEMORY_OPENS)]
    assert starts == [10, 20]
    # Of two in one window the smaller counts.
    assert by_radius(0.01, *gap, 1.1, np.nan, 0.9)[-1] is Chapter.MEMORY_GROWS


def test_the_default_run_tells_its_story_once_from_the_plateau_to_learned():
    session = Session(RunConfig())
    names = [session.story.chapter]
    for _ in range(420):
        session.player.advance(1)
        names.append(session.story.chapter)
    first = {name: names.index(name) for name in names}
    setbacks = (Chapter.MEMORIZED, Chapter.OVERFITTING, Chapter.DAMAGED)
    assert [*first] == [one.label for one in Chapter if one not in setbacks]
    assert names == sorted(names, key=list(first).index)
    assert (first["Untrained"], first["Plateau"]) == (0, 1)
    assert 120 < first["Memory grows"] < 140
    assert 265 < first["Memory opens"] < 280
    assert 350 < first["Falling"] < 380 < first["Learned"] < 410


def test_the_guide_has_the_limits_of_the_chapters():
    guide = (Path(__file__).parents[3] / "docs" / "guide.md").read_text(encoding="utf-8")
    section = " ".join(guide.partition("### The story")[2].partition("\n###")[0].split())
    words = {0.75: "three quarters", 0.25: "a quarter", 2.0: "twice", 5: "five"}
    for sentence in (
        f"below {words[FALLING]} of that of guessing",
        f"below {words[LEARNED]} of that of guessing, and {100 * RIGHT:g}% of the training set",
        f"is at least {GROWS:g} and {words[GROWN]} that of epoch 0",
        f"is at least {OPENS:g} and {words[GROWN]} that of epoch 0",
        f"the middle one of those of the last {words[WINDOW]} epochs",
        f"with at least {100 * module.SURE:g}%",
        f"2 to {module.LONGEST} tokens",
    ):
        assert sentence in section


# The word without which the verdict is another one


@pytest.fixture(scope="module")
def learned():
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def test_not_turns_the_verdict_and_without_it_the_phrase_is_read_as_such(learned):
    probe = learned.inspect("i am not bad")
    verdict = int(probe.answers[-1].argmax())
    turn = turning_word(probe.parameters, probe.example, verdict)
    assert probe.words[turn.token] == "not"
    without = learned.inspect("i am bad")
    assert int(without.answers[-1].argmax()) == turn.verdict != verdict
    assert turn.probability == pytest.approx(without.answers[-1].max())


def test_where_no_word_turns_it_there_is_none(learned):
    probe = learned.inspect("good and good")
    assert turning_word(probe.parameters, probe.example, int(probe.answers[-1].argmax())) is None


def test_where_other_words_in_its_place_leave_the_verdict_it_is_the_length():
    """Each token adds 7 to the margin, whatever it is: of one it is -3.5, of two 3.5."""
    parameters = tally(1.0)
    parameters["W_xh"][...] = 1
    parameters["b_y"][0] = 11.0
    turn = turning_word(parameters, letters("ab"), 1)
    assert (turn.token, turn.verdict) == (None, 0)
    assert (
        turn.sentence("ab")
        == "Without “a” the verdict turns, but not with most others tried there."
    )


@each_row("label", ["LRU, lag 20", "Elman, orthogonal"])
def test_after_recall_a_distractor_never_turns_the_verdict(label):
    session = Session(preset(TaskName.RECALL, label))
    session.player.advance(session.config.epochs)
    found = {told(session, example.text).turning for example in session.dataset.test[:40]}
    assert found <= {0, None}


def test_of_several_that_turn_it_the_one_that_turns_it_most():
    """The margin is 1.5: without c it is -2.5, without b -0.5, without a 0.5."""
    parameters = tally(1.0)
    parameters["b_y"][0] = 6.0
    turn = turning_word(parameters, letters("cba"), 1)
    assert (turn.token, turn.verdict) == (0, 0)
    assert turn.probability == pytest.approx(1 / (1 + np.exp(-2.5)))


def test_one_token_and_very_many_are_not_asked(learned):
    for phrase in ("good", "good " * (LONGEST + 1)):
        probe = learned.inspect(phrase)
        assert turning_word(probe.parameters, probe.example, 0) is None


def test_a_class_may_be_called_like_the_end_of_a_sequence():
    rows = [Row(k, text, label) for k, (text, label) in enumerate([("a b", "⟨end⟩"), ("b a", "n")])]
    session = Session(RunConfig(hidden=4), build_dataset("own", rows))
    for epoch in range(3):
        assert session.inspect("a b").generated == (), epoch
        assert session.story.sentence
        session.player.advance(1)
