"""Bundles that are not whole: each is refused, with what is wrong and where, before anything is written."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from click.testing import Result

from export.bundle import hashes

Run = Callable[..., Result]


def damage_swap(folder: Path) -> None:
    edit(folder / "manifest.json", labels=["POSITIVE", "NEGATIVE"])


def damage_config(folder: Path) -> None:
    edit(folder / "config.json", id2label={"0": "POSITIVE", "1": "NEGATIVE"})
    rehash(folder, "config.json")


def damage_golden(folder: Path) -> None:
    rows = json.loads((folder / "manifest.json").read_text())["golden"]
    edit(folder / "manifest.json", golden=[{**row, "probability": 1 - row["probability"]} for row in rows])


def damage_opset(folder: Path) -> None:
    graph = json.loads((folder / "manifest.json").read_text())["graph"]
    model = onnx.load(folder / graph)
    model.opset_import[0].version = 99
    onnx.save(model, folder / graph)
    rehash(folder, graph)


def damage_external(folder: Path) -> None:
    graph = json.loads((folder / "manifest.json").read_text())["graph"]
    model = onnx.load(folder / graph)
    tensor = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    (folder.parent / "outside.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../outside.bin")
    (folder / graph).write_bytes(model.SerializeToString())
    rehash(folder, graph)


def edit(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def add_file(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder / "manifest.json", files={name: "0", **files})


def rehash(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder / "manifest.json", files={**files, **hashes(folder, [name])})


BUNDLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "wanted a model bundle, found no readable manifest.json"),
    "huge manifest": (lambda f: os.truncate(f / "manifest.json", 1 << 27), "found no readable manifest.json"),
    "missing file": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json: wanted this file of the manifest"),
    "altered file": (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json: wanted SHA-256"),
    "outside file": (lambda f: add_file(f, "../x"), "wanted plain file names, found '../x'; do not use this bundle"),
    "swapped labels": (damage_swap, "manifest: wanted labels ['NEGATIVE', 'POSITIVE'], found ['POSITIVE', 'NEGATIVE']"),
    "swapped config": (damage_config, "config.json: wanted id2label {0: 'NEGATIVE', 1: 'POSITIVE'}, found {0: 'POSI"),
    "golden rows": (damage_golden, "wanted the scores of its golden rows within 0.02 of the manifest's"),
    "other opset": (damage_opset, "wanted a graph ONNX Runtime can open, found"),
    "external data": (damage_external, "wanted a graph ONNX Runtime can open, found"),
}


@pytest.mark.parametrize(("damage", "message"), BUNDLES.values(), ids=BUNDLES)
def test_a_bundle_that_is_not_whole_is_refused(
    sentiment: Run, bundle: Path, labelled: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    shutil.copytree(bundle, tmp_path / "b")
    damage(tmp_path / "b")
    result = sentiment("score", labelled, "--output", tmp_path / "out", "--model", tmp_path / "b")
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert getattr(result.exception, "exit_status", None) == 4
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".sentiment"]
    assert json.loads((tmp_path / "out" / ".sentiment" / "run.json").read_text())["exit_status"] == 4
