"""Files that are written whole or not at all."""

import errno
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import threading

import pytest

from rnnviz.files.whole_file import check_outputs, whole_file
from rnnviz.tasks.data.csv_table import TaskError
from tests.sampling import each_row

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has links, modes and pipes")


def write(path, content=b"new"):
    with whole_file(path) as file:
        file.write(content)


def check(*outputs, inputs=()):
    pairs = [(f"--{k}", path) for k, path in enumerate(outputs)]
    check_outputs(pairs, [(f"--in{k}", path) for k, path in enumerate(inputs)])


@pytest.fixture
def path(tmp_path):
    """A good file, alone in its folder."""
    (tmp_path / "w.npz").write_bytes(b"good")
    return tmp_path / "w.npz"


@each_row("problem", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_what_was_there_stays_if_the_new_file_is_not_finished(path, problem):
    for place in (path, path.with_name("new")):
        with pytest.raises(type(problem)) as raised, whole_file(place) as file:
            file.write(b"ne")
            raise problem
        if isinstance(problem, OSError):
            assert raised.value.filename == str(place)
        assert [*path.parent.iterdir()] == [path]
        assert path.read_bytes() == b"good"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the limit is that of a process")
@each_row("size", [10, 100_000])
def test_a_disk_that_is_full_at_any_byte_destroys_nothing(path, size):
    """A limit on the size of files stands for the disk."""
    import resource  # noqa: PLC0415

    if (child := os.fork()) == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
            write(path, b"x" * size)
        except OSError as problem:
            os._exit(7 if problem.filename == str(path) else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert [*path.parent.iterdir()] == [path]
    assert path.read_bytes() == b"good"


@posix
def test_a_link_stays_and_leads_to_the_new_file(path):
    link, loose = path.with_name("link"), path.with_name("loose")
    link.symlink_to(path.name)
    loose.symlink_to("other")
    for name in (link, loose):
        check(name)
        write(name)
        assert name.is_symlink()
        assert name.read_bytes() == b"new"
    assert path.read_bytes() == (path.parent / "other").read_bytes() == b"new"


@posix
def test_the_mode_is_that_of_a_plainly_written_file(path):
    path.chmod(0o640)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write(path.with_name("new"))
        path.with_name("plain").touch()
    finally:
        os.umask(before)
    modes = [path.with_name(name).stat().st_mode for name in ("new", "plain")]
    assert modes[0] == modes[1]


@posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    check(pipe, pipe)  # This must not wait for a reader, nor end what it reads.
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe)
    reader.join(30)
    assert read == [b"new"]
    assert [*tmp_path.iterdir()] == [pipe]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")  # noqa: PTH110
def test_a_device_is_written_to_and_its_error_names_it(tmp_path):
    full = tmp_path / "link"
    full.symlink_to("/dev/full")
    check(full)
    with pytest.raises(OSError, match="No space left") as raised:
        write(full)
    assert raised.value.filename == str(full)
    full.unlink()
    full.symlink_to("/dev/null")
    write(full)
    assert full.is_symlink()


@posix
def test_the_file_that_the_output_of_the_program_goes_to_is_added_to(path):
    if (child := os.fork()) == 0:
        try:
            out = os.open(path, os.O_WRONLY | os.O_APPEND)
            os.dup2(out, 1)
            write(path)
            os.write(1, b"more")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert path.read_bytes() == b"goodnewmore"


def test_what_can_not_be_written_is_said_and_nothing_is_left(path, monkeypatch):
    folder, sockets = path.parent, []
    if sys.platform != "win32":
        monkeypatch.chdir(folder)  # The path of a socket is short.
        sockets.append(type(path)("socket"))
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("socket")
    for wrong in (
        *sockets,
        folder,
        folder / "missing" / "file",
        path / "below",
        folder / ("n" * 300),
    ):
        with pytest.raises(OSError, match=r".") as raised:
            check(folder / "one", wrong)
        assert raised.value.filename == str(wrong)
        with pytest.raises(OSError, match=r".") as raised:
            write(wrong)
        assert raised.value.filename == str(wrong)

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch, pytest.raises(PermissionError) as raised:
        patch.setattr(pathlib.Path, "open", refuse)
        check(path)
    assert raised.value.filename == str(path)
    assert {one.name for one in folder.iterdir()} == {path.name, *map(str, sockets)}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a program that runs")
def test_a_program_that_runs_is_not_replaced_by_any_link(path):
    program = path.with_name("program")
    shutil.copy(shutil.which("sleep"), program)
    content = program.read_bytes()
    running = subprocess.Popen([program, "60"])
    try:
        for place in (program, pathlib.Path(f"/proc/{running.pid}/exe")):
            for act in (check, write):
                with pytest.raises(OSError, match="busy") as raised:
                    act(place)
                assert raised.value.filename == str(place)
    finally:
        running.kill()
        running.wait()
    assert program.read_bytes() == content


def test_different_files_are_fine(path):
    check(path.with_name("new"), path.with_name("other"), inputs=[path, path])
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("name", ["w.npz", "new"])
def test_an_output_is_no_other_output_and_no_input(path, name, monkeypatch):
    """However the paths are spelled."""
    folder = path.parent
    place, below = folder / name, folder / "below"
    below.mkdir()
    monkeypatch.chdir(folder)
    others = [place, below / ".." / name, type(path)(name)]
    if sys.platform != "win32":
        (folder / f"to {name}").symlink_to(name)
        (below / "up").symlink_to("..")
        others += [folder / f"to {name}", below / "up" / name]
    if folder.with_name(folder.name.upper()).exists():
        others.append(folder / name.upper())
    before = sorted(folder.iterdir())
    for other in others:
        with pytest.raises(TaskError, match="--0 and --1 are the same file"):
            check(place, other)
        if place.exists():
            with pytest.raises(TaskError, match="--in0 and --1 are the same file"):
                check(folder / "free", other, inputs=[place])
    assert sorted(folder.iterdir()) == before
    below_empty = [one for one in below.iterdir() if not one.is_symlink()]
    assert below_empty == []


def test_a_check_leaves_what_another_program_writes_meanwhile(tmp_path, monkeypatch):
    place, opened = tmp_path / "new", pathlib.Path.open

    def open_late(path, *how, **more):
        if path != place:
            place.write_bytes(b"theirs")
        return opened(path, *how, **more)

    monkeypatch.setattr(pathlib.Path, "open", open_late)
    check(place)
    assert [*tmp_path.iterdir()] == [place]
    assert place.read_bytes() == b"theirs"
