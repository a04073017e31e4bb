"""Training: what it reads, what it writes, what it says."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import torch
from click.testing import Result
from conftest import made_up_reviews
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSequenceClassification, GPT2Config, GPT2ForSequenceClassification

from data.splits import Side, side_of
from export.parity import TorchRun
from export.runtime import Encoder
from jobs.trainer import is_bf16
from sentiment_core.batching import pad

Run = Callable[..., Result]


def test_a_checkpoint_is_an_ordinary_hugging_face_folder(checkpoint: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint)
    assert model.config.label2id == {"NEGATIVE": 0, "POSITIVE": 1}
    assert model.config.pad_token_id is not None
    assert not list(checkpoint.glob("*.bin"))  # no pickle


def test_training_says_how_good_the_model_is(checkpoint: Path) -> None:
    report = json.loads((checkpoint / "training.json").read_text())
    for evaluation in (report["validation"]["evaluation"], report["baseline"]):
        for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "calibration_error"):
            assert 0 <= evaluation[name]["low"] <= evaluation[name]["value"] <= evaluation[name]["high"] <= 1
    assert report["validation"]["evaluation"]["accuracy"]["value"] > 0.9
    assert 0.05 <= report["threshold"] <= 0.95
    looks = [entry["step"] for entry in report["log"] if "eval_loss" in entry]
    assert len(looks) > 2
    assert looks[-1] == report["card"]["steps"]  # the last step, where the rate is lowest, is looked at too
    assert (checkpoint / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_says_what_the_model_is(checkpoint: Path, labelled: Path) -> None:
    report = json.loads((checkpoint / "training.json").read_text())
    card = report["card"]
    sides = pl.read_parquet(labelled)["text"].map_elements(side_of, return_dtype=pl.String).to_list()
    assert card["training_reviews"] == sides.count(Side.TRAINING)
    assert card["validation_reviews"] == report["validation"]["evaluation"]["rows"] == sides.count(Side.VALIDATION)
    assert card["test_reviews"] == report["test"]["evaluation"]["rows"] == sides.count(Side.TEST)
    assert report["baseline"]["rows"] == sides.count(Side.TEST)
    assert set(card["sha256"]) == set(Side)
    shown = card["measured"]["the test side"]
    assert shown["rows"] == card["test_reviews"]
    assert shown["accuracy"] == round(report["test"]["evaluation"]["accuracy"]["value"], 4)
    assert card["base"] == "base (gpt2, 2 layers of 64)"
    assert date.fromisoformat(card["date"])
    assert card["version"]
    kept = pl.read_parquet(checkpoint / "validation.parquet")
    assert {side_of(text) for text in kept["text"]} == {Side.VALIDATION}


def test_a_validation_file_takes_its_texts_out_of_training(sentiment: Run, base: Path, tmp_path: Path) -> None:
    frame = made_up_reviews(60)
    frame.write_parquet(tmp_path / "all.parquet")
    frame.head(20).write_csv(tmp_path / "held.csv")
    arguments = ("--base", base, "--output", tmp_path / "c", "--max-steps", 1, "--validation", tmp_path / "held.csv")
    result = sentiment("train", tmp_path / "all.parquet", *arguments)
    assert "all.parquet: text 'text', label 'label' (1/0): 60 rows, 40 new reviews" in result.stderr
    card = json.loads((tmp_path / "c" / "training.json").read_text())["card"]
    sides = list(map(side_of, frame["text"]))
    # The default batch is of 16: no more were seen in the one step.
    assert (card["training_reviews"], card["test_reviews"]) == (16, sides.count(Side.TEST))
    assert card["validation_reviews"] == 20 - sides[:20].count(Side.TEST)


def test_the_bundled_base_trains(sentiment: Run, tmp_path: Path) -> None:
    made_up_reviews(60).write_parquet(tmp_path / "in.parquet")
    arguments = ("--base", "bundled", "--output", tmp_path / "c", "--max-steps", 2)
    assert sentiment("train", tmp_path / "in.parquet", *arguments).exception is None
    with safe_open(tmp_path / "c" / "model.safetensors", "pt") as weights:
        assert weights.get_tensor("score.weight").dtype == torch.float32


def test_gpt2_in_the_hub_layout_goes_through_every_command(sentiment: Run, base: Path, tmp_path: Path) -> None:
    """A classifier of the architecture's own defaults, with no pad token, as `gpt2` is."""
    GPT2ForSequenceClassification(
        GPT2Config(vocab_size=600, n_positions=64, n_embd=64, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    ).save_pretrained(tmp_path / "gpt2")
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / "gpt2" / name).write_bytes((base / name).read_bytes())
    end = "<|endoftext|>"
    settings = {"tokenizer_class": "GPT2Tokenizer", "bos_token": end, "eos_token": end, "unk_token": end}
    (tmp_path / "gpt2" / "tokenizer_config.json").write_text(json.dumps(settings))
    made_up_reviews(80).write_csv(tmp_path / "in.csv")
    assert (
        sentiment(
            "train", tmp_path / "in.csv", "--base", tmp_path / "gpt2", "--output", tmp_path / "c", "--max-steps", 2
        ).exception
        is None
    )
    assert sentiment("export", tmp_path / "c", "--output", tmp_path / "b").exception is None
    assert (
        sentiment("score", tmp_path / "in.csv", "--output", tmp_path / "out", "--model", tmp_path / "b").return_value
        == 0
    )


