"""Two networks on the page: what differs, both pictures on every task, and other seeds."""

import re
import time
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import numpy as np
import pytest

from rnnviz.charts.compare_menu import pair_texts
from rnnviz.charts.pair_story import luck_story
from rnnviz.config import SETTINGS, RunConfig, TaskName
from rnnviz.page.command import RefusedError
from rnnviz.probe.formatting import own_number
from rnnviz.probe.gradient_flow import token_contribution
from rnnviz.probe.pair import READY, Pair, compare
from rnnviz.probe.questions import GradientQuestion, TrainQuestion
from rnnviz.probe.results import read_last_values
from rnnviz.probe.session import Session
from rnnviz.probe.units import ReadoutKind
from rnnviz.questions.linear_probe.measure import LinearProbeLab
from rnnviz.questions.reach.measure import LengthLab
from rnnviz.questions.subject import source_of
from rnnviz.questions.wrong.measure import ResultsLab
from rnnviz.run.run import FirstNetwork
from rnnviz.run.schedule import Schedule
from rnnviz.run.weight_edits import read_edits
from rnnviz.sweeps.members import Member
from rnnviz.sweeps.seed_runs import SeedRuns
from rnnviz.sweeps.spread import Spread
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.forecasts import naive_error
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.windows import fits
from tests.page.tab import PAGES, App, Page, plain, tabs_of

#: Small networks with an answer of every kind.
SMALL = {"hidden": "4", "epochs": "3", "lag": "3"}
#: Pairs of settings whose states, sizes or answers differ.
PAIRS = ("cell:lstm", "hidden:7,layers:2", "cell:lru,seed:3", "dtype:float32,batch:4")


def link(task="sentiment", vs="cell:lstm", **more):
    only = SETTINGS["lag"].only[1]
    own = {k: v for k, v in SMALL.items() if k != "lag" or task in only}
    return {"task": task, **own, "vs": vs, **more}


@pytest.fixture(scope="module")
def page():
    return App(**link(epochs="6", epoch="2"))


@pytest.mark.parametrize("vs", PAIRS)
@pytest.mark.parametrize("task", TaskName)
def test_both_are_drawn_on_every_task(task, vs):
    opened = Page("train", **link(task, vs, epoch="1"))
    opened.finish()
    pair, meta = opened.pair, opened.chart("pair_network")["layout"]["meta"]
    drawn = opened.series("pair_network")
    words = len(meta["words"])
    for k, session in enumerate(pair.sessions):
        assert meta["networks"][k]["hidden"] == session.config.hidden
        assert len(drawn[f"h#{k}"]["z"][0]) == words
        answers, predicted = drawn[f"answer#{k}"]["y"], drawn[f"predicted#{k}"]["y"]
        # The target of the last value of a wave is not known.
        assert np.isfinite(answers[:-1]).all() and len(answers) == len(predicted) <= words
        assert np.isfinite(answers[-1]) or pair.first.inspect().gaps[-1]
        if meta["kind"] == "classes" and meta["targets"][-1] >= 0:
            own = session.inspect()
            if own.words == pair.first.inspect().words:
                assert answers[-1] == np.float32(own.answers[-1][meta["targets"][-1]])
        left = np.array(drawn[f"left#{k}"]["y"])
        assert np.isnan(left[: meta["token"]]).all() and left[meta["token"]] in (
            1,
            pytest.approx(1),
        )
    curves = opened.series("pair_curves")
    for k, session in enumerate(pair.sessions):
        losses = session.run.history.column("train_loss")
        np.testing.assert_array_equal(curves[f"train_loss#{k}"]["y"], losses.astype(np.float32))
        assert len(curves[f"log10 gradient#{k}"]["z"]) == words
    assert "–" not in plain(opened.bodies["story"]) and "nan" not in opened.bodies["status"]


