"""The loss curve of a training."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


def draw_loss(log: Sequence[dict[str, float]], path: Path) -> None:
    """Draw training and validation loss over the steps."""
    with tempfile.TemporaryDirectory() as folder:
        # Matplotlib asks for this when it is imported, and else keeps a list of the system's fonts under HOME.
        os.environ.setdefault("MPLCONFIGDIR", folder)
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name, kind in (("loss", "training"), ("eval_loss", "validation")):
            points = [(entry["step"], entry[name]) for entry in log if name in entry]
            axes.plot(
                *zip(*points, strict=True) if points else ([], []), marker="." if len(points) < 50 else "", label=kind
            )
        axes.set(xlabel="step", ylabel="loss", title=path.parent.name.strip(".").removesuffix(".building"))
        axes.legend()
        figure.savefig(path, dpi=120)
