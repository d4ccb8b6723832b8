"""What the address bar carries."""

from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cells import CELLS
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.run.schedule import MAX_CHANGES, Change, Position, Schedule
from rnnviz.run.share_link import MOST_INDEX, Link, OldRun, read_link
from tests.sampling import each_row

NAMES = [
    *SETTINGS,
    "changes",
    "epoch",
    "now",
    "ghost",
    "ghost_changes",
    "phrase",
    "data",
    "unit",
    "token",
    "view",
    "pin",
]


@st.composite
def links(draw):
    epochs = draw(st.integers(10, 1000))
    start = RunConfig(epochs=epochs, lr=draw(st.floats(1e-5, 100)), seed=draw(st.integers(0, 99)))
    position = st.builds(Position, st.integers(0, epochs - 1), st.integers(0, 57))
    shown, now = sorted((draw(position), draw(position)))

    def changes(first, last):
        drawn = draw(st.lists(st.builds(Change, position, st.just("lr"), st.floats(1e-5, 100))))
        return tuple(sorted(c for c in drawn[:3] if first <= c.position <= last))

    old, end = None, Position(epochs)
    if draw(st.booleans()):
        left = draw(st.sampled_from([Position(0), shown]))
        old = OldRun(left, end, changes(left, end))
    schedule = Schedule(start, changes(Position(0), now))
    texts = st.none() | st.text(min_size=1)
    marks = st.none() | st.integers(0, 999)
    return Link(schedule, now, shown, draw(texts), old, draw(texts), draw(marks), draw(marks),
                draw(st.sampled_from([None, "cell"])),
                draw(st.sampled_from([None, Position(0), shown, now])))  # fmt: skip


@given(links())
def test_a_link_is_read_as_it_is_written(link):
    assert read_link(link.to_query()) == (link, [])


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.text(max_size=40) | st.text("0123456789:/,=lrc", max_size=20)
    )
)
def test_any_query_is_read_without_an_exception_as_a_link_that_can_be_followed(query):
    link, problems = read_link(query)
    assert link.shown <= link.now
    assert all(change.position <= link.now for change in link.schedule.changes)
    assert all(problem.startswith("In the link: ") for problem in problems)
    again, problems = read_link(link.to_query())
    # An empty phrase is left out of a link.
    assert (again.phrase or "", again.schedule) == (link.phrase or "", link.schedule)
    assert (again.now, again.shown, again.old, problems) == (link.now, link.shown, link.old, [])


def test_a_link_names_what_it_carries():
    assert Link(Schedule(RunConfig())).to_query() == {}
    assert read_link({}) == (Link(Schedule(RunConfig())), [])
    schedule = Schedule(RunConfig(seed=3), (Change(Position(120), "lr", 0.005),))
    old = OldRun(Position(120), Position(400), (Change(Position(300), "clip", 5.0),))
    link = Link(schedule, Position(200, 7), Position(150), "so good", old, "ab12", 12, 2, "cell")
    assert link.to_query() == {
        "seed": "3",
        "changes": "120:lr=0.005",
        "epoch": "150",
        "now": "200/7",
        "ghost": "120:400",
        "ghost_changes": "300:clip=5.0",
        "phrase": "so good",
        "data": "ab12",
        "unit": "12",
        "token": "3",
        "view": "cell",
    }
    assert read_link({"view": "sequence", "unit": "x", "token": "0"})[1] == [
        "In the link: unit must be a whole number from 0 to 999,999, not x. It is left out.",
        "In the link: token must be a whole number from 1 to 1,000,000, not 0. It is left out.",
        "In the link: view must be cell, not sequence. It is left out.",
    ]


def test_half_a_surrogate_pair_is_read_as_a_question_mark():
    link, _ = read_link({"phrase": "so\ud800", "data": "\udcff", "changes": "\ud800"})
    assert (link.phrase, link.data) == ("so?", "?")


@each_row("text", ["9" * 5000, "0" * 5000, "7" + "0" * 8, "٣", "-1", "1e3", "nan", "\ud800"])
def test_a_mark_that_is_no_index_is_left_out_however_long_it_is(text):
    link, problems = read_link({"unit": text, "token": text})
    assert (link.unit, link.token, len(problems)) == (None, None, 2)
    assert max(map(len, problems)) < 120