@pytest.mark.parametrize("show", ["A", "B"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_one_network_of_a_pair(name, show):
    opened = Page(name, **link(epoch="1", show=show))
    for view in tabs_of(name):
        opened.enter(view)
        assert opened.session is opened.pair.sessions["AB".index(show)]
        assert opened.charts and 'aria-pressed="true"' in opened.bodies["view"]


def test_the_header_has_both_and_the_side_bar_what_differs(page):
    status = page.bodies["status"]
    for session in page.pair.sessions:
        assert f"{session.run.history.row(2)['train_loss']:.4f}" in status
    page.say("role", what="test")
    test = page.pair.second.run.history.row(2)["test_loss"]
    assert f"{test:.4f}" in page.bodies["status"]
    assert page.widget("A_cell").value == "elman"
    assert page.widget("B_cell").value == "lstm"
    assert page.widget("cell") is None and page.widget("split_task") is None


def test_the_story_says_which_network_catches_up_and_which_epoch_a_link_has_reached():
    def story():
        return " ".join(plain(pair_texts(pair)["story"]).split())

    pair = Pair(Session(RunConfig(hidden=4)))
    pair.first.player.step_epoch()
    pair.compare({"cell": "lstm"})
    assert "lstm trains up to the epoch of elman : it is at 0." in story()
    pair = Pair(Session())
    pair.follow(link(epoch="3"), patience=0.0)
    assert "elman trains up to the epoch of the link: it is at" in story()


def story_of(pair):
    return " ".join(plain(pair_texts(pair)["story"]).split())


def test_networks_with_the_same_weights_are_told_and_others_not():
    small = RunConfig(hidden=4)
    same = "Both begin with the same weights."
    assert story_of(compare(small, small)).endswith(same)
    assert f"{same} Their difference shows only in training." in story_of(
        compare(small, replace(small, lr=0.1))
    )
    assert same not in story_of(compare(small, replace(small, dtype="float32")))
    first = FirstNetwork(Session(small).state.parameters.copy(), small, "a file", "")
    assert same not in story_of(compare(Session(small, first=first), small))


def test_a_damaged_network_is_not_ahead():
    pair = compare(RunConfig(init_scale=0.1), RunConfig(init_scale=0.1, lr=0.03))
    for session in pair.sessions:
        session.player.advance(80)
    assert pair.first.player.branch_with(read_edits("noise 2.0 5"))
    assert [session.story.chapter for session in pair.sessions] == ["Damaged", "Falling"]
    assert story_of(pair).startswith("B ahead")


@pytest.mark.parametrize(
    ("curves", "said"),
    [
        (([0, 1, 1], [0, 0, 1]), "Neither reached 100% sooner"),
        (([0, 0, 0], [0, 0, 0]), "Neither reached 100% with any of 2 seeds."),
    ],
)
def test_what_other_seeds_say_of_two_networks(curves, said):
    def spread():
        made = (np.tile(np.array(curve, float)[:, None], 4) for curve in curves)
        return Spread(
            [
                Member(Schedule(RunConfig(seed=seed, epochs=2)), scores, np.zeros(1))
                for seed, scores in enumerate(made)
            ]
        )

    pair = SimpleNamespace(
        luck_shown=True, spreads=[spread(), spread()], luck=SeedRuns(), names=("elman", "lstm")
    )
    assert said in luck_story(pair)[1]


def test_stopped_seeds_go_on_at_the_next_press_and_complete_ones_are_hidden():
    pair = Pair(Session(RunConfig(hidden=3, epochs=2)))
    pair.luck.count = 2
    pair.ask_for_luck()
    until = time.monotonic() + 60
    while pair.luck.running and time.monotonic() < until:
        time.sleep(0.02)
    assert pair.luck_complete
    pair.luck.count = 3  # One is missing, as after a stop.
    pair.ask_for_luck()
    assert pair.luck_shown
    while pair.luck.running and time.monotonic() < until:
        time.sleep(0.02)
    assert pair.luck_complete
    pair.ask_for_luck()
    assert not pair.luck_shown


def test_of_two_broken_runs_neither_goes_on():
    broken = {"lr": "100", "clip_by": "off", "hidden": "8", "epochs": "30"}
    page = App(vs="hidden:32", epoch="20", **broken)
    assert all(session.player.remedy for session in page.pair.sessions)
    assert "Both broke" in plain(page.bodies["story"])
    assert "goes on" not in plain(page.bodies["story"])


def test_settings_are_common_until_they_are_split_and_common_again():
    page = App(**link())
    page.set("lr", 0.5)
    assert [s.config.lr for s in page.pair.sessions] == [0.5, 0.5]
    page.click("split_lr")
    page.set("B_lr", 0.25)
    assert [s.config.lr for s in page.pair.sessions] == [0.5, 0.25]
    page.set("A_lr", 0.75)
    assert [s.config.lr for s in page.pair.sessions] == [0.75, 0.25]
    page.set("B_cell", "gru")
    assert page.pair.names == ("elman", "gru")
    page.click("join_lr")
    assert [s.config.lr for s in page.pair.sessions] == [0.75, 0.75]
    assert page.widget("lr").value == 0.75


def test_compare_keeps_the_run_and_ends_with_one_network():
    page = App(**{k: v for k, v in link(epoch="2").items() if k != "vs"})
    assert "compare" in page.bodies["compare"] and "view" not in page.bodies
    page.say("compare", what="cell", text="gru")
    page.run()
    assert [p.position.epoch for p in page.pair.players] == [2, 2]
    assert page.link["vs"] == "cell:gru"
    assert (
        page.bodies["message"].count("differs; all other settings are alike") == 2
    )  # and in its tip
    page.say("go_on", what="B")
    assert page.session.config.cell == "gru" and "vs" not in page.link
    assert "Keep elman beside it" in plain(page.bodies["message"])
    page.say("bring_back")
    page.run()
    assert page.pair.names == ("elman", "gru")


def test_a_change_that_starts_again_offers_the_run_before():
    page = App(hidden="4", epochs="6", epoch="3")
    page.set("cell", "gru")
    assert "Keep elman beside it" in plain(page.bodies["message"])
    page.say("show_ghost")
    assert page.series("curves")["old train_loss"]["y"]
    assert "Show its curves" not in page.bodies["message"]
    assert "Hide the curves" in page.bodies["compare"]
    page.say("hide_ghost")
    assert "old train_loss" not in page.series("curves")
    assert "Hide the curves" not in page.bodies["compare"]


@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready.label)
def test_every_ready_pair_is_drawn(ready):
    page = App()
    page.say("ready", label=ready.label)
    page.run()
    assert len(page.chart("pair_network")["layout"]["meta"]["networks"]) == 2


def test_a_click_follows_another_word(page):
    page.ask("i am not happy")
    page.say("click", on="pair_network", x=2)
    assert page.chart("pair_network")["layout"]["meta"]["token"] == 2
    assert page.link["token_followed"] == "3"
    page.ask("i am")
    assert page.chart("pair_network")["layout"]["meta"]["token"] == 1


def test_other_seeds_are_trained_and_a_click_opens_one():
    page = App(**link(epochs="2"))
    with page.tab.host() as host:
        host.pair.luck.count = 2
    page.say("ask_for_luck")
    until = time.monotonic() + 60
    while page.pair.luck.running and time.monotonic() < until:
        time.sleep(0.05)
    page.look()
    series = page.series("pair_curves")
    for k in (0, 1):
        shown = page.pair.sessions[k].run
        page.pair.first.player.advance(2)
        page.pair.second.player.advance(2)
        column = shown.history.column("train_loss").astype(np.float32)
        np.testing.assert_array_equal(series[f"seeds train_loss#{k}"]["z"][0], column)
    assert "2 seeds" in plain(page.bodies["story"])
    one = [Spread(spread.members[:1]) for spread in page.pair.spreads]
    assert luck_story(
        SimpleNamespace(luck_shown=True, spreads=one, luck=page.pair.luck, names=("elman", "lstm"))
    ) == ("1 seed each", "Neither reached 100% with any of 1 seed.")
    page.say("take_seed", value=1)
    assert [s.config.seed for s in page.pair.sessions] == [1, 1]
    assert len(page.pair.spreads[0].members) == 2
    page.set("luck_count", 3)
    assert page.pair.luck.count == 3
    page.say("stop_luck")


@pytest.mark.parametrize(
    "command",
    [
        {"do": "compare", "what": "task", "text": "nothing"}, {"do": "ready", "label": "none"},
        {"do": "compare", "what": "x", "text": ""}, {"do": "compare", "what": "lr", "text": "fast"},
        {"do": "go_on", "what": "C"}, {"do": "view", "what": "all"}, {"do": "role", "what": "x"},
        {"do": "take_seed", "value": 0.5},
    ],
)  # fmt: skip
def test_a_wrong_command_is_refused(command, page):
    before = page.link
    with page.tab.host() as host, pytest.raises(RefusedError):
        host._act(page._viewer, command)
    page.look()
    assert page.link == before


@pytest.mark.parametrize("name", [*SETTINGS])
def test_every_setting_can_be_compared_and_no_text_breaks_the_page(name):
    page = App(**link(epoch="1"))
    for text in ("own", "", "1", "0", "-1", "a=b", "h = tanh(W @ x + U @ h)", "norm", "off"):
        page.say("compare", what=name, text=text) if _parses(name, text) else None
        assert not page.frame["problem"] and page.charts
        assert "Something went wrong" not in page.text


def _parses(name, text):
    try:
        SETTINGS[name].parse(text)
    except ValueError:
        return False
    return True


def test_names_of_the_reader_are_no_markup(page):
    assert not re.search(r"<script|<img", "".join(page.bodies.values()))


# The other pages: overlaid, mirrored, or those of one network


@pytest.mark.parametrize("vs", PAIRS)
@pytest.mark.parametrize("name", PAGES[1:])
def test_every_page_of_two_networks_is_drawn(name, vs):
    opened = Page(name, **link("recall", vs, epoch="1"))
    for view in tabs_of(name):
        opened.enter(view).finish()
        assert opened.session is opened.pair.first and opened.charts
        assert name == "step" or "rnnviz-story pair" in opened.bodies["story"]


@pytest.fixture(scope="module")
def both():
    return Page("gradients", **link("recall", "cell:lstm", epoch="2", hidden="5", init_scale="0.5"))


@pytest.mark.parametrize(("view", "letter"), [("A", "A"), ("B", "B")])
def test_one_of_two_networks_has_its_own_story_and_the_same_token(view, letter):
    app = App(**link("recall", "cell:lstm", epoch="4", token_followed="3"))
    app.say("view", what=view)
    app.run()
    story = " ".join(plain(app.bodies["story"]).split())
    assert story.startswith(f"{letter} {app.pair.session.story.chapter}")
    assert app.pair.session.story.sentence in story
    (left,) = (one for one in app.chart("network")["data"] if one["name"] == "left")
    np.testing.assert_array_equal(np.isnan(left["y"][:4]), [True, True, False, False])


def test_both_gradients_are_shares_at_the_memory_state(both):
    opened = both.enter(GradientQuestion.REACH)
    opened.finish()
    probe, second = opened.pair.first.inspect(), opened.pair.second.inspect()
    for name, one, state in (("elman", probe, "h"), ("lstm", second, "c")):
        ds = one.unrolled().ds.reshape(len(one.words), -1, 5)[:, -1]
        norms = np.linalg.norm(ds, axis=1)
        drawn = opened.series("over_lag")[name]
        np.testing.assert_allclose(drawn["y"], norms / norms[-1], rtol=1e-5)
        assert f"dL/d{state}" in opened.chart("over_lag")["layout"]["title"]["text"]
        assert f"in {name}" in " ".join(plain(opened.bodies["story"]).split())
    for name, one in (("W_hh", opened.pair.first), ("W_hg", opened.pair.second)):
        values = np.linalg.eigvals(one.state.parameters[name])
        shown = opened.chart("spectrum")["data"][1 + (name == "W_hg")]
        np.testing.assert_allclose(sorted(shown["x"]), sorted(values.real), rtol=1e-5, atol=1e-7)
    maps = [opened.chart(f"map_{k}") for k in (0, 1)]
    assert [one["layout"]["title"]["text"].rpartition(": ")[2] for one in maps] == ["elman", "lstm"]
    assert maps[0]["data"][0]["z"] != maps[1]["data"][0]["z"]


def test_scores_by_length_of_both_are_overlaid(both):
    both.enter(GradientQuestion.REACH)
    both.app.toggle(key="longer_on").set_value(True)
    both.run()
    both.finish()
    drawn = both.series("longer")
    for name, session in zip(("elman", "lstm"), both.pair.sessions, strict=True):
        known = session.lab(LengthLab).known(session.state, session.dataset)
        np.testing.assert_allclose(drawn[name]["y"], known.scores, rtol=1e-6)
    both.app.toggle(key="longer_on").set_value(False)
    both.run()


def test_shares_of_both_are_mirrored(both):
    opened = both.enter(GradientQuestion.FEED)
    for key, name in (("feed_hh", "W_hh"), ("feed_xh", "W_xh")):
        drawn = opened.series(key)
        for label, session, sign in zip(
            ("share", "lstm"), opened.pair.sessions, (1, -1), strict=True
        ):
            own = token_contribution(session.inspect().unrolled(), session.state.parameters)
            np.testing.assert_allclose(drawn[label]["y"], sign * getattr(own, name), rtol=1e-5)
        assert opened.chart(key)["layout"]["title"]["text"].endswith(": elman ↑, lstm ↓")
    dots = opened.series("ratios")
    assert {"W_hg", "W_xi"} <= {*dots["lstm"]["y"]} and {*dots["elman"]["y"]} & {"W_hh"}
    assert dots["lstm"]["marker"]["symbol"] == "circle-open"


def test_what_a_linear_probe_reads_in_both_is_overlaid():
    opened = Page("hidden", **link("recall", "cell:lstm", epoch="2", lag="5"))
    opened.choose("Read with", ReadoutKind.PROBE)
    opened.click("measure")
    opened.finish()
    opened.finish()
    drawn = opened.series("readability")
    for name, session in zip(("elman", "lstm"), opened.pair.sessions, strict=True):
        found = session.lab(LinearProbeLab).shown(source_of(session)).found
        np.testing.assert_allclose(drawn[name]["y"], found.scores, rtol=1e-6)
    assert drawn["lstm"]["line"]["dash"] == "dash"


def test_two_networks_stand_beside_simple_models_in_the_units_of_the_table():
    given = {"task": "elnino", "window": "12", "horizon": "3", "hidden": "4", "epoch": "2"}
    opened = Page("train", **given, cell="gru", vs="cell:elman").enter(TrainQuestion.WRONG)
    opened.finish()
    assert opened.charts.keys() == {"better", "list", "scatter_0", "scatter_1"}
    models = opened.series("better")
    assert [*models][:3] == ["gru", "elman", "last value"]
    found = [
        session.lab(ResultsLab).step(session.state, session.dataset)
        for session in opened.pair.sessions
    ]
    for name, one in zip(("gru", "elman"), found, strict=True):
        naive = naive_error(opened.pair.first.dataset.series)
        assert models[name]["y"][0] == pytest.approx(one.errors.mean() / naive[0], rel=1e-5)
    tables = opened.chart("list")["data"]
    assert [table["header"]["values"] for table in tables] == [
        ["month", "error, gru", "error, elman"]
    ] * 2
    closer = [int((a.errors < b.errors).sum()) for a, b in (found, found[::-1])]
    assert [len(table["customdata"]) for table in tables] == closer
    owner, first = tables[0]["customdata"][0], tables[0]["cells"]["values"][1][0]
    assert float(first) == pytest.approx(found[0].errors[owner], rel=0.06)


def test_networks_with_other_windows_are_judged_on_the_steps_that_both_expect():
    given = {"task": "elnino", "window": "12", "horizon": "2", "hidden": "4", "epoch": "2"}
    opened = Page("train", **given, vs="window:30").enter(TrainQuestion.WRONG)
    opened.finish()
    off, months = [], []
    for session in opened.pair.sessions:
        data, series = session.dataset, session.dataset.series
        answers = read_last_values(session.state.parameters, data.test, np.arange(len(data.test)))
        expected = data.own_answers(answers.predicted)
        (test,) = series.test
        steps = [place + series.window + np.arange(2) for _, place in series.test_places]
        off.append(np.abs(expected - test.values[steps, 0]))
        months.append([test.times[step[0]] for step in steps])
    assert set(months[1]) < set(months[0])
    both = [month in months[1] for month in months[0]]
    errors = [off[0][both], off[1]]
    naive = naive_error(opened.pair.first.dataset.series)[0]
    models = opened.series("better")
    for name, error in zip(("window 12", "window 30"), errors, strict=True):
        np.testing.assert_allclose(models[name]["y"], error.mean(axis=0) / naive, rtol=1e-5)
    story = " ".join(plain(opened.bodies["story"]).split())
    one, two = (own_number(error.mean()) for error in errors)
    assert f"On the {len(off[1])} steps that both windows expect" in story
    assert f"is {one} in window 12 , {two} in window 30" in story


def test_a_shorter_and_a_longer_window_are_offered_if_the_data_have_enough():
    opened = Page("train", task="sunspots", window="30", hidden="3")
    windows = re.findall(r'data-what="window" data-text="(\d+)"', opened.bodies["compare"])
    assert windows == ["15", "60"]
    assert not fits(opened.session.dataset.series, 201)


def test_the_list_has_what_is_right_in_one_alone():
    opened = Page("train", **link(vs="gradient:notebook", hidden="64", epochs="500", epoch="430"))
    opened.enter(TrainQuestion.WRONG).finish()
    sessions, test = opened.pair.sessions, opened.pair.first.dataset.test
    said = [
        np.array([session.inspect(example.text).answers[-1].argmax() for example in test])
        for session in sessions
    ]
    wanted = np.array([example.target for example in test])
    first, second = (one == wanted for one in said)
    alone = [int((first & ~second).sum()), int((second & ~first).sum())]
    assert sum(alone)
    story = " ".join(plain(opened.bodies["story"]).split())
    assert (
        f"Right in exact alone: {alone[0]} test phrases; in notebook alone: {alone[1]} ." in story
    )
    tables = opened.chart("list")["data"]
    assert [table["name"].split()[0] for table in tables[:2]] == [str(count) for count in alone]
    texts = {example.text for example, one, two in zip(test, first, second, strict=True)
             if one and not two}  # fmt: skip
    assert set(tables[0]["cells"]["values"][0]) == texts
    row = (tables[0]["customdata"] or tables[1]["customdata"])[-1]
    opened.say("click", on="list", x=0, y=0, data=row)
    opened.run()
    bars = opened.series("answers")
    for name, session, sign in zip(("exact", "notebook"), sessions, (1, -1), strict=True):
        probs = session.inspect().running_probs[:, 1]
        np.testing.assert_allclose(bars[name]["y"], sign * probs, rtol=1e-5)
    guess = float(opened.pair.first.dataset.guess.answer[1])
    levels = [shape["y0"] for shape in opened.chart("answers")["layout"]["shapes"]]
    assert levels == [-guess, guess]
    assert {session.inspect().example.text for session in sessions} == {test[row].text}


def test_guessing_a_rare_class_has_its_own_frequency():
    texts = [f"{a} {b}" for a in "klmno" for b in "pqrs"]
    labels = ["often"] * 12 + ["sometimes"] * 5 + ["rare"] * 3
    rows = "".join(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))
    session = Session(RunConfig(hidden=3, epochs=2))
    session.load(Upload(File("classes.csv", f"text,label\n{rows}".encode()), unit=Unit.WORDS))
    opened = Page("train", session)
    opened.pair.compare({"cell": "lstm"})
    opened.run()
    opened.enter(TrainQuestion.WRONG).finish()
    session = opened.pair.first
    data = session.dataset
    rare = data.classes.index("rare")
    phrase = next(one.text for one in (*data.train, *data.test) if one.target == rare)
    for text, guess in ((phrase, data.guess.answer[rare]), ("k l m", data.guess.answer.max())):
        opened.pair.ask(text)
        opened.run()
        levels = [shape["y0"] for shape in opened.chart("answers")["layout"]["shapes"]]
        assert levels == [-guess, guess]


