"""Runs end with the test, or the module, that opened them: a server keeps only so many."""

import pytest
from streamlit.components.v2 import manifest_scanner

from rnnviz.page.session_registry import registry


@pytest.fixture(autouse=True, scope="session")
def installed_components():
    """Streamlit looks through all installed packages once, and not for every tab."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


def ending():
    before = registry().actors
    yield
    for actor in registry().actors:
        if actor not in before:
            actor.stop()


runs_of_the_module = pytest.fixture(ending, autouse=True, scope="module")


@pytest.fixture(autouse=True)
def runs_of_the_test(runs_of_the_module):
    yield from ending()
