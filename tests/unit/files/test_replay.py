"""A replay has the numbers of its run, and nothing that asks for anything."""

import base64
import dataclasses
import hashlib
import html
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import rnnviz
from rnnviz.charts.first_page import curves, network, words_of
from rnnviz.charts.texts import scores_html, story_html, verdict_html
from rnnviz.charts.theme import DARK, LIGHT, picture
from rnnviz.config import RunConfig, TaskName
from rnnviz.files.page_script import PAGE, page_script
from rnnviz.files.recording_file import open_recording
from rnnviz.files.replay import (
    DRAWN,
    MOST_PHRASES,
    USUAL,
    WRITTEN,
    PackedArrays,
    offered_phrases,
    recorded_epochs,
    replay,
    step_of,
    usual_phrases,
)
from rnnviz.files.weights_file import safetensors_file
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.upload import File, Upload
from tests.unit.files.recordings import Loop
from tests.unit.files.replayed import Replayed, block_of

#: Every kind of answer, layers, gates, an encoder, and more units than are shown.
RUNS = {
    "a class": {"hidden": 6},
    "gates and layers": {"cell": "lstm", "hidden": 5, "layers": 2},
    "more units": {"hidden": 70},
    "answers after every token": {"task": TaskName.CHARACTERS, "hidden": 6},
    "values after every token": {"task": TaskName.FLIPFLOP, "cell": "gru", "hidden": 5},
    "a value": {"task": TaskName.ADDING, "hidden": 5},
    "an encoder": {"task": TaskName.TRANSLATION, "hidden": 5},
    "text that goes on": {"task": TaskName.SPELLING, "hidden": 5},
    "real numbers": {"task": TaskName.WAVES, "cell": "lru", "hidden": 5},
}


def after(epochs, phrase=None, **settings):
    session = Session(RunConfig(**settings))
    session.player.advance(epochs)
    if phrase:
        session.ask(phrase)
    return session


@pytest.fixture(scope="module", params=RUNS, ids=RUNS)
def run(request):
    session = after(3, **RUNS[request.param])
    return session, Replayed(replay(session))


def at(session, phrase, epoch):
    """The session at a recorded place."""
    session.player.running = True
    session.player.go_to(Position(epoch))
    session.ask(phrase)
    return session.inspect()


def most_off(name, whole):
    """How much a number of the network may be off."""
    if whole.ndim == 2:
        levels = DRAWN if name.startswith("W_hh") else WRITTEN
        return max(float(np.abs(whole).max(initial=0)), 1e-30) / levels / 2 * (1 + 1e-3)
    # The smallest floats have fewer digits.
    return np.abs(whole) / 4096 + 1e-37


def test_the_network_is_that_of_the_session_at_every_epoch(run):
    session, replayed = run
    assert replayed.epochs == [0, 1, 2, 3]
    for k, shown in enumerate(replayed.header["phrases"]):
        for number, epoch in enumerate(replayed.epochs):
            probe = at(session, shown["phrase"], epoch)
            picture = network(session, probe, words_of(session, probe), LIGHT)
            outline, arrays = picture.parts()
            found, numbers = replayed.picture(k, "network", number)
            expected = json.loads(outline)
            expected["layout"]["meta"] |= {"typed": [], "vocabulary": []}
            # The end of a scale may be that of an epoch before.
            for meta in (expected["layout"]["meta"], found["layout"]["meta"]):
                meta.pop("limit", None)
            assert found == expected
            assert numbers.keys() == arrays.keys()
            for path, whole in arrays.items():
                name = picture.series[int(path.split(".")[0])]["name"]
                with np.errstate(invalid="ignore"):
                    off = np.abs(numbers[path].astype(float) - whole)
                same = (numbers[path] == whole) | (np.isnan(whole) & np.isnan(numbers[path]))
                assert (same | (off <= most_off(name, whole))).all(), (name, epoch)


