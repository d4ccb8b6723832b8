"""What a page is sent with."""

import re

import pytest
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from rnnviz.files.page_script import PAGE
from rnnviz.page.wire import Preload, routes
from rnnviz.ui.stage import module_path, page_module


def test_a_page_names_the_module_that_it_will_need():
    sent = []

    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(message):
        sent.append(message)

    # Nothing here waits, so it ends at once, in a thread that has an event loop too.
    with pytest.raises(StopIteration):
        Preload(app)({"type": "http"}, None, send).send(None)
    (link,) = [value.decode() for name, value in sent[0]["headers"] if name == b"link"]
    assert link == f"<./{module_path()}>; rel=modulepreload"


def test_the_module_holds_every_script_of_the_page_and_asks_for_no_other():
    module = page_module()
    for path in (PAGE / "static").glob("*.js"):
        assert module.count(f"const ${path.stem} = ") == 1, path
    assert not re.search(r"^import\b|\bimport\(", module, re.MULTILINE)
    assert module.endswith("export default $host_streamlit;\n")


def test_plotly_comes_from_this_server_and_is_kept_for_good():
    (route,) = [one for one in routes("below") if "plotly" in one.path]
    assert route.path == f"/below/rnnviz/static/plotly-{get_plotlyjs_version()}.min.js"
    answer = route.endpoint(None)
    assert answer.body.decode() == get_plotlyjs()
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
