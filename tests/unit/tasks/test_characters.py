"""The next character of a tale."""

from rnnviz.config import OutputAt
from rnnviz.tasks.characters import MOON, characters
from tests.sampling import each_row

TALE = MOON.read_text(encoding="utf-8")


def test_the_tale_is_short_and_plain():
    assert 2500 < len(TALE) < 4000
    assert set(TALE) <= set("abcdefghijklmnopqrstuvwxyz .,\n")
    assert "  " not in TALE and "\n\n\n" not in TALE


@each_row("seed", range(4))
def test_the_windows_are_the_text_cut_up_in_order(seed):
    data = characters(seed)
    assert (len(data.train), len(data.test)) == (50, 7)
    learned, tested = ([example.text for example in part] for part in (data.train, data.test))
    starts = range(len(learned) + 1)
    orders = ("".join([*learned[:k], *tested, *learned[k:]]) for k in starts)
    assert any(text + TALE[-1] == TALE for text in orders)
    assert {len(text) for text in tested} == {50}
    assert data.classes == data.vocabulary.words
    assert (len(data.classes), data.reads) == (28, OutputAt.EVERY)


def test_the_seed_chooses_what_is_held_out():
    assert len({characters(seed).test[0].text for seed in range(8)}) > 3
