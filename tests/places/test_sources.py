"""Which files an input means, what is nobody's data, and where outputs lie."""

import os
import random
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.places.passed_over import Reason
from data.places.sources import Found, find_sources
from data.places.walk import is_hidden
from data.table import Format

PARQUET = b"PAR1\x15\x04\x15\x00PAR1"


def plant(root: Path, *names: str) -> Path:
    """Make files: of Parquet's bytes where the name says so or nothing, else a small CSV."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PARQUET if ".parquet" in name else b'{"text": "a"}\n' if ".json" in name else b"text,n\na,1\n")
    return root


def places(found: Found) -> list[str]:
    return [str(source.place) for source in found.sources]


def counts(found: Found) -> dict[Reason, int]:
    return dict(found.passed_over.counts)


TREES = {
    "Spark's leftovers": (
        ["_temporary/0/part-1.parquet", "_hidden.parquet", "_SUCCESS", ".part-0.parquet.crc", "part-0.parquet"],
        ["part-0.parquet"],
        {Reason.HIDDEN: 4},
    ),
    "partitions, even one of a name with _": (
        ["_day=1/a.parquet", "day=2/hour=3/a.parquet", "_day/a.parquet", ".day=1/a.parquet"],
        ["_day=1/a.parquet", "day=2/hour=3/a.parquet"],
        {Reason.HIDDEN: 2},
    ),
    "what an earlier run wrote": (
        ["a.csv", "a.csv.summary.json", "a.csv.rejected.csv", "b.jsonl.rejected.jsonl", "run.json", "out/a.csv"],
        ["a.csv"],
        {Reason.EARLIER: 5},
    ),
    "other files": (
        ["a.csv", "README.md", "load.py", "a.csv.part", "b.csv._COPYING_", "c.csv~", "d.PNG", "x.csv.tmp"],
        ["a.csv"],
        {Reason.OTHER: 7},
    ),
    "any ending of ours in any case": (
        ["A.CSV.GZ", "a.tab", "b.psv", "c.parq", "d.ndjson", "e.json", "f.pq", "g.tsv.zst", "h.csv.bz2", "i.csv.xz"],
        ["A.CSV.GZ", "a.tab", "b.psv", "c.parq", "d.ndjson", "e.json", "f.pq", "g.tsv.zst", "h.csv.bz2", "i.csv.xz"],
        {},
    ),
    "no ending, or one that says nothing": (
        ["0000_part_00", "000000000000", "part-0.c000", "a.txt", "b.dat", "c.parquet.gzip"],
        ["0000_part_00", "000000000000", "a.txt", "b.dat", "c.parquet.gzip", "part-0.c000"],
        {},
    ),
    "brackets and signs in names": (["a[1].csv", "b{c,d}*?.csv"], ["a[1].csv", "b{c,d}*?.csv"], {}),
}


@pytest.mark.parametrize(("names", "wanted", "passed_over"), TREES.values(), ids=TREES)
def test_a_folder_means_its_review_files(
    tmp_path: Path, names: list[str], wanted: list[str], passed_over: dict[Reason, int]
) -> None:
    plant(tmp_path, *names)
    found = find_sources([str(tmp_path)], tmp_path / "out", None)
    assert (sorted(places(found)), found.unusable, counts(found)) == (sorted(wanted), [], passed_over)
    everything = find_sources([f"{tmp_path}/**"], tmp_path / "out", None)
    assert places(everything) == places(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("LICENSE", b"Permission is granted\nto anybody, for anything\n"),
        ("empty", b""),
        ("settings.json", b'{\n  "a": 1,\n  "b": 2\n}\n'),
        ("notes.txt", b"Remember\nto ask, some day\n"),
        ("blob", bytes(range(256)) * 9),
        ("picture", b"\x89PNG\r\n\x1a\n" + bytes(99)),
    ],
)
def test_what_is_no_table_is_passed_over_and_counted(tmp_path: Path, name: str, content: bytes) -> None:
    (plant(tmp_path, "a.csv") / name).write_bytes(content)
    found = find_sources([str(tmp_path)], tmp_path / "out", None)
    assert (places(found), found.unusable, counts(found)) == (["a.csv"], [], {Reason.NO_TABLE: 1})
    assert str(found.passed_over) == f"1 with no table in it ({tmp_path / name})"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"PK\x03\x04 and so on", "a zip archive; unpack"),
        ("b.orc", b"ORC\x08\x03\x10" + bytes(99), "ORC; convert it to Parquet"),
        ("c.json", b'[{"text": "a"},\n{"text": "b"}]', "a JSON array; make lines of it with jq -c '.[]'"),
    ],
)
def test_a_table_that_cannot_be_read_is_not_passed_over(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (plant(tmp_path, "a.csv") / name).write_bytes(content)
    found = find_sources([str(tmp_path)], tmp_path / "out", None)
    assert (places(found), counts(found)) == (["a.csv"], {})
    assert [said in str(each.error) for each in found.unusable] == [True]


def test_what_is_passed_over_is_shown_by_a_few_names(tmp_path: Path) -> None:
    plant(tmp_path, "a.csv", *(f"_{n:03}.csv" for n in range(200)), "b.md")
    report = find_sources([str(tmp_path)], tmp_path / "out", None).passed_over.report()
    assert [(each["reason"], each["count"], len(each["examples"])) for each in report] == [
        ("named with _ or . in front", 200, 3),
        ("of an ending that no review file has", 1, 1),
    ]


LOGS = ["_delta_log/0.json", ".hoodie/hoodie.properties", "metadata/v1.metadata.json", "metadata/1-a.gz.metadata.json"]


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize(
    "named",
    [
        "",
        "lake",
        "lake/t",
        "lake/t/day=1",
        "lake/t/day=1/a.parquet",
        "lake/t/*",
        "lake/*/day=*/*.parquet",
        "**/*.parquet",
    ],
)
def test_a_table_with_a_log_is_refused_once(tmp_path: Path, log: str, named: str) -> None:
    plant(tmp_path, f"lake/t/{log}", "lake/t/day=1/a.parquet", "lake/t/day=1/b.parquet", "lake/t/c.parquet")
    found = find_sources([f"{tmp_path}/{named}"] * 2, tmp_path / "out", None)
    assert found.sources == []
    (refused,) = found.unusable
    assert str(refused.error).startswith(f"{tmp_path}/lake/t: wanted files that stand for themselves, found a")


def test_a_table_with_a_log_costs_no_other_file_and_links_hide_none(tmp_path: Path) -> None:
    plant(tmp_path, "in/t/_delta_log/0.json", "in/t/a.parquet", "in/b.csv", "in/metadata/notes.csv")
    found = find_sources([str(tmp_path / "in")], tmp_path / "out", None)
    assert (places(found), len(found.unusable)) == (["b.csv", "metadata/notes.csv"], 1)
    (tmp_path / "link.parquet").symlink_to(tmp_path / "in" / "t" / "a.parquet")
    assert find_sources([str(tmp_path / "link.parquet")], tmp_path / "out", None).sources == []


def test_a_file_named_by_itself_is_taken_and_its_place_is_one_that_readers_see(tmp_path: Path) -> None:
    plant(tmp_path, "_hidden.parquet", "out/a.csv", "a.md", "run.json")
    inputs = [f"{tmp_path}/{name}" for name in ("_hidden.parquet", "out/a.csv", "a.md", "run.json")]
    found = find_sources(inputs, tmp_path / "out", None)
    assert (places(found), counts(found)) == (["hidden.parquet", "a.csv", "a.md", "run.json"], {})


def test_patterns_pass_over_what_earlier_runs_wrote(tmp_path: Path) -> None:
    plant(tmp_path, "a.csv", "out/a.csv", "out/deep/b.csv", "sub/c.csv", "sub/c.csv.rejected.csv")
    found = find_sources([f"{tmp_path}/**/*.csv"], tmp_path / "out", None)
    assert (places(found), counts(found)) == (["a.csv", "sub/c.csv"], {Reason.EARLIER: 2})


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("**", ["a.csv", "b.tsv", "s.csv/p.parquet", "x/a.csv", "x/y/a.csv", "x/y/b.tsv"]),
        ("**/a.csv", ["a.csv", "x/a.csv", "x/y/a.csv"]),
        ("**/*.csv", ["a.csv", "s.csv/p.parquet", "x/a.csv", "x/y/a.csv"]),
        ("x/**", ["a.csv", "y/a.csv", "y/b.tsv"]),
        ("?/**/b.*", ["x/y/b.tsv"]),
        ("**/y/**/[ab].*", ["x/y/a.csv", "x/y/b.tsv"]),
        ("**/y", ["x/y/a.csv", "x/y/b.tsv"]),
        ("**/**/b.tsv", ["b.tsv", "x/y/b.tsv"]),
        ("none/**/*.csv", []),
        ("**/*.orc", []),
    ],
)
def test_recursive_patterns_follow_no_links(tmp_path: Path, pattern: str, wanted: list[str]) -> None:
    plant(tmp_path, "a.csv", "b.tsv", "x/a.csv", "x/y/a.csv", "x/y/b.tsv", "s.csv/p.parquet", "x/y/n.md", "_/a.csv")
    for name in ("up", "up2"):
        (tmp_path / "x" / "y" / name).symlink_to(tmp_path)
    found = find_sources([f"{tmp_path}/{pattern}"], tmp_path / "out", None)
    assert places(found) == wanted
    links = ["up", "up2"] if pattern in ("**", "x/**", "**/y") else []
    assert [each.path.name for each in found.unusable] == (links if wanted else [Path(pattern).name])


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("csv[1].csv", ["csv[1].csv"]),
        ("csv[1]*.csv", []),
        ("f[1]/*.csv", ["a.csv", "b.csv"]),
        ("f[1]/[ab].csv", ["a.csv", "b.csv"]),
        ("f[1]/", ["a.csv", "b.csv"]),
        ("./f[1]/../csv[1].csv", ["csv[1].csv"]),
        ("b{a,c}.csv", ["b{a,c}.csv"]),
        ("b{a,c}*", ["b{a,c}.csv"]),
        ("f*", ["f[1]/a.csv", "f[1]/b.csv"]),
        ("f*/../b*", ["b{a,c}.csv"]),
        ("f*/..", ["b{a,c}.csv", "csv[1].csv", "f[1]/a.csv", "f[1]/b.csv"]),
    ],
)
def test_a_path_that_exists_as_written_is_no_pattern(tmp_path: Path, named: str, wanted: list[str]) -> None:
    plant(tmp_path, "csv[1].csv", "f[1]/a.csv", "f[1]/b.csv", "b{a,c}.csv")
    assert places(find_sources([f"{tmp_path}/{named}"], tmp_path / "out", None)) == wanted


def test_home_is_found_where_no_shell_did_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "reviews/a.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places(find_sources(["~/reviews", "~/rev*/a.csv"], tmp_path / "out", None)) == ["reviews/a.csv"]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("", "wanted a file, folder or pattern, found an empty name"),
        ("nowhere", "no such file or folder; check the path"),
        ("n" * 300, "no such file or folder; check the path"),
        ("*.orc", "found no match; check the pattern"),
        ("{0}/none", "found none; passed over: 1 named with _ or . in front ({0}/none/_x.csv); check the path"),
        ("{0}/none/*", "found none; passed over: 1 named with _ or . in front ({0}/none/_x.csv); check the path"),
        (
            "{0}/out",
            "found none; passed over: 1 in the output folder, or written by an earlier run ({0}/out/); check the path",
        ),
    ],
)
def test_an_input_that_means_nothing_says_why(tmp_path: Path, named: str, said: str) -> None:
    plant(tmp_path, "none/_x.csv", "out/a.csv")
    found = find_sources([named.format(tmp_path)], tmp_path / "out", None)
    assert found.sources == []
    assert [said.format(tmp_path) in str(each.error) for each in found.unusable] == [True]


NAMED = {
    "names that differ": (["x/a.csv", "y/b.csv"], ["a.csv", "b.csv"]),
    "names that do not": (["x/a.csv", "y/a.csv", "y/b.csv"], ["x/a.csv", "y/a.csv", "b.csv"]),
    "partitions": (["e/day=1/p.parquet", "e/day=2/p.parquet"], ["day=1/p.parquet", "day=2/p.parquet"]),
    "one partition alone": (["e/day=1/p.parquet"], ["day=1/p.parquet"]),
    "partitions of two tables": (
        ["e/day=1/p.parquet", "f/day=1/p.parquet", "f/day=2/p.parquet"],
        ["e/day=1/p.parquet", "f/day=1/p.parquet", "day=2/p.parquet"],
    ),
    "deep folders": (["x/1/e/a.csv", "x/2/e/a.csv"], ["1/e/a.csv", "2/e/a.csv"]),
    "hidden folders": (["x/_1/a.csv", "x/.2/a.csv"], ["1/a.csv", "2/a.csv"]),
    "one below the other": (["x/a.csv", "x/y/a.csv"], ["a.csv", "y/a.csv"]),
}


@pytest.mark.parametrize(("names", "wanted"), NAMED.values(), ids=NAMED)
def test_files_named_one_by_one_keep_what_tells_them_apart(tmp_path: Path, names: list[str], wanted: list[str]) -> None:
    plant(tmp_path, *names)
    for order in permutations(range(len(names))):
        found = find_sources([f"{tmp_path}/{names[n]}" for n in order], tmp_path / "out", None)
        assert (places(found), found.unusable) == ([wanted[n] for n in order], [])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    names=st.lists(
        st.lists(st.sampled_from(["a", "_b", "k=1", "_k=2", ".c"]), max_size=3).flatmap(
            lambda folders: st.sampled_from(["x.csv", "x.tsv", "_x.csv", "x"]).map(
                lambda name: "/".join([*folders, name])
            )
        ),
        min_size=1,
        max_size=6,
        unique=True,
    ),
    folders=st.booleans(),
    kind=st.sampled_from([None, Format.PARQUET]),
    seed=st.randoms(use_true_random=False),
)
def test_places_are_distinct_seen_by_readers_and_of_no_order(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], folders: bool, kind: Format | None, seed: random.Random
) -> None:
    root = plant(tmp_path_factory.mktemp("tree"), *names)
    inputs = [f"{root}/{name}" for name in names] + ([str(root), f"{root}/a"] if folders else [])
    first = find_sources(inputs, root / "out", kind)
    seed.shuffle(inputs)
    again = find_sources(inputs, root / "out", kind)
    assert {(s.path, s.place) for s in first.sources} == {(s.path, s.place) for s in again.sources}
    assert len(set(places(first))) == len(first.sources)
    refused = {each.path for each in first.unusable if "same" in str(each.error)}
    assert {s.path for s in first.sources} | refused == {root / name for name in names}
    for source in first.sources:
        assert not any(is_hidden(part, folder=True) for part in source.place.parts[:-1])
        assert not is_hidden(source.place.name, folder=False)


def test_of_two_files_for_one_place_the_same_is_taken_in_any_order(tmp_path: Path) -> None:
    plant(tmp_path, "x/b.csv", "y/b.csv", "y/b.tsv.gz")
    for inputs in permutations([f"{tmp_path}/x", f"{tmp_path}/y"]):
        found = find_sources(inputs, tmp_path / "out", Format.PARQUET)
        assert [source.path for source in found.sources] == [tmp_path / "x" / "b.csv"]
        assert ["would be written to the same b.parquet" in str(each.error) for each in found.unusable] == [True, True]


@pytest.mark.parametrize(
    ("name", "kind", "place"),
    [
        ("r.csv.gz", Format.PARQUET, "r.parquet"),
        ("r.csv.gz", Format.CSV, "r.csv.gz"),
        ("r.CSV.GZ", Format.PARQUET, "r.parquet"),
        ("0000_part_00", Format.PARQUET, "0000_part_00.parquet"),
        ("part-0.c000", Format.CSV, "part-0.c000.csv"),
        ("part-0.c000.gz", Format.CSV, "part-0.c000.csv"),
        ("r.2024-01-01", Format.PARQUET, "r.2024-01-01.parquet"),
        ("r.json.gz", Format.PARQUET, "r.parquet"),
        ("r.ndjson", Format.JSON_LINES, "r.ndjson"),
        ("r.pq", Format.PARQUET, "r.pq"),
        ("r.parquet.gzip", Format.PARQUET, "r.parquet.gzip"),
        ("r.snappy.parquet", Format.CSV, "r.snappy.csv"),
        ("r.txt", Format.CSV, "r.csv"),
        ("r.psv", Format.PARQUET, "r.parquet"),
        ("r.tsv", None, "r.tsv"),
    ],
)
def test_an_output_of_another_format_has_its_ending(tmp_path: Path, name: str, kind: Format | None, place: str) -> None:
    plant(tmp_path, name)
    assert places(find_sources([f"{tmp_path}/{name}"], tmp_path / "out", kind)) == [place]


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, "secret.csv", "in/a.csv", "in/sub/b.csv")
    inside = tmp_path / "in"
    for name, target in {
        "out.csv": tmp_path / "secret.csv",
        "loop": tmp_path,
        "c.csv": inside / "sub" / "b.csv",
        "readme.md": tmp_path / "secret.csv",
        "_l": tmp_path,
        "itself.csv": Path("itself.csv"),
        "itself": Path("itself"),
    }.items():
        (inside / name).symlink_to(target)
    os.mkfifo(inside / "pipe")
    found = find_sources([str(inside)], tmp_path / "out", None)
    assert [source.path.name for source in found.sources] == ["a.csv", "b.csv", "itself.csv"]
    assert [each.path.name for each in found.unusable] == ["loop", "out.csv"]
    assert counts(found) == {Reason.OTHER: 1, Reason.HIDDEN: 1, Reason.NO_TABLE: 2}
