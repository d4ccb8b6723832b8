"""What a page is sent with."""

import pytest

from rnnviz.page.wire import Preload
from rnnviz.ui.stage import STATIC


def test_a_page_names_every_script_that_it_will_need():
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
    for path in STATIC.glob("*.js"):
        assert f"/{path.name}>; rel=modulepreload" in link