@each_row(
    ("equations", "said"),
    [
        ("h = tanh(W @ x + h", "Equations, line 1, column 9: a ( is never closed"),
        ("z = sigmoid(W @ x)\nh = tanh(z @ h)", "Equations, line 2, column 10: z is a vector"),
        ("h = sqrt(-1 - h ** 2) + W @ x", "Equations, line 1, column 1: with small random weights"),
        (" ", "Equations, line 1, column 1: an equation is expected here"),
        ("# <b>`$x$`</b>\n!", "Equations, line 2, column 1: an equation is expected here"),
    ],
)
def test_equations_that_make_no_cell_get_one_sentence_and_the_rest_is_followed(equations, said):
    query = RunConfig(cell="own", equations=equations, lr=0.5, hidden=5).to_query()
    link, (problem,) = read_link({**query, "epoch": "7"})
    assert problem.startswith(f"In the link: {said}")
    assert problem.endswith(". Using the elman cell.")
    assert (link.schedule.start, link.shown) == (RunConfig(lr=0.5, hidden=5), Position(7))


def test_equations_of_ones_own_are_followed():
    start = RunConfig(cell="own", equations=CELLS["lstm"].standalone, forget_bias=2)
    assert read_link(start.to_query()) == (Link(Schedule(start)), [])


def test_the_old_run_shares_what_was_changed_before_it_was_left():
    before, after, own = (Change(Position(epoch), "lr", epoch / 10) for epoch in (3, 9, 12))
    old = OldRun(Position(5), Position(20), (own,))
    assert old.schedule(Schedule(RunConfig(), (before, after))).changes == (before, own)


@each_row(
    ("query", "said"),
    [
        ({"unit": "1000000"}, "unit must be a whole number from 0 to 999,999, not 1000000."),
        ({"token": "1000001"}, "token must be a whole number from 1 to 1,000,000, not 1000001."),
        ({"epoch": "99999999"}, "epoch can't be 99999999: the most is 100,000. Using 100,000."),
        (
            {"epoch": "9" * 30},
            "is not a position in a run: write an epoch of at most 100,000, such",
        ),
        ({"changes": "0:edit=scale 1000001"}, "with amounts of at most 1,000,000 and"),
        ({"changes": "0:edit=noise 0.1 1234567890"}, "whole numbers of at most 9 digits."),
        ({"epoch": "soon"}, "epoch: 'soon' is not a position in a run"),
        ({"epoch": "100001"}, "epoch can't be 100001: the most is 100,000. Using 100,000."),
        ({"now": "-3"}, "now: '-3' is not a position in a run"),
        ({"changes": "5:lr=0.1"}, "changes: 5:lr=0.1 lies beyond epoch 0, where the run is"),
        ({"now": "2", "ghost": "1:2", "ghost_changes": "0:lr=1"}, "0:lr=1.0 lies before epoch 1"),
        ({"changes": "x"}, "changes: 'x' is not a change"),
        ({"ghost": "5"}, "ghost: '' is not a position in a run"),
        ({"ghost": "5:3"}, "ghost: a run can't be left at an epoch that it hadn't reached"),
        ({"ghost": "5:9", "epoch": "4"}, "ghost: a run can't be left at an epoch"),
        ({"lr": "x"}, "Learning rate (lr) can't be 'x'"),
    ],
)
def test_what_can_not_be_followed_gets_one_sentence(query, said):
    _, (problem,) = read_link(query)
    assert problem.startswith("In the link: ")
    assert said in problem


def test_each_change_that_is_left_out_is_named():
    _, problems = read_link({"now": "1", "changes": "1:lr=1,2:lr=2,3:clip_by=off"})
    assert [problem.split(" lies beyond")[0] for problem in problems] == [
        "In the link: changes: 2:lr=2.0", "In the link: changes: 3:clip_by=off",
    ]  # fmt: skip


def test_what_no_link_has_room_for_has_no_query():
    changes = tuple(Change(Position(k), "lr", 0.01) for k in range(MAX_CHANGES + 1))
    assert Link(Schedule(RunConfig(), changes[1:])).query()
    assert Link(Schedule(RunConfig(), changes)).query() is None
    old = OldRun(Position(0), Position(999), changes)
    assert Link(Schedule(RunConfig()), old=old).query() is None
    assert Link(Schedule(RunConfig()), phrase="\N{GRINNING FACE}" * 2000).query() is None
    assert Link(Schedule(RunConfig())).query() == ""


def test_the_present_is_never_before_what_is_shown():
    link, problems = read_link({"epoch": "9", "now": "5"})
    assert (link.shown, link.now, problems) == (Position(9), Position(9), [])


def test_the_largest_marks_that_a_page_can_set_are_read_back():
    link, problems = read_link({"unit": str(MOST_INDEX - 1), "token": str(MOST_INDEX)})
    assert problems == []
    assert (link.unit, link.token) == (MOST_INDEX - 1, MOST_INDEX - 1)
