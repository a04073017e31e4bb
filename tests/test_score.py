"""The scoring job through its command, on a real small model."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from conftest import made_up_reviews
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from polars.testing import assert_frame_equal

from data.predictions import COLUMNS
from export.runtime import open_scorer
from sentiment_core.config import ScoreConfig

Run = Callable[..., Result]

ODD = [
    "Lovely kettle.",
    None,
    "",
    " \n\t",
    "awful " * 200,
    'a,b "quoted"\nnew line',
    "<|endoftext|> great",
    "🎉😡",
    "éàü 漢字 عربي",
    "https://example.org/x?y=1&amp;z",
    "great <|endoftext|>",
]


@pytest.fixture
def odd(tmp_path: Path) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": [f"{n:03}" for n in range(len(ODD))], "Review": ODD, "Label": ["1", "0", None] * 3 + ["1", "0"]}
    )


def scored(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def test_rows_are_conserved_and_columns_untouched(
    sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path
) -> None:
    odd.write_parquet(tmp_path / "odd.parquet")
    result = sentiment("score", tmp_path / "odd.parquet", "--output", tmp_path / "out", "--model", bundle)
    assert result.return_value == 0
    out = scored(tmp_path / "out" / "odd.parquet")
    assert_frame_equal(out.select(odd.columns), odd)
    assert dict(out.schema.items() - odd.schema.items()) == {
        "predicted_label": pl.Int8,
        "positive_probability": pl.Float32,
        "token_count": pl.UInt32,
        "score_status": pl.String,
    }
    assert out["score_status"].to_list() == ["ok", "null", "empty", "empty", "truncated", *["ok"] * 6]
    unscored = out.filter(pl.col("score_status").is_in(["null", "empty"]))
    assert unscored["predicted_label"].null_count() == unscored["positive_probability"].null_count() == 3


def test_csv_equals_parquet(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    for name in ("a.parquet", "a.csv", "a.tsv"):
        path = tmp_path / name
        odd.write_parquet(path) if path.suffix == ".parquet" else odd.write_csv(
            path, separator="\t" if "tsv" in name else ","
        )
    out = tmp_path / "out"
    for name in ("a.parquet", "a.csv", "a.tsv"):
        arguments = ("--output", out / name, "--model", bundle, "--format", "parquet")
        assert sentiment("score", tmp_path / name, *arguments).return_value == 0
    wanted = scored(out / "a.parquet" / "a.parquet")
    for name in ("a.csv", "a.tsv"):
        assert_frame_equal(scored(out / name / "a.parquet"), wanted)


def test_chunks_batches_and_threads_change_nothing(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    frame = pl.concat([made_up_reviews(150).select("text"), pl.DataFrame({"text": ODD})]).sample(
        fraction=1.0, shuffle=True, seed=1
    )
    frame.write_parquet(tmp_path / "in.parquet")
    outputs = []
    for chunk, tokens, threads in [(4096, 1024, 0), (7, 1024, 1), (50, 1, 2), (1000, 4000, 1)]:
        out = tmp_path / f"{chunk}-{tokens}-{threads}"
        knobs = ("--chunk-rows", chunk, "--batch-tokens", tokens, "--threads", threads)
        sentiment("score", tmp_path / "in.parquet", "--output", out, "--model", bundle, *knobs)
        outputs.append(scored(out / "in.parquet"))
    for other in outputs[1:]:
        assert_frame_equal(other.drop("positive_probability"), outputs[0].drop("positive_probability"))
        assert_allclose(
            other["positive_probability"].to_numpy(), outputs[0]["positive_probability"].to_numpy(), atol=1e-4
        )


texts = st.lists(st.text(max_size=60) | st.sampled_from(["great film", "awful soup " * 30]), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=texts, tokens=st.integers(1, 500))
def test_a_review_scores_the_same_in_any_company(bundle: Path, texts: list[str], tokens: int) -> None:
    # Two scorers, as one would remember what it scored.
    (one, _), (other, _) = (open_scorer(bundle, ScoreConfig(batch_tokens=tokens)) for _ in range(2))
    together = one.score(texts)
    alone = [other.score([text]).probability[0] for text in texts]
    assert_allclose(together.probability, alone, atol=1e-4)


def test_folders_keep_their_partitions(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    for month in ("01", "02"):
        place = tmp_path / "in" / "year=2024" / f"month={month}"
        place.mkdir(parents=True)
        odd.write_parquet(place / "part.parquet")
    sentiment("score", tmp_path / "in", "--output", tmp_path / "out", "--model", bundle)
    found = pl.read_parquet(tmp_path / "out" / "**" / "*.parquet", hive_partitioning=True)
    assert found["month"].unique().sort().to_list() == ["01", "02"] or found["month"].unique().sort().to_list() == [
        1,
        2,
    ]
    run = json.loads((tmp_path / "out" / ".sentiment" / "run.json").read_text())
    assert run["total"]["rows"] == 2 * len(odd)


def test_the_summary_accounts_for_every_row(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    odd.write_csv(tmp_path / "odd.csv")
    sentiment("score", tmp_path / "odd.csv", "--output", tmp_path / "out", "--model", bundle)
    summary = json.loads((tmp_path / "out" / ".odd.csv.summary.json").read_text())
    assert summary["rows"] == sum(summary["rows_by_status"].values()) == len(odd)
    assert sum(summary["predicted"].values()) == sum(summary["probability_histogram"]) == 8
    assert summary["columns"] == {"text": "Review", "label": "Label"}
    assert summary["evaluation"]["rows"] == sum(of["rows"] for of in summary["evaluation_by_status"].values())
    assert len(summary["model"]["identity"]) == len(summary["input"]["sha256"]) == 64


def test_evaluate_gives_the_summary_again(sentiment: Run, bundle: Path, labelled: Path, tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        out = tmp_path / form
        sentiment("score", labelled, "--output", out, "--model", bundle, "--format", form)
        summary = json.loads((out / f".labelled.{form}.summary.json").read_text())
        again = json.loads(sentiment("evaluate", out / f"labelled.{form}").stdout)
        assert again == {name: summary[name] for name in again}
        assert again["evaluation"]["accuracy"]["value"] > 0.9  # made up to be easy: else the model reads nothing


def test_keep_prefix_and_format(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    odd.rename({"id": "token_count"}).write_csv(tmp_path / "a.csv")
    arguments = ("score", tmp_path / "a.csv", "--output", tmp_path / "out", "--model", bundle)
    assert "columns token_count are there already; give the new ones another --prefix" in sentiment(*arguments).stderr
    sentiment(*arguments, "--prefix", "new_", "--keep", "Label", "--format", "parquet")
    assert scored(tmp_path / "out" / "a.parquet").columns == ["Label", *("new_" + name for name in COLUMNS)]
    assert sentiment("evaluate", tmp_path / "out" / "a.parquet", "--prefix", "new_").exception is None


def test_a_dry_run_says_and_does_nothing(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    odd.write_csv(tmp_path / "a.csv")
    result = sentiment("score", tmp_path / "a.csv", "--output", tmp_path / "out", "--model", bundle, "--dry-run")
    assert "text 'Review' -> " in result.stdout
    assert "label 'Label' (1/0): 8 rows, 0 neutral, 0 unreadable: 11 rows" in result.stdout
    assert (
        sentiment("score", tmp_path / "a.csv", "--output", tmp_path, "--model", bundle, "--dry-run").return_value == 6
    )
    (tmp_path / "b.csv").write_text("text,n\na,1\nb\nc\n")  # refused by a run, so by its rehearsal too
    arguments = (tmp_path / "b.csv", "--output", tmp_path / "out", "--model", bundle, "--dry-run")
    assert sentiment("score", *arguments).return_value == 8
    assert not (tmp_path / "out").exists()
    assert sentiment("score", *arguments[:-1]).return_value == 8


def test_a_broken_file_costs_no_other(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    odd.write_csv(tmp_path / "in" / "good.csv")
    (tmp_path / "in" / "broken.parquet").write_bytes(b"PAR1")
    odd.select("id").write_csv(tmp_path / "in" / "textless.csv")
    result = sentiment("score", tmp_path / "in", "--output", tmp_path / "out", "--model", bundle)
    assert result.return_value == 3
    run = json.loads((tmp_path / "out" / ".sentiment" / "run.json").read_text())
    assert [Path(each["input"]).name for each in run["failed"]] == ["broken.parquet", "textless.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".good.csv.summary.json",
        ".sentiment",
        "good.csv",
    ]


@pytest.mark.parametrize(
    ("columns", "left_out", "evaluated"),
    [
        ({"stars": [5, 3, 1, 2]}, {"neutral": 1, "unreadable": 0}, 3),
        ({"sentiment": ["positive", "neutral", "negative", None]}, {"neutral": 1, "unreadable": 0}, 2),
        ({"label": [1, 0, 1, 0], "rating": [5, 1, 3, 1]}, {"neutral": 0, "unreadable": 0}, 4),
        ({"label": [1, 0, 1, 0], "sentiment": [0, 0, 0, 0]}, {"neutral": 0, "unreadable": 0}, None),
    ],
)
def test_labels_that_say_nothing_cost_no_row(
    sentiment: Run,
    bundle: Path,
    tmp_path: Path,
    columns: dict[str, list[object]],
    left_out: dict[str, int],
    evaluated: int | None,
) -> None:
    pl.DataFrame({"text": ["great", "so so", "awful", "rude"], **columns}).write_parquet(tmp_path / "a.parquet")
    result = sentiment("score", tmp_path / "a.parquet", "--output", tmp_path / "out", "--model", bundle)
    assert result.return_value == 0
    summary = json.loads((tmp_path / "out" / ".a.parquet.summary.json").read_text())
    assert summary["rows"] == 4
    assert summary["labels_left_out"] == left_out
    assert (summary["evaluation"] and summary["evaluation"]["rows"]) == evaluated
    assert ("not evaluated" in result.stderr) == (evaluated is None)


def test_an_empty_table_is_an_empty_table(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    for name in ("none.parquet", "none.csv"):
        path = tmp_path / name
        odd.head(0).write_parquet(path) if path.suffix == ".parquet" else odd.head(0).write_csv(path)
        assert sentiment("score", path, "--output", tmp_path / "out", "--model", bundle).return_value == 0
        assert scored(tmp_path / "out" / name).columns == [*odd.columns, *COLUMNS]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["{in}", "--output", "{dir}"], 6, "is its own input; choose another --output"),
        (["{in}", "--output", "{out}", "--text-column", "nope"], 8, "no column 'nope' for --text-column"),
        (["{in}", "--output", "{out}", "--text-column", "number"], 8, "wanted text, found int64"),
        (["{in}", "--output", "{out}", "--keep", "nope"], 8, "no column 'nope' for --keep; the columns are"),
        (["{in}", "--output", "{in}/x"], 6, "cannot be written"),
        (["nowhere.csv", "--output", "{out}"], 8, "nowhere.csv: no such file or folder; check the path"),
        (["{in}", "--output", "{out}", "--threads", "-1"], 2, "threads must be 0 (every core) or more, got -1"),
        (
            ["{in}", "--output", "{out}", "--model", "{dir}"],
            4,
            "wanted a model bundle, found no readable manifest.json",
        ),
    ],
)
def test_mistakes_are_one_line_and_a_status(
    bundle: Path, tmp_path: Path, arguments: list[str], status: int, message: str
) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"text": ["a"], "number": [1]}).write_parquet(path)
    filled = [each.format(**{"in": path, "dir": tmp_path, "out": tmp_path / "out"}) for each in arguments]
    model = [] if "--model" in filled else ["--model", str(bundle)]
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "score", *filled, *model], capture_output=True, text=True, check=False
    )
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().count("\n") == 0
    assert done.returncode == status


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    ).stdout


def test_scoring_imports_no_torch(bundle: Path) -> None:
    loaded = python(
        "import sys, jobs.scoring.run, jobs.evaluate, jobs.inspect\n"
        "from pathlib import Path\n"
        "from export.runtime import open_scorer\n"
        f"open_scorer(Path({str(bundle)!r}))[0].score(['fine'])\n"
        "print(*sys.modules)"
    ).split()
    assert not {"torch", "transformers", "optimum", "onnx", "pandas", "matplotlib"} & set(loaded)


def test_help_imports_nothing_heavy() -> None:
    loaded = set(python("import sys, jobs.cli; print(*sys.modules)").split())
    assert not {"polars", "onnxruntime", "torch", "sklearn", "numpy", "rich"} & loaded


def test_bench_says_where_the_time_goes(sentiment: Run, bundle: Path, odd: pl.DataFrame, tmp_path: Path) -> None:
    odd.write_parquet(tmp_path / "odd.parquet")
    shown = sentiment("bench", bundle, tmp_path / "odd.parquet").stdout
    for line in ("rows/s", "tokens/s", "padding", "reading", "tokenising", "inference", "writing", "peak memory"):
        assert f" {line} " in shown
    shares = [float(share) for share in re.findall(r"([\d.]+)% of the time", shown)]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert "of what its products reach alone" in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd.parquet"]
    odd.clear().write_parquet(tmp_path / "empty.parquet")
    assert "found no row" in str(sentiment("bench", bundle, tmp_path / "empty.parquet").exception)
