"""Reports lie where readers of data do not look, each at a place of its own."""

from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.scoring.folder import OutputFolder

names = st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=80).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 255
)
places = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(*parts))
FOLDER = OutputFolder(data=Path("out"), reports=Path("out"))


@given(places)
def test_every_report_is_hidden_and_fits(place: Path) -> None:
    for report in (FOLDER.summary(place), FOLDER.rejected(place, ".csv")):
        below = report.relative_to("out")
        assert below.parts[0].startswith(".")
        assert all(len(part.encode()) <= 255 for part in below.parts[-1:])
        assert report.parent == Path("out", f".{place}").parent


@given(places, places)
def test_two_places_have_two_reports(one: Path, other: Path) -> None:
    assume(one != other)
    assert FOLDER.summary(one) != FOLDER.summary(other)


def test_a_summary_is_named_after_its_output() -> None:
    assert FOLDER.summary(Path("day=1/part.parquet")) == Path("out/.day=1/part.parquet.summary.json")
    assert FOLDER.summary(Path("x.csv")).name == ".x.csv.summary.json"
    long = Path("é" * 120 + ".csv")
    assert len(FOLDER.summary(long).name.encode()) <= 255
    assert FOLDER.summary(long) != FOLDER.summary(Path("é" * 119 + "e.csv"))
