"""The wheel, installed in an environment of its own outside the tree."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_installed_elsewhere_scores_a_file_without_torch(tmp_path: Path) -> None:
    run(sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    run(python, *PIP, "install", "--constraint", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    # A folder with names of our packages in it must not be taken for them.
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (work / "data" / "reviews.csv").write_text("review,label\nLovely and well made,1\nBroken on arrival,0\n")
    out = run(home / "bin" / "sentiment", "score", "data/reviews.csv", "--output", "scored", cwd=work)
    assert "reviews.csv" in out
    assert len((work / "scored" / "reviews.csv").read_text().splitlines()) == 3
    installed = run(python, *PIP, "freeze", cwd=work)
    assert not [line for line in installed.splitlines() if line.startswith(("torch", "transformers", "optimum"))]
    assert "py.typed" in " ".join(path.name for path in home.glob("lib/python*/site-packages/data/*"))
    missing = subprocess.run(
        [home / "bin" / "sentiment", "train", "data/reviews.csv", "--output", "c"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "pip install 'review-sentiment[train]'" in missing.stderr
