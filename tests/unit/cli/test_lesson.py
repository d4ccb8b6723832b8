"""The command ``rnnviz lesson``."""

import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from rnnviz import cli
from rnnviz.lessons import lesson as lesson_module
from rnnviz.lessons.lesson import example, shipped
from rnnviz.sweeps.members import in_workers

#: The example with runs that take no time, and bounds that hold.
QUICK = (
    example()
    .replace("epochs = 500", "hidden = 4\nepochs = 2")
    .replace("epochs = 200", "hidden = 4\nepochs = 2")
    .replace("{ first =", "{ value =")
    .replace("below = 0.75, ", "")
    .replace("above = 0.6, ", "")
    .replace("[320, 390]", "[0.9, 1.1]")
    .replace("[105, 165]", "[0, 0.8]")
    .replace("[40, 75]", "[0, 1.1]")
)


def here(calls, workers=None):
    """Instead of worker processes, whose start takes time; the last one ends first."""
    yield from [call() for call in calls][::-1]


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs one command in an empty folder; the runs are trained in this process."""
    monkeypatch.setattr("rnnviz.cli.lesson.in_workers", here)
    monkeypatch.chdir(tmp_path)

    def run(line):
        try:
            code = cli.main(line.split(), open_page=None, every_picture=None)
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def opening(monkeypatch, tmp_path):
    """Runs ``rnnviz lesson open``: the code, and with what the page is opened."""
    monkeypatch.setattr("rnnviz.lessons.lesson.opened", {})
    monkeypatch.chdir(tmp_path)
    pages = []

    def run(*words):
        code = cli.main(
            words, open_page=lambda *given, **more: pages.append((given, more)), every_picture=None
        )
        return code, pages

    return run


def write(path, old="", new=""):
    assert old in QUICK
    path.write_text(QUICK.replace(old, new), encoding="utf-8")


def test_a_lesson_that_holds(run, tmp_path):
    write(tmp_path / "a.lesson.md")
    code, out, err = run("lesson check a.lesson.md --seeds 3")
    lines = out.splitlines()
    assert (code, err) == (0, "") and lines[0] == "a.lesson.md: When does it learn?"
    assert lines[-1] == "  It holds."
    assert any("right with 3 of 3 seeds" in line for line in lines)


def test_worker_processes_measure_the_same(run, tmp_path, monkeypatch):
    write(tmp_path / "a.lesson.md")
    alone = run("lesson check a.lesson.md --seeds 2")
    monkeypatch.setattr("rnnviz.cli.lesson.in_workers", in_workers)
    assert run("lesson check a.lesson.md --seeds 2 --workers 2") == alone


def test_one_that_does_not_hold_has_the_code_1(run, tmp_path):
    write(tmp_path / "a.lesson.md")
    write(tmp_path / "b.lesson.md", "[0, 0.8]", "[0, 0.1]")
    code, out, _ = run("lesson check b.lesson.md a.lesson.md --seeds 1")
    assert code == 1
    assert out.count("Wrong:") == 1 and "Wrong: right_moves should be between 0 and 0.1; it" in out
    assert out.endswith("It holds.\n")


def test_one_that_can_not_be_read_or_measured_has_the_code_2_and_ends_no_other(run, tmp_path):
    write(tmp_path / "a.lesson.md")
    write(tmp_path / "b.lesson.md", "{ value = ", "{ valeu = ")
    write(tmp_path / "c.lesson.md", '{ value = "right"', "{ lag = 3")
    code, out, err = run("lesson check no.md b.lesson.md c.lesson.md a.lesson.md --seeds 1")
    assert code == 2 and out.endswith("It holds.\n")
    missing, first, second = err.splitlines()
    assert missing == "rnnviz: no.md: can't be read (No such file or directory)."
    assert first.startswith(
        "rnnviz: b.lesson.md: line 34, measure.falls: there is no measure 'valeu'"
    )
    assert second == (
        "rnnviz: c.lesson.md: measure.right_moves: this task draws no sequences of other lengths."
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lesson", "required: action"),
        ("lesson check", "required: FILE"),
        ("lesson check nowhere.md", "nowhere.md: can't be read (No such file or directory)."),
        ("lesson check plateau --seeds 0", "is not a whole number from 1 to"),
        ("lesson new old.md", "old.md: File exists."),
        ("lesson new no/such/folder.md", "folder.md: No such file"),
    ],
)
def test_what_can_not_be_done_gets_a_sentence(run, tmp_path, line, said):
    (tmp_path / "old.md").write_text("mine", encoding="utf-8")
    code, out, err = run(line)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1
    assert (tmp_path / "old.md").read_text(encoding="utf-8") == "mine"


def test_a_killed_process_is_a_sentence(run, tmp_path, monkeypatch):
    def killed(calls, workers):
        yield next(iter(calls))()
        raise BrokenProcessPool

    monkeypatch.setattr("rnnviz.cli.lesson.in_workers", killed)
    write(tmp_path / "a.lesson.md")
    code, _, err = run("lesson check a.lesson.md")
    assert code == 2 and "was killed" in err


def test_a_new_lesson_is_the_example(run, tmp_path):
    code, out, _ = run("lesson new my.lesson.md")
    assert code == 0 and out.endswith("rnnviz lesson check my.lesson.md\n")
    assert (tmp_path / "my.lesson.md").read_text(encoding="utf-8") == example()


@pytest.mark.skipif(os.name == "nt", reason="files have no limit of size there")
def test_a_new_lesson_that_has_no_room_leaves_nothing_and_is_named(tmp_path):
    code = """
