"""Who may have the page and its sockets, what leaves this machine, and at which paths it works."""

import contextlib
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.proxy import proxy
from tests.browser.serving import free_port, open_page, serve, visit

SOCKETS = ("/rnnviz/wire", "/_stcore/stream")
EVIL = "evil.example"
#: Origin and Host of who may not connect; the Host "" stands for the server's own.
STRANGERS = (
    ("http://127.0.0.1:1", ""), (None, ""), ("null", ""), (f"http://{EVIL}", ""),
    (f"http://{EVIL}", EVIL),
)  # fmt: skip
PATH = "/user/me/rnnviz"
DRAWN = "[data-picture=step][data-drawn]"

# What becomes of a socket: open, or the code with which it closed without having been open.
KNOCK = """(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onopen = () => done("open");
  socket.onclose = ({ code }) => done(code);
})"""
NEVER_OPENED = 1006
FRAME = """(src) => new Promise((done) => {
  const frame = Object.assign(document.createElement("iframe"), { src, onload: () => done() });
  document.body.append(frame);
})"""


# Tries to load from another server, to run a script in the page, and to send a form.
TRY = """async (there) => {
  const refused = [];
  addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
  const node = document.createElement("div");
  node.innerHTML = `<img src="${there}/m.png"><img src="x" onerror="window.ran = true">
    <form action="${there}"><button></button></form><object data="${there}"></object>`;
  document.body.append(node);
  node.querySelector("button").click();
  const script = Object.assign(document.createElement("script"), { textContent: "ran = true" });
  document.body.append(script);
  await fetch(there).catch(() => {});
  await new Promise((resume) => setTimeout(resume, 500));
  return [[...new Set(refused)].sort(), Boolean(window.ran)];
}"""


# A page of another server on this machine


class Elsewhere(BaseHTTPRequestHandler):
    """Answers everything with an empty page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title><body>")

    def log_message(self, *what):
        pass


@pytest.fixture
def stranger(browser):
    """A page of a server on another port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        thread = threading.Thread(target=elsewhere.serve_forever, args=(0.01,))
        thread.start()
        with contextlib.closing(browser.new_context()) as context:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{elsewhere.server_port}")
            yield page
        elsewhere.shutdown()
        thread.join()


@pytest.mark.story
def test_what_slips_into_the_page_loads_and_runs_nothing(opened, server, complaints):
    page = opened(server.url)
    refused, ran = page.page.evaluate(TRY, f"http://127.0.0.1:{free_port()}")
    assert not ran
    assert {"connect-src", "form-action", "img-src", "object-src"} <= {*refused}
    assert {one.removesuffix("-attr").removesuffix("-elem") for one in refused} >= {"script-src"}
    complaints[:] = [one for one in complaints if "Content Security Policy" not in one]
    complaints[:] = [one for one in complaints if "Failed to load resource" not in one]


@pytest.mark.story
def test_a_page_of_another_origin_opens_no_socket_and_does_not_frame_the_app(stranger, server):
    sockets = [server.url.replace("http", "ws") + path for path in SOCKETS]
    assert [stranger.evaluate(KNOCK, url) for url in sockets] == [NEVER_OPENED] * 2
    stranger.evaluate(FRAME, server.url)
    assert stranger.frames[1].url.startswith("chrome-error:")
    assert stranger.frames[1].locator("#root").count() == 0
    stranger.goto(f"{server.url}/_stcore/health")
    assert [stranger.evaluate(KNOCK, url) for url in sockets] == ["open"] * 2
    stranger.evaluate(FRAME, server.url)
    assert stranger.frames[1].locator("#root").count() == 1


# Without a browser


def knock(server, path, origin, host=""):
    """The HTTP status that a socket gets; 101 is an open one."""
    own = urlsplit(server.url)
    url = f"ws://{host or own.netloc}{path}"
    with socket.create_connection((own.hostname, own.port)) as line:
        try:
            with connect(url, sock=line, origin=origin, proxy=None) as opened:
                return opened.response.status_code
        except InvalidStatus as refused:
            return refused.response.status_code


@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_opens_for_the_server_s_own_origin_and_host_alone(server, path):
    assert [knock(server, path, *stranger) for stranger in STRANGERS] == [403] * len(STRANGERS)
    assert knock(server, path, server.url) == 101


