"""The table of settings, and the runs and links made from it."""

import json
import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import GROUPS, SETTINGS, ClipBy, Gradient, RunConfig, SettingError
from tests.sampling import each_row

TEXTS = [row for row in SETTINGS.values() if row.kind is str and not row.choices]
NUMBERS = [row for row in SETTINGS.values() if not row.choices and row not in TEXTS]
every_setting = each_row("row", SETTINGS.values(), ids=list(SETTINGS))


def values_of(row):
    if row.choices:
        return st.sampled_from(row.choices)
    if row.kind is str:
        return st.text(max_size=int(row.high))
    if row.kind is int:
        return st.integers(int(row.low), int(row.high))
    return st.floats(row.low, row.high)


runs = st.builds(RunConfig, **{row.name: values_of(row) for row in SETTINGS.values()})
links = st.dictionaries(
    st.sampled_from([*SETTINGS, "theme"]) | st.text(),
    st.text() | st.floats().map(str) | st.integers().map(str) | st.sampled_from(["norm", "exact"]),
)


def test_the_defaults_are_those_of_the_notebook_and_fixed():
    config = RunConfig()
    assert (config.hidden, config.init_scale, config.lr, config.clip) == (64, 0.001, 0.02, 1.0)
    assert (config.gradient, config.clip_by) == (Gradient.EXACT, ClipBy.VALUE)
    with pytest.raises(FrozenInstanceError):
        config.lr = 1.0


@every_setting
def test_every_setting_has_a_group_a_label_and_a_help_in_sentences(row):
    assert row.group in GROUPS
    assert row.label[0].isupper()
    assert len(row.help.split()) >= 8
    assert row.help.endswith(".")
    assert "phrase" not in row.help  # most tasks have none
    assert row.restarts == ("starts the run again" in row.help)
    assert row.flag == "--" + row.name.replace("_", "-")


@each_row("row", NUMBERS, ids=lambda row: row.name)
def test_both_ends_of_a_range_are_valid_and_nothing_beyond(row):
    where = {row.only[0]: row.needed[0]} if row.only else {}
    for value in (row.low, row.high, str(row.high)):
        parsed = getattr(RunConfig(**{row.name: value}, **where), row.name)
        assert (parsed, type(parsed)) == (row.kind(value), row.kind)
    for value in (row.low - 1, row.high + 1):
        with pytest.raises(SettingError, match=rf"{row.label} \({row.name}\)"):
            RunConfig(**{row.name: value})


@each_row("row", TEXTS, ids=lambda row: row.name)
def test_a_text_may_be_so_long_and_no_longer(row):
    where = {row.only[0]: row.needed[0]}
    longest = "\N{GRINNING FACE}" * int(row.high)
    run = RunConfig(**{row.name: longest}, **where)
    assert RunConfig.from_query(run.to_query()) == (run, [])
    with pytest.raises(SettingError, match=f"it is a text of at most {row.high:,} characters"):
        RunConfig(**{row.name: f"{longest}a"}, **where)


@every_setting
def test_values_of_another_type_are_refused_with_the_valid_ones(row):
    bad = [None, "", "much", "nan", "inf", "-inf", True, [], float("nan"), "1,5", "0x10"]
    if row.kind is str:
        bad = [value for value in bad if not isinstance(value, str)]
    for value in bad + [12.5, "12.5", "1e2"] * (row.kind is int):
        with pytest.raises(SettingError) as problem:
            RunConfig(**{row.name: value})
        assert all(word in str(problem.value) for word in row.choices)
        assert row.kind is not int or "a whole number" in str(problem.value)


def test_a_text_travels_in_a_link_and_no_more_of_it_is_unpacked_than_is_allowed():
    row = SETTINGS["equations"]
    text = "h = tanh(W_xh @ x + W_hh @ h + b_h)  # é"
    run = RunConfig(cell="own", equations=text)
    assert RunConfig.from_query(run.to_query()) == (run, [])
    too_long = "can't be 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx': it is a text of at most 2,000"
    unread = "can't be read."
    for packed, said in (
        ("%%%", unread), ("AAAA", unread), (row.to_link("x" * 10**7), too_long)
    ):  # fmt: skip
        found, (problem,) = RunConfig.from_query({"cell": "own", "equations": packed})
        assert found.equations == ""
        assert problem.startswith(f"In the link: Equations (equations) {said}")


def test_a_very_long_value_makes_no_long_message():
    with pytest.raises(SettingError) as problem:
        RunConfig(hidden="9" * 10_000)
    assert len(str(problem.value)) < 200