import resource, signal, sys
from rnnviz.__main__ import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
sys.argv = ["rnnviz", "lesson", "new", sys.argv[1]]
sys.exit(main())
"""
    path = tmp_path / "my.lesson.md"
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (2, f"rnnviz: {path}: File too large.\n")
    assert [*tmp_path.iterdir()] == []


def test_the_lessons_of_rnnviz_are_listed(run):
    code, out, _ = run("lesson list")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == [*shipped()]
    assert "plateau   4 min  When does it learn?" in out


def test_a_lesson_of_ones_own_is_opened_on_the_page(opening, tmp_path):
    write(tmp_path / "my first.lesson.md")
    code, pages = opening("--port", "8700", "--no-browser", "lesson", "open", "my first.lesson.md")
    assert (code, pages) == (0, [((8700, False), {"query": "lesson=my+first"})])
    assert [*lesson_module.offered()] == ["my first", *shipped()]


def test_a_lesson_with_a_name_of_rnnviz_is_opened_as_it_is(opening, tmp_path):
    write(tmp_path / "plateau.lesson.md")
    assert opening("lesson", "open", "plateau.lesson.md")[0] == 0
    assert next(iter(lesson_module.offered().items())) == ("plateau", Path("plateau.lesson.md"))


def test_a_lesson_of_rnnviz_is_opened_on_the_page(opening):
    assert opening("lesson", "open", "words") == (0, [((None, True), {"query": "lesson=words"})])
    assert lesson_module.offered() == shipped()


def test_a_lesson_that_cannot_be_read_is_not_opened(opening, tmp_path, capsys):
    write(tmp_path / "my.lesson.md", 'title = "', 'tite = "')
    assert opening("lesson", "open", "my.lesson.md") == (2, [])
    assert "my.lesson.md: " in capsys.readouterr().err


def test_a_lesson_is_written_as_a_file(run, tmp_path):
    write(tmp_path / "my.lesson.md")
    code, out, _ = run("lesson export my.lesson.md page.html")
    assert (code, out) == (0, "Saved to page.html. Any current browser opens it, offline.\n")
    assert "When will it learn?" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert run("lesson export my.lesson.md my.lesson.md")[0] == 2
    assert run("lesson export my.lesson.md nowhere/page.html")[0] == 2
    write(tmp_path / "bad.lesson.md", 'title = "', 'tite = "')
    assert run("lesson export bad.lesson.md other.html")[0] == 2
    assert not (tmp_path / "other.html").exists()