def test_a_name_of_elsewhere_gets_no_page(server):
    connection = HTTPConnection(urlsplit(server.url).netloc)
    with contextlib.closing(connection):
        connection.request("GET", "/", headers={"Host": EVIL})
        answer = connection.getresponse()
        assert answer.status == 403
        assert f"rnnviz is not served under the name '{EVIL}'." in answer.read().decode()


# What leaves this machine

LAST = b"that was all"


@contextlib.contextmanager
def ear():
    """Listens where a proxy would: its address, and what every connection said first.

    All of that is known once the context is left.
    """
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=listen, args=(door, heard))
        thread.start()
        try:
            yield "http://{}:{}".format(*door.getsockname()), heard
        finally:
            # Connections are taken in their order.
            with socket.create_connection(door.getsockname()) as last:
                last.sendall(LAST)
            thread.join()


def listen(door, heard):
    while (said := first_words(door)) != LAST:
        heard.append(said)


def first_words(door):
    caller, _ = door.accept()
    with caller, contextlib.suppress(OSError):
        caller.settimeout(5)
        return caller.recv(1024)


@pytest.mark.story
def test_nothing_leaves_this_machine(browser, complaints):
    with ear() as (url, heard):
        names = ("http_proxy", "https_proxy", "all_proxy")
        environ = {"NO_PROXY": "", "no_proxy": ""}
        environ |= {name: url for lower in names for name in (lower, lower.upper())}
        with serve(environ=environ) as server:
            for path in SOCKETS:
                for stranger in STRANGERS:
                    knock(server, path, *stranger)
            page = open_page(browser, complaints)
            with contextlib.closing(page.context):
                visit(page, server.url)
    assert heard == []


# Paths


@contextlib.contextmanager
def below_a_path(server):
    with serve(base="class/rnnviz") as below:
        yield below.url


@contextlib.contextmanager
def behind_a_proxy(server):
    with proxy(PATH, urlsplit(server.url).port) as url:
        yield f"{url}/"


@contextlib.contextmanager
def behind_a_proxy_that_renames(server):
    port = free_port()
    with proxy(PATH, port, renames=True) as url:
        origin = url.removesuffix(PATH)
        with serve(port, environ={"STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": origin}):
            yield f"{url}/"


@pytest.fixture(
    scope="module",
    params=[below_a_path, behind_a_proxy, behind_a_proxy_that_renames],
    ids=lambda made: made.__name__,
)
def address(request, server):
    with request.param(server) as url:
        yield url


def test_the_page_works(address, opened):
    page = opened(address)
    page.play()
    page.expect_epoch_above(3)
    page.pause()
    epoch = page.epoch + 1
    page.step_to(str(epoch))
    page.replay("Step")
    page.page.locator(DRAWN).wait_for()
    start = f"{address.rstrip('/')}/step?epoch={epoch}&checksum="
    page.page.wait_for_url(lambda url: url.startswith(start))
    run = page.run
    page.page.reload()
    page.page.locator(DRAWN).wait_for()
    page.expect_place(str(epoch))
    assert page.run == run


# Pages that change

# How often Streamlit's script is asked for when a reader steps and goes to another page at once:
# from that press until the answer to it is here.
STEP_AND_LEAVE = """async () => {
  const { stage } = rnnviz, { edition } = stage.header, { send } = WebSocket.prototype;
  let asked = 0;
  WebSocket.prototype.send = function (what) {
    asked += this.url.endsWith("/_stcore/stream");
    send.call(this, what);
  };
  const until = async (done) => {
    for (let frame = 0; frame < 600 && !done(); frame++) await new Promise(requestAnimationFrame);
  };
  document.querySelector(".rnnviz-bar [data-what=epoch]").click();
  await until(() => stage.header.edition !== edition);
  asked = 0;
  document.querySelector("[data-testid=stTopNavLink][href$='/step']").click();
  await until(() => location.pathname.endsWith("/step"));
  return asked;
}"""


@pytest.fixture
def distant(server):
    """The address of a server whose answers take a quarter of a second."""
    with proxy(PATH, urlsplit(server.url).port, delay=0.25) as url:
        yield f"{url}/"


def test_what_follows_the_run_does_not_lead_back_to_the_page_before(distant, opened):
    page = opened(distant).page
    assert page.evaluate(STEP_AND_LEAVE) == 1
    page.locator(DRAWN).wait_for()