def test_the_texts_are_those_of_the_session_at_every_epoch(run):
    session, replayed = run
    for k, shown in enumerate(replayed.header["phrases"]):
        for number, epoch in enumerate(replayed.epochs):
            probe = at(session, shown["phrase"], epoch)
            assert replayed.text(k, "verdict", number) == verdict_html(probe, "")
            assert replayed.text(k, "story", number) == story_html(session, linked=False)
            assert replayed.text(k, "status", number) == scores_html(session, "Recorded")


def test_the_curves_are_those_of_the_whole_run(run):
    session, replayed = run
    for k, shown in enumerate(replayed.header["phrases"]):
        probe = at(session, shown["phrase"], replayed.epochs[-1])
        outline, arrays = curves(session, probe, LIGHT, np.inf).parts()
        found, numbers = replayed.picture(k, "curves", 1)
        assert found == json.loads(outline)
        for path, whole in arrays.items():
            if whole.ndim == 1:
                assert np.array_equal(numbers[path], whole, equal_nan=True)
            else:
                assert np.allclose(numbers[path], whole, atol=np.abs(whole).max() / DRAWN / 2)


def test_the_session_stays_where_it_is():
    session = after(4, "not good", hidden=5)
    session.player.go_to(Position(2))
    session.selection.unit = 3

    def place():
        theta, shown = session.inspect().parameters.theta.tobytes(), session.player.position
        return theta, session.inspect().words, shown, session.link(), session.player.message

    before = place()
    replay(session, ["very bad"])
    assert place() == before
    assert not session.player.running
    session.player.advance(1)
    assert np.array_equal(
        session.run.state.parameters.theta, after(5, hidden=5).state.parameters.theta
    )


def test_the_first_picture_is_that_of_the_epoch_shown():
    session = after(4, hidden=5)
    session.player.go_to(Position(2))
    assert Replayed(replay(session)).header["shown"] == 2


def test_what_is_recorded_has_the_colours_of_both_looks():
    palettes = Replayed(replay(after(1, hidden=5), ["bad"])).header["palettes"]
    for look, theme in (("light", LIGHT), ("dark", DARK)):
        assert palettes[look]["positive"] == theme.positive
        assert palettes[look]["train"] == theme.train


# The epochs


def test_a_long_run_has_some_epochs_and_more_where_its_loss_changes():
    session = after(400, hidden=8, init_scale=0.1, lr=0.05)
    epochs = recorded_epochs(session.run, 60)
    assert epochs[0] == 0
    assert epochs[-1] == 400
    assert 45 <= len(epochs) <= 60
    losses = np.log(session.run.history.column("train_loss"))
    steps = np.abs(np.diff(losses[epochs]))
    even = np.abs(np.diff(losses[np.linspace(0, 400, len(epochs)).astype(int)]))
    assert steps.max() < 0.7 * even.max()
    assert np.diff(epochs).max() <= 400 / 60 * 2.5


def test_epochs_that_would_have_to_be_trained_for_long_are_left_out(monkeypatch):
    session = after(40, hidden=5)
    monkeypatch.setattr("rnnviz.files.replay._WORK", 0)
    session.run.snapshots.stride = 8
    session.run.snapshots.add(session.run.state)
    assert recorded_epochs(session.run) == [0, 8, 16, 24, 32, 40]


def test_a_run_without_a_loss_has_epochs_all_the_same():
    session = after(30, hidden=5)
    session.run.history.column("train_loss")[:] = np.nan
    assert recorded_epochs(session.run, 9) == [0, 8, 16, 24, 30]


def test_of_a_long_phrase_fewer_epochs_are_recorded(monkeypatch):
    session = after(30, hidden=5)
    monkeypatch.setattr("rnnviz.files.replay._LEAST_EPOCHS", 10)
    monkeypatch.setattr("rnnviz.files.replay._MOST_NUMBERS", 0)
    found = Replayed(replay(session)).epochs
    assert found[0] == 0
    assert found[-1] == 30
    assert len(found) <= 10


# Short, broken and edited runs


def said_by(page, name):
    return next(e.text for e in Replayed(page).elements if e.attributes.get("class") == name)


