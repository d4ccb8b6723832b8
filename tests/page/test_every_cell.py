"""Every page with every cell, and with cells that are only a text: one's own, one in the table."""

import pytest

from rnnviz.cells import OWN, cell_names
from rnnviz.config import SETTINGS
from tests.new_cell import VALVE, add
from tests.page.tab import PAGES, App, Page, tabs_of


@pytest.fixture(scope="module", params=[*cell_names(), VALVE.name])
def session(request):
    """A run of a few epochs, which every page looks at."""
    own = {"equations": SETTINGS["equations"].to_link(VALVE.standalone)}
    with pytest.MonkeyPatch.context() as patch:
        if request.param == VALVE.name:
            add(patch)
        cell, rest = request.param, own if request.param == OWN else {}
        yield Page("train", cell=cell, hidden="5", epoch="2", **rest).session


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_with_every_cell(page, session):
    opened = Page(page, session)
    for view in tabs_of(page):
        opened.enter(view)
        assert opened.charts.keys() == opened.places.keys()
        assert "nan" not in opened.text.lower().split()
        assert opened.session.config == session.config


def test_one_entry_more_in_the_table_can_be_chosen_and_set_in_the_sidebar(monkeypatch):
    name, page = add(monkeypatch), App()
    page.set("cell", name)
    assert page.session.config.cell == name
    assert page.widget("forget_bias").value == 1
    page.set(f"constants_{name}_s", 0.5)
    assert page.session.config.constants == "s=0.5"
    assert page.session.state.parameters.architecture.cell.equations.constants == {"s": 0.5}
