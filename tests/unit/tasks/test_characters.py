"""What comes next, in a tale or in a text of the reader's own."""

from rnnviz.config import OutputAt
from rnnviz.tasks.characters import MOON, characters
from tests.sampling import each_row

TALE = MOON.read_text(encoding="utf-8")


def test_the_tale_is_small_and_plain():
    assert 2500 < len(TALE) < 4000
    assert set(TALE) <= set("abcdefghijklmnopqrstuvwxyz .,\n")
    assert not TALE.isspace() and "  " not in TALE and "\n\n\n" not in TALE


@each_row("seed", range(4))
def test_the_windows_are_the_text_cut_up_in_order(seed):
    data = characters(seed)
    learned, tested = ([example.text for example in part] for part in (data.train, data.test))
    starts = range(len(learned) + 1)
    orders = ("".join([*learned[:k], *tested, *learned[k:]]) for k in starts)
    assert any(text + TALE[-1] == TALE for text in orders)


def test_the_seed_chooses_what_is_held_out():
    assert len({characters(seed).test[0].text for seed in range(8)}) > 3


def test_the_contract():
    data = characters(0)
    assert (len(data.train), len(data.test)) == (50, 7)
    assert {len(e.inputs) for e in data.test} == {50}
    assert data.classes == data.vocabulary.words
    assert len(data.classes) == 28
    assert data.reads is OutputAt.EVERY