@pytest.mark.parametrize(
    ("settings", "epochs", "said"),
    [({}, 0, "has not been trained"), ({"lr": 100, "clip_by": "off"}, 9, "stopped in its first")],
)
def test_a_run_of_one_epoch_says_that_there_is_nothing_to_play(settings, epochs, said):
    page = replay(after(epochs, hidden=5, **settings))
    assert Replayed(page).epochs == [0]
    assert said in said_by(page, "replay-none")
    assert "replay-bar" not in {e.attributes.get("class") for e in Replayed(page).elements}


def test_the_file_says_which_epochs_it_has(monkeypatch):
    session = after(30, hidden=5)
    assert said_by(replay(session), "replay-note") == "All 31 epochs are recorded."
    monkeypatch.setattr("rnnviz.files.replay.MOST_EPOCHS", 15)
    monkeypatch.setattr("rnnviz.files.replay._LEAST_EPOCHS", 15)
    page = replay(session)
    assert said_by(page, "replay-note").startswith(
        f"{len(Replayed(page).epochs)} of 31 epochs are recorded"
    )


def test_a_run_that_broke_ends_with_what_happened():
    session = after(3, hidden=64, init_scale=0.1)
    session.configure(dataclasses.replace(session.config, lr=100, clip_by="off"))
    session.player.advance(9)
    assert session.player.remedy
    replayed = Replayed(replay(session))
    assert replayed.epochs[-1] == session.run.position.epoch >= 3
    assert "no longer finite" in replayed.text(0, "story", len(replayed.epochs) - 1)


def test_a_run_within_an_epoch_is_replayed_up_to_its_beginning():
    session = after(2, hidden=5)
    session.player.step_phrase()
    assert session.run.position > Position(2)
    assert Replayed(replay(session)).epochs == [0, 1, 2]


# What made it


def test_the_file_says_what_made_it():
    session = after(2, hidden=5, seed=7, cell="gru")
    session.configure(RunConfig(hidden=5, seed=7, cell="gru", lr=0.5))
    page = replay(session)
    said = {e.text for e in Replayed(page).elements}
    for part in ("gru", "7", "5", "0.5", "Learning rate from epoch 2 on"):
        assert part in said
    assert f"?{'&amp;'.join(f'{k}={v}' for k, v in [('cell', 'gru'), ('hidden', 5)])}" in page
    assert "seed 7, at epoch 2 of 1000" in page
    assert "rounded to about a thousandth" in page


def test_own_data_are_named_and_no_task():
    session = Session(RunConfig(hidden=5))
    session.load(
        Upload(File("sky.csv", b"text,label\nso warm,sunny\nso wet,rainy\n"), test_share=0)
    )
    page = replay(session)
    assert "<title>rnnviz: sky.csv, elman, 5 units" in page
    assert "from a run on sky.csv" in page
    assert "sentiment" not in page.casefold()


def test_what_a_link_does_not_carry_is_said():
    given = Session(RunConfig(hidden=5), dataset=Session().dataset)
    assert "A link does not carry the data" in replay(given, ["bad"])


