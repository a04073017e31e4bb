"""The report of a run, run.json: there for every run, however it ends, and never yesterday's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from data.outputs import write_json, writing
from jobs.process.faults import status_of
from sentiment_core.errors import OutputError
from sentiment_core.status import ExitStatus

# Takes the status and the line of the error that ended the run, or None twice where it came to its end.
Report = Callable[[ExitStatus | None, str | None], dict[str, Any]]


@contextmanager
def reported(path: Path, report: Report) -> Iterator[None]:
    """Remove an earlier report at `path`; when the block ends, well or not, write this run's. Raises OutputError."""
    with writing(path):
        path.unlink(missing_ok=True)
    try:
        yield
    except BaseException as error:
        status = status_of(error)
        # What ended the run is told, whether or not the report can be written: its disk may be the one that is full.
        with suppress(OutputError):
            write_json(path, report(status, str(error) or status.meaning))
        raise
    write_json(path, report(None, None))
