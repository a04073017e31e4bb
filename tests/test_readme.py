"""Every command of the README runs and prints what the README shows, figures aside."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, str]]:
    """Every `$ command` of the README with the output shown below it."""
    found = []
    for block in _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def shape(text: str) -> list[str]:
    """Lines without figures, spacing and rules, which differ from machine to machine."""
    lines = (re.sub(r"[0-9a-f]{16}|[\d.,]+(e-?\d+)?", "#", line) for line in text.splitlines())
    return [re.sub(r"[\s─━┌┐└┘]+", " ", line).strip() for line in lines if line.strip(" ─━┌┐└┘┏┓┡┩┗┛")]


def made_score() -> str:
    """What `make score` runs in its environment."""
    found = re.search(
        r"^\t\$\(RUN\)/(sentiment score .*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what a clone's user has at hand."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(
        ROOT / "data" / "samples", folder / "data" / "samples", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def test_every_command_prints_what_the_readme_shows(copy: Path) -> None:
    commands = steps()
    assert len(commands) >= 5
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for said, shown in commands:
        # Without the environment that it would install in the test of one.
        command = made_score() if said == "make score" else said
        done = subprocess.run(
            command, shell=True, cwd=copy, env={"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        steady = [line for line in shape(done.stdout + done.stderr) if not line.startswith("step #")]
        wanted = [line for line in shape(shown) if not line.startswith("step #")]
        assert steady == wanted, command