def test_weights_from_elsewhere_are_named(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(safetensors_file(after(2, hidden=5)))
    opened = rnnviz.open_weights(path)
    page = replay(opened, ["not bad"])
    assert "A link does not carry the weights" in page
    assert "the weights from weights.safetensors, at epoch 0" in page
    assert "Opened" in Replayed(page).text(0, "story", 0)
    opened.configure(dataclasses.replace(opened.config, seed=3))
    page = replay(opened, ["not bad"])
    assert "A link does not carry the data" in page
    assert "weights.safetensors" not in page


def test_a_cell_of_ones_own_is_there_as_its_text():
    text = "# <b>mine</b>\nh = tanh(W @ x + 0.5 * h)"
    session = after(2, hidden=5, cell="own", equations=text)
    replayed = Replayed(replay(session, ["not bad"]))
    assert text in {e.text.strip() for e in replayed.elements}
    assert replayed.epochs == [0, 1, 2]


def test_an_epoch_whose_numbers_are_not_finite_has_a_sentence(monkeypatch):
    session = after(4, hidden=5)

    def broken(reader, probe, words, theme):
        found = network(reader, probe, words, theme)
        return picture([], "", 1, theme, meta={"sentence": "?"}) if at_two(reader) else found

    def at_two(reader):
        return reader.player.position.epoch == 2

    monkeypatch.setattr("rnnviz.files.replay.network", broken)
    replayed = Replayed(replay(session, ["not bad"]))
    drawn = [replayed.picture(0, "network", number) for number in range(5)]
    assert [bool(arrays) for _, arrays in drawn] == [True, True, False, True, True]
    assert drawn[2][0]["layout"]["meta"]["sentence"] == "?"
    assert drawn[3][1].keys() == drawn[1][1].keys()


def test_a_recording_of_another_program_is_replayed_by_its_snapshots(tmp_path):
    path = Loop(tmp_path / "run.rnnviz").record(*range(0, 120, 10)).close()
    session = open_recording(path)
    page = replay(session, ["i am not bad"])
    replayed = Replayed(page)
    assert replayed.epochs == session.run.stored
    assert replayed.header["unit"] == "step"
    for number, step in enumerate(replayed.epochs):
        session.player.go_to(Position(step))
        whole = session.inspect("i am not bad").sequence_pass(0, "h").states.T
        found = replayed.picture(0, "network", number)[1]["0.z"]
        assert np.abs(found - whole).max() <= most_off("h", whole)
    assert said_by(page, "replay-note") == "All 12 snapshots are recorded."
    assert "a column for each step measured." in page
    assert "for each epoch" not in page
    assert "from a recording of another program's training: lstm, 5 hidden units" in html.unescape(
        page
    )
    assert "at step 110." in page
    labels = [e.text for e in replayed.elements if e.tag == "dt"]
    assert "Hidden units" in labels
    assert "Learning rate" not in labels
    assert not re.search(r"\bepochs?\b", said_by(page, "replay-note"))


def test_of_many_snapshots_some_are_replayed(tmp_path):
    path = Loop(tmp_path / "run.rnnviz").record(*range(0, 120, 3)).close()
    session = open_recording(path)
    epochs = recorded_epochs(session.run, 12)
    assert {0, 117} <= set(epochs) <= set(session.run.stored)
    assert 8 <= len(epochs) <= 12


# Safe to open


def test_nothing_in_the_file_asks_for_anything():
    page = replay(after(1, hidden=5), ["bad"])
    elements = Replayed(page).elements
    asking = {"src", "href", "srcset", "action", "data", "poster", "background"}
    assert not [e.tag for e in elements if asking & e.attributes.keys()]
    # What begins with # is in the same file.
    assert re.findall(r"url\((?!#)", page) == []
    assert "@import" not in page
    policy = next(e for e in elements if "http-equiv" in e.attributes).attributes["content"]
    assert "default-src 'none'" in policy
    code = next(e.text for e in elements if e.attributes.get("type") == "module")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-eval" not in policy


def test_what_every_file_has_is_light():
    """The default run's own numbers take about 0.6 MB more: see benchmarks/replay.py."""
    assert len(replay(after(0, hidden=5), ["bad"]).encode()) < 250_000


HOSTILE = """</script><img src=x onerror="alert('1')"> & ${seed} $seed"""


def test_what_a_user_has_typed_stays_text():
    rows = f'text,label\n"{HOSTILE.replace(chr(34), chr(34) * 2)}","<b>one</b>"\nsome words,two\n'
    session = Session(RunConfig(hidden=4))
    session.load(Upload(File("<i>data</i>.csv", rows.encode())))
    assert not session.data.problem
    session.player.advance(1)
    page = replay(session, [HOSTILE])
    replayed = Replayed(page)
    assert [e.tag for e in replayed.elements if e.tag in {"img", "b", "i"}] == []
    assert len([e for e in replayed.elements if e.tag == "script"]) == 2
    assert replayed.header["phrases"][0]["phrase"] == HOSTILE
    for text in replayed.header["strings"]:
        if text.startswith("<"):
            assert "<img" not in text
            assert "<b>one" not in text


@pytest.mark.parametrize("phrases", [[], [f"{'very ' * k}bad" for k in range(MOST_PHRASES + 1)]])
def test_none_or_too_many_phrases_are_refused(phrases):
    with pytest.raises(TaskError, match=f"1 to {MOST_PHRASES} phrases"):
        replay(after(0, hidden=4), phrases)


def test_a_phrase_that_cannot_be_read_is_refused():
    with pytest.raises(TaskError, match="None of these words"):
        replay(after(0, hidden=4), ["xyzzy"])


# The phrases


@pytest.mark.parametrize("task", TaskName)
def test_the_usual_phrases_can_be_read_and_begin_with_the_one_shown(task):
    session = Session(RunConfig(task=task, hidden=4))
    usual = usual_phrases(session)
    assert usual[0] == session.first_phrase
    assert len(usual) == USUAL
    for phrase in offered_phrases(session, 12):
        session.inspect(phrase)


def test_of_two_classes_both_are_there():
    session = Session()
    found = {session.dataset.lookup_text(text).target for text in usual_phrases(session)[1:]}
    assert found == {0, 1}


# The script


def test_the_script_is_that_of_the_page_in_one():
    code = page_script("replay/host_one.js")
    assert not re.search(r"^(import|export)\b", code, re.MULTILINE)
    assert "</script" not in code
    assert "<!--" not in code
    for name in ("stage", "network", "network_paint", "curves", "canvas", "recording"):
        assert code.count(f"const ${name} = ") == 1
    # Defined before it is used.
    for name in re.findall(r"} = \$(\w+);", code):
        assert code.index(f"const ${name} = ") < code.index(f"}} = ${name};")


def test_every_script_of_the_page_can_be_taken_in():
    for path in (PAGE / "static").rglob("*.js"):
        if not path.name.startswith("host_streamlit"):
            code = page_script(str(path.relative_to(PAGE / "static")))
            assert not re.search(r"^(import|export)\b", code, re.MULTILINE), path


# Arrays over the epochs, packed and read back


SHAPES = st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
FLOATS = st.floats(width=32)
FINITE = st.floats(-(2.0**99), 2.0**99, width=32)


def unpacked(frames, **coding):
    blocks = PackedArrays()
    number = blocks.add(frames, **coding)
    return block_of(blocks.headers[number], blocks.content[number])


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=FINITE)))
def test_a_multiple_is_at_most_half_a_step_off(frames):
    found = unpacked(frames, levels=1000)
    assert found.shape == frames.shape
    for frame, numbers in zip(frames, found, strict=True):
        largest = float(np.abs(frame).max(initial=0))
        assert step_of(largest, 1000) <= max(largest, 1e-30) / 1000 * (1 + 1e-8)
        off = np.abs(numbers.astype(float) - frame)
        assert (off <= max(largest, 1e-30) / 2000 * (1 + 1e-3)).all()


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=FLOATS)))
def test_bits_that_are_kept_say_the_number(frames):
    exact, short = unpacked(frames), unpacked(frames, shift=11)
    assert np.array_equal(exact, frames, equal_nan=True)
    assert np.array_equal(np.isnan(short), np.isnan(frames))
    known = np.isfinite(frames) & np.isfinite(short)
    # Below the smallest normal number the error is absolute.
    most = np.maximum(np.abs(frames[known].astype(float)) / 4096, 2.0**-138)
    assert (np.abs(short[known].astype(float) - frames[known]) <= most).all()
    assert np.array_equal(np.isinf(frames), np.isinf(short) & ~known & ~np.isfinite(frames))


@given(SHAPES.flatmap(lambda shape: arrays(np.int32, shape)))
def test_whole_numbers_stay(frames):
    found = unpacked(frames, levels=1000)
    assert found.dtype == np.int32
    assert np.array_equal(found, frames)


def test_numbers_without_a_largest_one_keep_their_bits():
    frames = np.array([[[1.0, np.nan]], [[np.inf, -2.0]]], np.float32)
    assert np.array_equal(unpacked(frames, levels=1000), frames, equal_nan=True)


def test_equal_arrays_are_stored_once():
    blocks, frames = PackedArrays(), np.arange(6, dtype=np.float32).reshape(2, 3)
    assert blocks.add(frames) == blocks.add(frames.copy()) == 0
    assert blocks.add(frames + 1) == 1
