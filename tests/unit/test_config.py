"""The table of settings, and the runs and links made from it."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import GROUPS, SETTINGS, ClipBy, Gradient, RunConfig, Setting, SettingError
from tests.sampling import each_row

NUMBERS = [row for row in SETTINGS.values() if not row.choices]
CHOICES = [row for row in SETTINGS.values() if row.choices]
WHOLE = [row for row in NUMBERS if row.kind is int]


def by_name(row: Setting) -> str:
    return row.name


def values_of(row: Setting):
    if row.choices:
        return st.sampled_from(row.options)
    if row.kind is int:
        return st.integers(int(row.low), int(row.high))
    return st.floats(row.low, row.high)


runs = st.builds(RunConfig, **{row.name: values_of(row) for row in SETTINGS.values()})
links = st.dictionaries(
    st.sampled_from([*SETTINGS, "theme"]) | st.text(),
    st.text() | st.floats().map(str) | st.integers().map(str) | st.sampled_from(["norm", "exact"]),
)


def test_the_defaults_are_those_of_the_notebook():
    config = RunConfig()
    assert (config.hidden, config.init_scale, config.lr, config.clip) == (64, 0.001, 0.02, 1.0)
    assert (config.gradient, config.clip_by) == (Gradient.EXACT, ClipBy.VALUE)


def test_a_run_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RunConfig().lr = 1.0


@each_row("row", SETTINGS.values(), ids=by_name)
def test_every_setting_has_a_group_a_label_and_a_help_in_sentences(row):
    assert row.group in GROUPS
    assert row.label[0].isupper()
    assert len(row.help.split()) >= 8
    assert row.help.endswith(".")


def test_no_help_speaks_of_phrases_for_most_tasks_have_none():
    assert not [name for name, row in SETTINGS.items() if "phrase" in row.help]


@each_row("row", SETTINGS.values(), ids=by_name)
def test_the_help_of_a_setting_that_restarts_says_so(row):
    assert row.restarts == ("starts the run again" in row.help)


@each_row("row", NUMBERS, ids=by_name)
def test_both_ends_of_a_range_can_be_chosen(row):
    where = {row.only[0]: row.only[1][0]} if row.only else {}
    assert getattr(RunConfig(**{row.name: row.low}, **where), row.name) == row.low
    assert getattr(RunConfig(**{row.name: row.high}, **where), row.name) == row.high


@each_row("row", NUMBERS, ids=by_name)
def test_beyond_either_end_is_refused_by_name(row):
    for value in (row.low - 1, row.high + 1):
        with pytest.raises(SettingError, match=rf"{row.label} \({row.name}\)"):
            RunConfig(**{row.name: value})


@each_row("row", SETTINGS.values(), ids=by_name)
@each_row("value", [None, "", "much", "nan", "inf", "-inf", True, [], float("nan"), "1,5", "0x10"])
def test_what_is_no_such_value_is_refused(row, value):
    with pytest.raises(SettingError):
        RunConfig(**{row.name: value})


@each_row("row", WHOLE, ids=by_name)
@each_row("value", [12.5, "12.5", "1e2"])
def test_a_whole_number_is_never_rounded_to(row, value):
    with pytest.raises(SettingError, match="a whole number"):
        RunConfig(**{row.name: value})


@each_row("row", CHOICES, ids=by_name)
def test_an_unknown_word_is_answered_with_the_known_ones(row):
    with pytest.raises(SettingError) as problem:
        RunConfig(**{row.name: "sideways"})
    assert all(word in str(problem.value) for word in row.choices)


def test_the_text_of_a_number_is_that_number():
    config = RunConfig(hidden="32", lr="0.5")
    assert (config.hidden, config.lr) == (32, 0.5)
    assert type(config.hidden) is int


def test_a_very_long_value_makes_no_long_message():
    with pytest.raises(SettingError) as problem:
        RunConfig(hidden="9" * 10_000)
    assert len(str(problem.value)) < 200


def test_options_are_spelled_with_dashes():
    assert SETTINGS["init_scale"].flag == "--init-scale"


def test_only_what_differs_from_the_defaults_is_in_the_link():
    assert RunConfig().to_query() == {}
    assert RunConfig(lr=0.5, clip_by=ClipBy.NORM).to_query() == {"lr": "0.5", "clip_by": "norm"}


def test_unknown_keys_of_a_link_are_ignored():
    assert RunConfig.from_query({"theme": "dark", "": "1", "HIDDEN": "3"}) == (RunConfig(), [])


def test_a_bad_value_in_a_link_keeps_its_default_and_is_told():
    config, problems = RunConfig.from_query({"hidden": "9999", "lr": "0.5", "gradient": "none"})
    assert config == RunConfig(lr=0.5)
    assert len(problems) == 2
    assert problems[0].startswith("In the link: Gradient") and problems[0].endswith("exact.")
    assert problems[1].startswith("In the link: Hidden units") and problems[1].endswith("64.")


@given(links)
def test_any_link_gives_a_run(link):
    config, problems = RunConfig.from_query(link)
    assert RunConfig(**config.as_dict()) == config
    assert len(problems) <= len(link)


@given(runs)
def test_a_run_survives_its_link(config):
    assert RunConfig.from_query(config.to_query()) == (config, [])


@given(runs)
def test_a_run_survives_json(config):
    assert RunConfig(**json.loads(json.dumps(config.as_dict()))) == config


@given(runs, runs)
def test_changes_are_exactly_what_leads_from_one_run_to_the_other(one, other):
    changed = {row.name: getattr(other, row.name) for row in one.changes(other)}
    assert replace(one, **changed) == other
    assert all(getattr(one, name) != value for name, value in changed.items())


@each_row(
    ("change", "restarts"),
    [
        ({"hidden": 3}, True),
        ({"init_scale": 0.5}, True),
        ({"seed": 1}, True),
        ({"gradient": "notebook"}, True),
        ({"lr": 1}, False),
        ({"clip": 2}, False),
        ({"clip_by": "off"}, False),
        ({"epochs": 5}, False),
    ],
    ids=str,
)
def test_which_changes_need_new_weights(change, restarts):
    found = RunConfig().restarts(RunConfig(**change))
    assert [row.name for row in found] == (list(change) if restarts else [])


def test_a_setting_without_effect_has_its_default_and_a_link_says_so():
    config, problems = RunConfig.from_query({"cell": "lstm", "gradient": "notebook", "lag": "7"})
    assert config == RunConfig(cell="lstm")
    assert problems == [
        "In the link: Gradient (gradient) has no effect unless Cell is elman.",
        "In the link: Lag (lag) has no effect unless Task is recall.",
    ]