def test_of_different_data_the_list_is_that_of_the_first():
    opened = Page("train", **link("recall", "seed:3", epoch="1"))
    opened.enter(TrainQuestion.WRONG).finish()
    story = " ".join(plain(opened.bodies["story"]).split())
    assert "data of both differ: the list is that of seed 0" in story


def test_a_page_of_one_network_says_which_it_is():
    opened = Page("hidden", **link(epoch="1"))
    assert plain(opened.bodies["story"]).split()[0] == "A"
    opened.say("view", what="B")
    assert plain(opened.bodies["story"]).split()[0] == "B"


# Settings that have an effect in one network only, and widgets of an earlier comparison


def opened(**query):
    return App(**{"hidden": "4", "epochs": "20", **query})


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"cell": "leaky", "constants": "a=0.5", "epoch": "3", "vs": "cell:lstm"}, "constants"),
        ({"cell": "leaky", "constants": "a=0.5", "epoch": "3", "vs": "constants:a%3D0.3"},
         "constants"),
        ({"data_seed": "1", "epoch": "3"}, "data_seed"),
        ({"data_seed": "1", "epoch": "3", "vs": "lr:0.1"}, "data_seed"),
    ],
)  # fmt: skip
def test_a_setting_without_a_widget_is_kept(query, kept):
    page = opened(**query)
    first = page.pair.first
    assert getattr(first.config, kept) == getattr(RunConfig.from_query(query)[0], kept)
    assert first.player.position.epoch == 3
    page.run()
    assert first.player.position.epoch == 3