def test_a_killed_training_reaches_the_same_end(
    sentiment: Run, base: Path, checkpoint: Path, labelled: Path, tmp_path: Path
) -> None:
    settings = ("--epochs", 2, "--batch-size", 4, "--dropout", 0.1, "--learning-rate", 1e-3, "--patience", 9)
    arguments = ("train", labelled, "--base", base, "--teacher", checkpoint, *settings)
    cut = [*arguments, "--output", tmp_path / "cut"]
    assert "nothing to resume" in str(sentiment(*cut, "--resume").exception)
    job = subprocess.Popen([sys.executable, "-m", "jobs.cli", *map(str, cut)], stderr=subprocess.DEVNULL)
    while not list((tmp_path / ".cut.training").glob("checkpoint-*/trainer_state.json")):
        assert job.poll() is None
        time.sleep(0.05)
    job.kill()
    job.wait()
    assert not (tmp_path / "cut").exists()
    assert str(sentiment(*cut).exception) == (
        f"{tmp_path / 'cut'}: wanted a new training, found one that was interrupted; go on with it by --resume, "
        f"or remove {tmp_path / '.cut.training'}"
    )
    other = shutil.copytree(checkpoint, tmp_path / "other" / "checkpoint")
    (other / "generation_config.json").write_text("{}")
    resumed = sentiment(*cut, "--resume", "--teacher", other, "--batch-size", 8)
    assert "wanted what was begun there, found another in --batch-size, --teacher; " in str(resumed.exception)
    shutil.rmtree(tmp_path / "other")
    resumed = sentiment(*cut, "--resume")
    assert resumed.exception is None
    assert sentiment(*arguments, "--output", tmp_path / "whole").exception is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "whole"]
    ends = [load_file(tmp_path / name / "model.safetensors") for name in ("cut", "whole")]
    for name, tensor in ends[1].items():
        torch.testing.assert_close(ends[0][name], tensor, rtol=0, atol=1e-6, msg=name)
    logs = [json.loads((tmp_path / name / "training.json").read_text())["log"] for name in ("cut", "whole")]
    looks = [[(entry["step"], entry["eval_accuracy"]) for entry in log if "eval_loss" in entry] for log in logs]
    assert looks[0] == looks[1]
    assert len(looks[0]) > 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\na,1\nb,1\n", "wanted both labels on the training side"),
        ("text,label\na,1\nb,0\nc,1\nd,0\ne,1\n", "wanted both labels on the validation side"),
        ("text,label\n" + "same,1\n" * 50, "wanted both labels on the training side"),
        ("text,label\n" + "same,1\nsame,0\n" * 50, "wanted both labels on the training side"),
        ("text\na\n", "no label column found among text"),
        ("text,label\na,1\nb,7x\n", "wanted 1/0, positive/negative or stars 1-5, found .*'7x'"),
    ],
)
def test_labels_that_teach_nothing_are_refused(
    sentiment: Run, base: Path, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "in.csv").write_text(content)
    result = sentiment("train", tmp_path / "in.csv", "--base", base, "--output", tmp_path / "c")
    assert result.exception is not None
    assert re.search(message, str(result.exception))


