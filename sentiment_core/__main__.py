"""The way in: `sentiment`. Sees first that the packages it is made of are those that were installed with it.

`jobs`, `data` and `export` are common names, and a folder of that name on the path would be taken for ours; this
package's name is nobody else's. It knows no command: it hands over by name.
"""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

_BESIDE = ("data", "export", "jobs")
_HOME = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the command, or say on one line which package stands in the way of one of ours."""
    for name in _BESIDE:
        foreign = _foreign(name)
        if foreign is not None:
            print(foreign, file=sys.stderr)  # noqa: T201
            sys.exit(2)
    importlib.import_module("jobs.cli").main()


def _foreign(name: str) -> str | None:
    spec = find_spec(name)
    places = [] if spec is None else [*(spec.submodule_search_locations or ()), spec.origin or ""]
    if any(place and Path(place).resolve() == _HOME / name for place in places):
        return None
    found = next((place for place in places if place), "none")
    return (
        f"sentiment: wanted its own package {name!r} in {_HOME}, found {found}, which comes first on the path; "
        "start without PYTHONPATH, or in an environment of its own"
    )


if __name__ == "__main__":
    main()