def test_a_second_comparison_begins_with_the_settings_of_both():
    page = opened(seed="1")
    page.say("compare", what="hidden", text="2")
    page.say("go_on", what="A")
    page.set("hidden", 16)
    for _ in range(3):
        page.click("step_epoch")
    page.say("compare", what="hidden", text="8")
    assert [session.config.hidden for session in page.pair.sessions] == [16, 8]
    assert page.pair.first.run.position.epoch == 3
    assert (page.widget("A_hidden").value, page.widget("B_hidden").value) == (16, 8)
    page.say("go_on", what="A")
    assert page.session.config.hidden == 16 and page.session.run.position.epoch == 3


def test_swapping_and_settings_of_one_cell_leave_the_other_run_alone():
    page = opened(seed="5", cell="lstm", forget_bias="3", epoch="3")
    page.say("compare", what="cell", text="elman")
    while page.pair.at_work:
        page.pair.tick(1)
    page.run()
    assert page.pair.split == {"cell", "forget_bias"}
    page.say("swap")
    elman, lstm = page.pair.sessions
    assert (lstm.config.forget_bias, lstm.run.position.epoch) == (3, 3)
    query = page.pair.query()
    again = Pair(Session())
    again.follow(dict(parse_qsl(query)), patience=9.0)
    assert again.second.config == lstm.config
    assert "no effect" not in again.first.player.message
    page.set("A_cell", "leaky")
    assert lstm.config.forget_bias == 3 and lstm.run.position.epoch == 3
    assert elman.config.cell == "leaky"


