"""What can go wrong; the exit status of each branch is one of sentiment_core.status.

SentimentError              FAULT
├── ConfigError             USAGE            an option or a combination of options
├── TableError              FILES_FAILED     an input file, its columns or its labels
├── BundleError             BUNDLE           a model bundle or a checkpoint
├── QualityError            QUALITY          a gate: parity, --fail-under, one label for everything
├── OutputError             OUTPUT           a place that cannot be written to
│   └── SpaceError          NO_SPACE         no space left there
├── NothingScoredError      NOTHING_SCORED   no input, or none that could be scored
└── LockedError             LOCKED           another run holds the output

Every message is one line: the place, what was wanted, what was found, what to do.
"""

import re

from sentiment_core.status import ExitStatus

# What an address may carry before its host and after its path; neither belongs in a log.
_CREDENTIALS = re.compile(r"(\w+:/+)[^\s/@]+@")
_QUERY = re.compile(r"(\w+:/+[^\s?]+)\?[^\s;,]*[^\s;,:]")


def one_line(text: str) -> str:
    """Return `text` fit for a log: on one line, without credentials, printable whatever a file's name holds."""
    hidden = _QUERY.sub(r"\1?***", _CREDENTIALS.sub(r"\1***@", text))
    printable = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in hidden)
    return printable.encode("utf-8", "backslashreplace").decode("utf-8")


class SentimentError(Exception):
    """Root of every error that a user can mend."""

    exit_status = ExitStatus.FAULT

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class ConfigError(SentimentError):
    """A setting outside its range, or settings that contradict each other."""

    exit_status = ExitStatus.USAGE


class TableError(SentimentError):
    """A file that cannot be read as a table of reviews."""

    exit_status = ExitStatus.FILES_FAILED


class BundleError(SentimentError):
    """A bundle or checkpoint that is incomplete, altered or of another kind."""

    exit_status = ExitStatus.BUNDLE


class QualityError(SentimentError):
    """A model that was refused, or a run that fell below what it was asked for."""

    exit_status = ExitStatus.QUALITY


class OutputError(SentimentError):
    """An output that cannot be written, or that would overwrite its own input."""

    exit_status = ExitStatus.OUTPUT


class SpaceError(OutputError):
    """No space, or no quota, left for an output."""

    exit_status = ExitStatus.NO_SPACE


class NothingScoredError(SentimentError):
    """A run of which not one file could be scored."""

    exit_status = ExitStatus.NOTHING_SCORED


class LockedError(SentimentError):
    """An output that another run is writing to."""

    exit_status = ExitStatus.LOCKED
