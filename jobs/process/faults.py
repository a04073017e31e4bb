"""What nobody foresaw: one line that names a file with the traceback, for a bug report."""

import hashlib
import platform
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import click

from sentiment_core.errors import SentimentError, one_line
from sentiment_core.status import ExitStatus

# These end a run as they should.
_MEANT = (SentimentError, click.ClickException, click.Abort, KeyboardInterrupt, SystemExit, GeneratorExit)
# Messages of libraries may quote the text that they broke on, and a review may be long and is nobody else's.
_QUOTED = 200
# Of a recursion without end the first and last calls say enough.
_FRAMES = 40
_PACKAGES = ("review-sentiment", "polars", "pyarrow", "onnxruntime", "tokenizers", "numpy")


@contextmanager
def contained(place: str, folder: Path) -> Iterator[None]:
    """Turn whatever is raised in the block, and is no error of ours and no signal, into one that costs no more.

    Panics of Rust libraries are no `Exception`, so this takes every kind. See `unexpected`.
    """
    try:
        yield
    except _MEANT:
        raise
    except BaseException as error:
        raise unexpected(error, place, folder) from error


def unexpected(error: BaseException, place: str, folder: Path) -> SentimentError:
    """Write the traceback of `error` to a file in `folder`; return an error whose line names both.

    The file is named by `place`, so that the next night's takes its place. It holds code and short messages, no
    values of variables. A folder that cannot be written leaves the line without a file.
    """
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    found = one_line(said)[:_QUOTED]
    if isinstance(error, MemoryError):
        return SentimentError(f"{place}: no memory left ({found}); give a lower --memory-limit, or the machine more")
    path = folder / f"traceback-{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:8]}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(_report(error, place), encoding="utf-8")
    except OSError as reason:
        return SentimentError(f"{place}: a fault of this program: {found}; its traceback could not be kept: {reason}")
    return SentimentError(f"{place}: a fault of this program: {found}; report it with {path}")


def status_of(error: BaseException) -> ExitStatus:
    """Return the exit status that a run has which `error` ends."""
    if isinstance(error, SentimentError):
        return error.exit_status
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return ExitStatus.INTERRUPTED
    if isinstance(error, SystemExit):
        return next((status for status in ExitStatus if status == error.code), ExitStatus.FAULT)
    return ExitStatus.USAGE if isinstance(error, click.ClickException) else ExitStatus.FAULT


def _report(error: BaseException, place: str) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    lines = [f"{one_line(place)}", f"Python {platform.python_version()} on {platform.platform()}; {versions}"]
    chain: list[BaseException] = []
    while error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__ or error
    for each in reversed(chain):
        frames = traceback.extract_tb(each.__traceback__)
        shown = frames if len(frames) <= 2 * _FRAMES else [*frames[:_FRAMES], *frames[-_FRAMES:]]
        lines += [line.rstrip("\n") for line in traceback.format_list(shown)]
        lines.append(f"{type(each).__module__}.{type(each).__qualname__}: {one_line(str(each))[:_QUOTED]}\n")
    return "\n".join(lines)