def test_equations_are_checked_whichever_network_is_shown():
    page = App(**link(vs="lr:0.1"))
    for view in ("both", "B", "A"):
        page.say("view", what=view)
        assert "Line 1" in page.write("h = tanh(")


def test_equations_that_one_network_alone_has_stay_when_they_are_swapped():
    page = opened(vs="cell:lstm")
    page.say("use", text="h = where(W @ x > h, W @ x, h * 0.9)")
    page.say("swap")
    lstm, own = page.pair.sessions
    assert (lstm.config.cell, own.config.cell) == ("lstm", "own")
    assert "where" in own.config.equations
    page.run()
    assert "where" in own.config.equations


def test_the_box_of_the_second_network_follows_what_is_changed_elsewhere():
    page = opened(seed="1", vs="hidden:3")
    page.set("B_hidden", 5)
    assert page.pair.second.config.hidden == 5
    with page.tab.host() as host:
        host.pair.differ("hidden", 7)
    page.run()
    assert (page.pair.second.config.hidden, page.widget("B_hidden").value) == (7, 7)


@pytest.mark.parametrize("task", ["waves", "adding"])
def test_of_values_the_list_begins_with_what_is_closer_in_the_first(task):
    opened = Page("train", **link(task, "cell:gru", epoch="3"))
    opened.enter(TrainQuestion.WRONG).finish()
    sessions, test = opened.pair.sessions, opened.pair.first.dataset.test
    errors = np.array([
        [np.mean((session.inspect(one.text).answers - one.targets) ** 2) for one in test]
        for session in sessions
    ])  # fmt: skip
    closer = int((errors[0] < errors[1]).sum())
    story = " ".join(plain(opened.bodies["story"]).split())
    assert f"answered more closely by elman : {closer} ;" in story
    tables = opened.chart("list")["data"]
    most = int((errors[1] - errors[0]).argmax())
    assert not closer or tables[0]["customdata"][0] == most


