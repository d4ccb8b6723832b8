"""Exit code: 0, 1 for a failed run or check, 2 for bad input, which is explained in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.classroom.address import AddressError
from rnnviz.config import SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.pictures import BrowserError
from rnnviz.files.script import ScriptError
from rnnviz.sweeps.members import ClusterError
from rnnviz.sweeps.store import StoreError
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.upload import FaultsError
from rnnviz.terminal import say

#: The most invalid rows that are listed.
_MOST_FAULTS = 20


def exit_code(command: Callable[[], int | None]) -> int:
    """The exit code of a command; an error in its input is printed as a sentence.

    NumPy does not warn of numbers that overflow: the commands report them.
    """
    try:
        with np.errstate(all="ignore"):
            return command() or 0
    except FaultsError as problem:
        faults = problem.faults
        fill = "" if not problem.mendable else (
            f" --fill interpolate and --fill last mend {problem.mendable:,}."
        )  # fmt: skip
        if len(faults) == 1:
            how = "Skip is --skip-bad; Fill is --fill interpolate or last."
            say(f"{faults[0]} {how if problem.mendable else '--skip-bad leaves it out.'}")
            return 2
        head = f"{len(faults):,} of {problem.count:,} rows can't be used."
        more = ["…"] if len(faults) > _MOST_FAULTS else []
        say(f"{head} --skip-bad leaves them out.{fill}", *map(str, faults[:_MOST_FAULTS]), *more)
    except (
        SettingError, TaskError, CellError, ScriptError, TransferError, BrowserError, StoreError,
        ClusterError, AddressError,
    ) as problem:  # fmt: skip
        say(str(problem))
    except BrokenPipeError:  # The reader has closed the pipe.
        return 1
    except OSError as problem:
        said = problem.strerror or str(problem)
        say(f"{problem.filename}: {said}." if problem.filename else f"{said}.")
    return 2
