"""Exit statuses: the one list from which errors, the help and the README's table are made."""

from collections.abc import Iterable
from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command ended, in order of gravity: of several things that happened, the last in this list is told.

    `meaning` says what happened and `remedy` what the person on call does about it.
    """

    meaning: str
    remedy: str

    def __new__(cls, number: int, meaning: str, remedy: str) -> "ExitStatus":
        status = int.__new__(cls, number)
        status._value_ = number
        status.meaning, status.remedy = meaning, remedy
        return status

    DONE = 0, "done; what was done before and is unchanged was skipped", "nothing"
    ROWS_SET_ASIDE = (
        7,
        "done, but lines that are no rows were set aside",
        "read the file of rejected lines: line, reason, the line as it stood",
    )
    FILES_FAILED = (
        3,
        "some files failed, the others are done",
        "`failed` in `run.json` names file, place and reason; mend, run again",
    )
    QUALITY = (
        5,
        "a model or a file below what was asked for (`--fail-under`), or nearly one label for everything",
        "`quality` in `run.json`; do not publish the labels",
    )
    NOTHING_SCORED = 8, "nothing could be scored", "as for 3"
    USAGE = 2, "the command line", "the message says what was wanted and found"
    BUNDLE = 4, "the model bundle or checkpoint", "the message says what was wanted and found"
    OUTPUT = 6, "the output cannot be written", "the message says what was wanted and found"
    NO_SPACE = 10, "no space left", "free some, run the same command again"
    LOCKED = 9, "another run is writing to this output", "the message names its process; nothing was touched"
    FAULT = 1, "a fault of this program", "the message names a file with the traceback: report it, run again"
    HUNG_UP = 129, "the terminal went away", "run the same command again, under `nohup` or cron"
    INTERRUPTED = 130, "interrupted", "run the same command again"
    TERMINATED = 143, "terminated", "run the same command again"


def gravest(happened: Iterable[ExitStatus]) -> ExitStatus:
    """Return the one status of a run in which all of this happened; DONE of nothing."""
    order = list(ExitStatus)
    return max(happened, key=order.index, default=ExitStatus.DONE)