@each_row(
    ("link", "run", "said"),
    [
        ({"lr": "0.5", "clip_by": "norm"}, {"lr": 0.5, "clip_by": ClipBy.NORM}, []),
        ({"theme": "dark", "": "1", "HIDDEN": "3"}, {}, []),
        (
            {"hidden": "9999", "lr": "0.5", "gradient": "none"},
            {"lr": 0.5},
            [
                "In the link: Gradient (gradient) can't be 'none': it is one of exact, notebook. "
                "Using exact.",
                "In the link: Hidden units (hidden) can't be '9999': it is a whole number from 1 "
                "to 256. Using 64.",
            ],
        ),
        (
            {"cell": "lstm", "gradient": "notebook", "lag": "7"},
            {"cell": "lstm"},
            [
                "In the link: Gradient (gradient) has no effect unless Cell is elman.",
                "In the link: Lag (lag) has no effect unless Task is recall.",
            ],
        ),
    ],
)
def test_a_link_gives_a_run_and_says_what_it_cannot_use(link, run, said):
    assert RunConfig.from_query(link) == (RunConfig(**run), said)
    assert RunConfig(**run).to_query() == {name: str(value) for name, value in run.items()}


def test_a_run_with_an_invalid_letter_has_a_link():
    run = RunConfig(cell="own", equations="h = tanh(W @ x + h)  # \ud800")
    assert "# ?" in RunConfig.from_query(run.to_query())[0].equations


def packed(content):
    return urlsafe_b64encode(content).decode().rstrip("=")


@each_row(
    "text",
    [
        "", "é", "A", "AAAA", packed(b"h = h"), packed(zlib.compress(b"\xff")),
        packed(zlib.compress(b"h = tanh(W @ x + h)")[:-6]), packed(zlib.compress(b"h") + b"more"),
    ],
)  # fmt: skip
def test_a_text_that_is_cut_or_wrong_in_a_link_is_left_out(text):
    said = "In the link: Equations (equations) can't be read. Using the default."
    assert RunConfig.from_query({"cell": "own", "equations": text}) == (
        RunConfig(cell="own"),
        [said],
    )


def test_a_text_that_unfolds_without_end_is_not_unfolded():
    bomb = packed(zlib.compress(b"h" * 10**8, 9))
    began = tracemalloc.start() or tracemalloc.get_traced_memory()[0]
    _, (said,) = RunConfig.from_query({"cell": "own", "equations": bomb})
    most = tracemalloc.get_traced_memory()[1] - began
    tracemalloc.stop()
    assert "Equations (equations) can't be 'hhhh" in said
    assert "at most 2,000 characters. Using the default." in said
    assert len(said) < 200
    assert most < 2 * 10**6


@given(links)
def test_any_link_gives_a_run(link):
    config, problems = RunConfig.from_query(link)
    assert RunConfig(**config.as_dict()) == config
    assert len(problems) <= len(link)


@given(runs)
def test_a_run_survives_its_link_and_json(config):
    assert RunConfig.from_query(config.to_query()) == (config, [])
    assert RunConfig(**json.loads(json.dumps(config.as_dict()))) == config


@given(runs, runs)
def test_changes_lead_from_one_run_to_the_other_and_some_need_new_weights(one, other):
    changed = {row.name: getattr(other, row.name) for row in one.changes(other)}
    assert replace(one, **changed) == other
    assert all(getattr(one, name) != value for name, value in changed.items())
    assert one.restarts(other) == [row for row in one.changes(other) if row.restarts]


@each_row(
    ("cell", "text", "written"),
    [
        ("leaky", "a=0.5", "a=0.5"),
        ("leaky", "a=0.50", "a=0.5"),
        ("leaky", " a = .5", "a=0.5"),
        ("leaky", "a=5e-1,", "a=0.5"),
        ("leaky", "a=1", "a=1.0"),
        ("leaky", "a=0.2", ""),
        ("leaky", ",", ""),
        ("leaky", "\u2028", ""),
        ("cornn", "gamma=2.5,dt=.2", "dt=0.2, gamma=2.5"),
        ("cornn", "dt=fast", "dt=fast"),
        ("cornn", "a=1", "a=1"),
        ("cornn", "dt=1e9", "dt=1e9"),
    ],
)
def test_the_same_constants_are_the_same_setting(cell, text, written):
    assert RunConfig(cell=cell, constants=text).constants == written


def test_equations_and_constants_of_another_cell_are_reset_and_named():
    leaky = RunConfig(cell="leaky", constants="a=0.5")
    own = replace(leaky, cell="own", equations="h = tanh(x)")
    assert (own.equations, own.constants) == ("h = tanh(x)", "")
    assert replace(own, cell="leaky") == RunConfig(cell="leaky")
    assert own.idle(["equations", "constants"]) == [
        "Constants (constants) has no effect unless Cell is leaky or cornn."
    ]