def test_the_best_step_is_kept_and_no_more_are_taken_than_help(sentiment: Run, base: Path, tmp_path: Path) -> None:
    """Validation labels are turned round: the more is learnt, the worse."""
    reviews = made_up_reviews(600)
    reviews.head(400).write_parquet(tmp_path / "in.parquet")
    turned = reviews.tail(200).with_columns(label=1 - pl.col("label"))
    turned.write_parquet(tmp_path / "turned.parquet")
    settings = ("--epochs", 8, "--learning-rate", 3e-3, "--balance", "none", "--patience", 2)
    arguments = ("--base", base, "--output", tmp_path / "c", "--validation", tmp_path / "turned.parquet")
    result = sentiment("train", tmp_path / "in.parquet", *arguments, *settings)
    assert result.exception is None
    report = json.loads((tmp_path / "c" / "training.json").read_text())
    losses = [entry["eval_loss"] for entry in report["log"] if "eval_loss" in entry]
    assert report["card"]["steps"] < 400 / 16 * 8 / 2
    assert losses.index(min(losses)) == len(losses) - 3  # two looks in vain, and no third
    assert f"kept step {report['card']['kept_step']}, of least validation loss ({min(losses):.4f})" in result.stderr
    assert "stopped early, as the validation loss no longer fell" in result.stderr
    kept = pl.read_parquet(tmp_path / "c" / "validation.parquet")
    encode, run = Encoder.open(tmp_path / "c"), TorchRun.open(tmp_path / "c")
    logits = run(*pad(encode(kept["text"].to_list()), pad_id=0))
    found = cross_entropy(torch.from_numpy(logits), torch.tensor(kept["label"].to_list(), dtype=torch.int64))
    assert float(found) == pytest.approx(min(losses), abs=0.02)
    assert float(found) < losses[-1] - 0.1


def test_the_precision_of_a_training_is_decided_once(tmp_path: Path) -> None:
    found = is_bf16(tmp_path, 64)
    (tmp_path / "precision.json").write_text(json.dumps({"bf16": not found}))
    assert is_bf16(tmp_path, 64) is not found


def test_a_card_says_what_validation_chose(checkpoint: Path) -> None:
    report = json.loads((checkpoint / "training.json").read_text())
    rows = report["validation"]["rows"]
    assert rows == report["card"]["validation_reviews"] == report["validation"]["evaluation"]["rows"]
    chosen = f"step ({rows}), temperature and threshold ({rows}, figures cross-fitted)"
    assert report["card"]["chosen_on_validation"] == chosen
    assert report["card"]["precision"] in ("bf16", "fp32")


def test_a_hub_out_of_reach_is_one_line(sentiment: Run, labelled: Path, tmp_path: Path) -> None:
    result = sentiment("train", labelled, "--base", "no-such-folder", "--output", tmp_path / "c")
    assert str(result.exception) == (
        "--base no-such-folder: not a local folder, and the Hugging Face Hub is out of reach or has no such model; "
        "give a folder that holds the model, or --base bundled"
    )


def test_a_student_learns_from_its_teacher(sentiment: Run, base: Path, checkpoint: Path, tmp_path: Path) -> None:
    """Every label is wrong and so is the one-label validation's answer; what the teacher knows comes through."""
    frame = made_up_reviews(400)
    frame.with_columns(label=1 - pl.col("label")).head(200).write_parquet(tmp_path / "wrong.parquet")
    frame.tail(200).select("text").write_parquet(tmp_path / "unlabelled.parquet")
    settings = ("--base", base, "--epochs", 6, "--learning-rate", 3e-3, "--patience", 9, "--output", tmp_path / "c")
    arguments = ("train", tmp_path / "wrong.parquet", "--teacher", checkpoint, *settings)
    result = sentiment(*arguments, "--unlabelled", tmp_path / "unlabelled.parquet")
    assert result.exception is None
    assert re.search(r"teacher: agrees with \d\.\d% of \d+ labels", result.stderr)
    report = json.loads((tmp_path / "c" / "training.json").read_text())
    assert report["card"]["taught_by"] == "checkpoint (gpt2, 2 layers of 64)"
    assert re.search(r"unlabelled: 1\d\d new reviews for the teacher alone", result.stderr)
    last = [entry for entry in report["log"] if "eval_accuracy" in entry][-1]
    assert last["eval_accuracy"] < 0.2


def test_unlabelled_reviews_need_a_teacher(sentiment: Run, labelled: Path, tmp_path: Path) -> None:
    result = sentiment("train", labelled, "--output", tmp_path / "c", "--unlabelled", labelled)
    assert str(result.exception) == "--unlabelled: wanted a --teacher that labels these reviews, found none"


