"""The order in which a browser is looked for, on machines that are made up."""

import sys

import pytest

from tests.browser.browsers import Machine, NoBrowserError, find_chromium, installed_paths

OWN = "/cache/ms-playwright/chrome"
FETCH = f"{sys.executable} -m playwright install chromium"
APT = "apt-get install -y chromium"


def machine(*usable, path=None, gives=None, platform="linux", root=False, **environ):
    """A machine with browsers at ``usable``; the command ``gives[0]`` installs ``gives[1]``."""
    here, ran = set(usable), []

    def run(command):
        ran.append(" ".join(command))
        if gives and ran[-1] == gives[0]:
            here.add(gives[1])

    fake = Machine(environ, platform, root, (path or {}).get, here.__contains__, run)
    return fake, ran


def test_the_chosen_browser_comes_first():
    fake, ran = machine("/my/chrome", "/usr/bin/chromium", CHROME_PATH="/my/chrome")
    assert find_chromium(OWN, fake) == "/my/chrome"
    assert not ran


def test_a_wrong_choice_is_said_not_replaced():
    fake, ran = machine("/opt/google/chrome/chrome", CHROME_PATH="/not/there")
    with pytest.raises(NoBrowserError, match="CHROME_PATH is /not/there"):
        find_chromium(OWN, fake)
    assert not ran


def test_an_installed_browser_comes_before_playwrights_own():
    fake, ran = machine("/bin/edge", OWN, path={"microsoft-edge": "/bin/edge"})
    assert find_chromium(OWN, fake) == "/bin/edge"
    assert not ran


def test_a_stub_on_the_path_is_passed_over():
    fake, _ = machine(OWN, path={"chromium-browser": "/usr/bin/chromium-browser"})
    assert find_chromium(OWN, fake) == OWN


def test_playwrights_own_is_taken_without_installing_anything():
    fake, ran = machine(OWN, root=True)
    assert find_chromium(OWN, fake) == OWN
    assert not ran


def test_else_playwright_fetches_one():
    fake, ran = machine(gives=(FETCH, OWN), root=True)
    assert find_chromium(OWN, fake) == OWN
    assert ran == [FETCH]


def test_else_debian_installs_one():
    fake, ran = machine(
        gives=(APT, "/usr/bin/chromium"), path={"chromium": "/usr/bin/chromium"}, root=True
    )
    assert find_chromium(OWN, fake) == "/usr/bin/chromium"
    assert ran == [FETCH, "apt-get update", APT]


def test_apt_is_for_root_on_debian_only():
    fake, ran = machine(gives=(APT, OWN))
    with pytest.raises(NoBrowserError):
        find_chromium(OWN, fake)
    assert ran == [FETCH]


@pytest.mark.parametrize("root", [True, False])
def test_where_none_can_be_had_it_says_what_to_install(root):
    fake, _ = machine(root=root)
    with pytest.raises(NoBrowserError, match="Install Google Chrome, Chromium or Microsoft Edge"):
        find_chromium(OWN, fake)


@pytest.mark.parametrize(
    ("platform", "environ", "place"),
    [
        ("darwin", {}, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("darwin", {"HOME": "/u"}, "/u/Applications/Chromium.app/Contents/MacOS/Chromium"),
        ("win32", {"PROGRAMFILES": "C:/P"}, "C:/P/Google/Chrome/Application/chrome.exe"),
        ("win32", {"PROGRAMFILES(X86)": "C:/Q"}, "C:/Q/Microsoft/Edge/Application/msedge.exe"),
        ("linux", {}, "/opt/google/chrome/chrome"),
    ],
)
def test_the_usual_places_of_every_system(platform, environ, place):
    fake, _ = machine(platform=platform, **environ)
    assert place in installed_paths(fake)