def test_a_setting_that_is_changed_in_one_has_both_its_values_and_a_mark():
    page = App(**link(vs="lr:0.5", epochs="9", epoch="3"))
    page.set("B_lr", 0.1)
    assert page.pair.names[1] == "rate 0.5 → 0.1"
    assert "rate 0.5 → 0.1: Learning rate is 0.1 from epoch 3 on" in plain(page.bodies["message"])
    drawn = Page("train", **page.link)
    (change,) = drawn.chart("pair_curves")["layout"]["meta"]["runs"][1]["changes"]
    assert change == [3, "Learning rate 0.1"]


def test_a_run_whose_settings_were_changed_is_offered_after_a_reset():
    page = App(**SMALL, epoch="2")
    page.set("lr", 0.3)
    page.click("reset")
    assert page.pair.kept.run.position.epoch == 2
    assert "Keep rate 0.02 → 0.3 beside it" in plain(page.bodies["message"])
    page.say("bring_back")
    assert page.pair.names == ("rate 0.02 → 0.3", "rate 0.3")


def test_text_that_neither_network_can_read_is_told_in_the_line_of_the_message():
    page = Page("train", hidden="4", vs="cell:gru")
    page.ask("zzz")
    assert page.session.phrase_input.problem in plain(page.bodies["message"])
    assert "rnnviz-message" in page.bodies["message"], "one line: nothing moves"