def test_bases_are_compared_on_one_split(
    sentiment: Run, base: Path, checkpoint: Path, bundle: Path, labelled: Path, tmp_path: Path
) -> None:
    settings = ("--epochs", 2, "--learning-rate", 3e-3, "--output", tmp_path / "out")
    bases = ("--base", base, "--base", checkpoint, "--base", bundle)
    assert sentiment("compare", labelled, *bases, *settings).exception is None
    report = json.loads((tmp_path / "out" / "compare.json").read_text())
    models = {row["model"]: row for row in report["models"]}
    assert list(models) == ["base", "checkpoint", "bundle", "NB-SVM", "TF-IDF + logistic regression"]
    assert {row["evaluation"]["rows"] for row in models.values()} == {report["test_reviews"]}
    trained = json.loads((checkpoint / "training.json").read_text())
    assert report["sha256"] == trained["card"]["sha256"]
    assert models["TF-IDF + logistic regression"]["evaluation"] == trained["baseline"]
    assert models["checkpoint"]["evaluation"] == models["bundle"]["evaluation"]  # one is the other's export
    assert all(row["evaluation"]["accuracy"]["value"] > 0.9 for row in models.values())
    table = (tmp_path / "out" / "compare.md").read_text().splitlines()
    assert len(table) == 7
    assert len({line.count("|") for line in table}) == 1
    again = sentiment("compare", labelled, *bases, *settings)
    assert "step " not in again.stderr  # what is trained is kept
    assert json.loads((tmp_path / "out" / "compare.json").read_text()) == report  # what is measured, too
    pl.read_parquet(labelled).head(100).write_parquet(tmp_path / "other.parquet")
    assert str(sentiment("compare", tmp_path / "other.parquet", *bases, *settings).exception) == (
        f"{tmp_path / 'out'}: wanted what was begun there, found another in inputs; choose another --output"
    )
    other = shutil.copytree(base, tmp_path / "elsewhere" / "base")
    (other / "pretraining.json").unlink()
    assert str(sentiment("compare", labelled, "--base", other, *settings).exception) == (
        f"{tmp_path / 'out' / 'base'}: wanted what was begun there, found another in --base; choose another --output"
    )


def test_every_base_is_looked_at_before_the_first_is_trained(
    sentiment: Run, base: Path, labelled: Path, tmp_path: Path
) -> None:
    result = sentiment("compare", labelled, "--base", base, "--base", "no-such", "--output", tmp_path / "out")
    assert "--base no-such: not a local folder" in str(result.exception)
    assert not result.stderr
    assert not (tmp_path / "out").exists()


def test_a_search_keeps_its_trials_and_is_no_worse(sentiment: Run, base: Path, labelled: Path, tmp_path: Path) -> None:
    """The default learning rate teaches nothing in 15 steps of a tiny model; a search finds one that does."""
    arguments = ("train", labelled, "--base", base, "--output", tmp_path / "c", "--epochs", 1, "--search", 4)
    result = sentiment(*arguments)
    assert result.exception is None
    report = json.loads((tmp_path / "c" / "training.json").read_text())
    losses = [trial["validation_loss"] for trial in report["trials"]]
    assert len(losses) == result.stderr.count("trial ") == 4
    settings = report["card"]["settings"]
    assert report["trials"][0]["learning_rate"] == pytest.approx(5e-5)
    best = min(report["trials"], key=lambda trial: trial["validation_loss"])
    assert settings["learning_rate"] == best["learning_rate"]
    assert best["validation_loss"] < losses[0]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_balance_by_file_reaches_what_is_learnt_and_looked_at(sentiment: Run, base: Path, tmp_path: Path) -> None:
    reviews = made_up_reviews(600)
    pl.concat([reviews.filter(label=1), reviews.filter(label=0).head(60)]).write_parquet(tmp_path / "skewed.parquet")
    losses = set()
    for balance in ("none", "files"):
        settings = ("--base", base, "--output", tmp_path / balance, "--max-steps", 1, "--balance", balance)
        assert sentiment("train", tmp_path / "skewed.parquet", *settings).exception is None
        log = json.loads((tmp_path / balance / "training.json").read_text())["log"]
        losses.add(next(entry["eval_loss"] for entry in log if "eval_loss" in entry))
    assert len(losses) == 2


@pytest.mark.parametrize(("balance", "collapses"), [("none", True), ("weights", False), ("oversample", False)])
def test_a_rare_label_is_learnt_when_it_is_balanced(
    balance: str, collapses: bool, sentiment: Run, base: Path, labelled: Path, tmp_path: Path
) -> None:
    reviews = made_up_reviews(2600).tail(2000)
    rare = reviews.filter(label=0).head(40)
    pl.concat([reviews.filter(label=1).head(980), rare]).write_parquet(tmp_path / "skewed.parquet")
    settings = "--epochs 3 --learning-rate 1e-3 --batch-size 32 --patience 9"
    arguments = ("--base", base, "--output", tmp_path / "c", "--validation", labelled, "--balance", balance)
    result = sentiment("train", tmp_path / "skewed.parquet", *arguments, *settings.split())
    assert result.exception is None
    assert ("nearly all predictions are one label" in result.stderr) is collapses
