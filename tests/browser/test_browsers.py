"""The order in which a browser is looked for, on machines that are made up."""

import sys

import pytest

from tests.browser.browsers import Machine, NoBrowserError, find_chromium, installed_paths

OWN = "/cache/ms-playwright/chrome"
FETCH = f"{sys.executable} -m playwright install chromium"
SHELL = "apt-get install -y chromium-headless-shell"
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


def test_what_is_installed_is_taken_in_this_order():
    rows = (
        (machine("/my/chrome", "/usr/bin/chromium", CHROME_PATH="/my/chrome"), "/my/chrome"),
        (machine("/bin/edge", OWN, path={"microsoft-edge": "/bin/edge"}), "/bin/edge"),
        # Without windows before with.
        (
            machine(
                "/bin/chrome",
                "/bin/shell",
                path={"google-chrome": "/bin/chrome", "chromium-headless-shell": "/bin/shell"},
            ),
            "/bin/shell",
        ),
        # A stub on the path is passed over.
        (machine(OWN, path={"chromium-browser": "/usr/bin/chromium-browser"}), OWN),
        (machine(OWN, root=True), OWN),
    )
    for (fake, ran), expected in rows:
        assert find_chromium(OWN, fake) == expected
        assert not ran


def test_a_wrong_choice_is_said_not_replaced():
    fake, ran = machine("/opt/google/chrome/chrome", CHROME_PATH="/not/there")
    with pytest.raises(NoBrowserError, match="CHROME_PATH is /not/there"):
        find_chromium(OWN, fake)
    assert not ran


def test_else_playwright_fetches_one_and_else_debian_installs_one():
    fake, ran = machine(gives=(FETCH, OWN), root=True)
    assert find_chromium(OWN, fake) == OWN
    assert ran == [FETCH]
    for package, command in (("chromium-headless-shell", SHELL), ("chromium", APT)):
        debian = f"/usr/bin/{package}"
        fake, ran = machine(gives=(command, debian), path={package: debian}, root=True)
        assert find_chromium(OWN, fake) == debian
        commands = [FETCH, "apt-get update", SHELL, APT]
        assert ran == commands[: commands.index(command) + 1]


@pytest.mark.parametrize("root", [True, False])
def test_where_none_can_be_had_it_says_what_to_install(root):
    fake, ran = machine(root=root, gives=None if root else (APT, OWN))
    with pytest.raises(NoBrowserError, match="Install Google Chrome, Chromium or Microsoft Edge"):
        find_chromium(OWN, fake)
    assert (APT in ran) is root  # apt is for root on Debian only


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("darwin", {}, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("darwin", {"HOME": "/u"}, "/u/Applications/Chromium.app/Contents/MacOS/Chromium"),
        ("win32", {"PROGRAMFILES": "C:/P"}, "C:/P/Google/Chrome/Application/chrome.exe"),
        ("win32", {"PROGRAMFILES(X86)": "C:/Q"}, "C:/Q/Microsoft/Edge/Application/msedge.exe"),
        ("linux", {}, "/opt/google/chrome/chrome"),
    ],
)
def test_the_usual_places_of_every_system(platform, environ, path):
    fake, _ = machine(platform=platform, **environ)
    assert path in installed_paths(fake)
