"""What a job says on its way: lines for people, or JSON for collectors. Results go to stdout, not here."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from sentiment_core.errors import one_line

_STYLES = {"warning": "yellow", "error": "red"}


class Log:
    """Writes to `console`: each message as it is, or, `as_json`, one JSON object a line with its fields."""

    def __init__(self, console: Console, *, as_json: bool = False) -> None:
        self._console, self._as_json = console, as_json

    @property
    def live(self) -> Console | None:
        """The terminal for a progress bar, or None where lines must do."""
        return self._console if self._console.is_terminal and not self._as_json else None

    def info(self, message: str, *, event: str, **fields: Any) -> None:
        """Say what goes as it should."""
        self._say("info", event, message, fields)

    def warning(self, message: str, *, event: str, **fields: Any) -> None:
        """Say what somebody should look at."""
        self._say("warning", event, message, fields)

    def error(self, message: str, *, event: str, **fields: Any) -> None:
        """Say what failed."""
        self._say("error", event, message, fields)

    def _say(self, level: str, event: str, message: str, fields: dict[str, Any]) -> None:
        if self._as_json:
            entry = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event}
            said = {"message": message, **fields}
            entry |= {name: one_line(value) if isinstance(value, str) else value for name, value in said.items()}
            self._console.print(json.dumps(entry), soft_wrap=True)
        else:
            self._console.print(one_line(message), style=_STYLES.get(level), soft_wrap=True)
