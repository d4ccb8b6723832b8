"""What many tests start from: small runs, and how hypothesis searches."""

import os
import signal
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the app has it; NumPy reads it on import
# The tests start Python often. Without its cache each of these programs compiles all of rnnviz.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import pytest
from hypothesis import HealthCheck, settings

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from tests import sampling

settings.register_profile(
    "rnnviz",
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("rnnviz")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--exhaustive",
        action="store_true",
        help="run every product of values in full, and every journey in a browser",
    )


def pytest_configure(config: pytest.Config) -> None:
    sys.dont_write_bytecode = False
    # A shell's background job ignores Ctrl-C, and so would each program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sampling.exhaustive = config.getoption("--exhaustive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module run on one worker: what they share is made once."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def config() -> RunConfig:
    """A network so small and so eager that it learns within 200 epochs."""
    return RunConfig(hidden=8, init_scale=0.1, lr=0.05, epochs=200)


@pytest.fixture
def session(config: RunConfig) -> Session:
    """A small run at epoch 0."""
    return Session(config)


@pytest.fixture(scope="session")
def learned() -> Session:
    """A small run that has learned its phrases; only to look at, never to change."""
    session = Session(RunConfig(hidden=8, init_scale=0.1, lr=0.05, epochs=200))
    session.player.advance(200)
    return session
