"""The steps of `make model`.

python -m jobs.recipe prepare REVIEWS WORK       sides of the labelled review files
python -m jobs.recipe bases WORK MINILM GGUF     the teachers to start from, the base to start from, its tokenizer
python -m jobs.recipe learn WORK                 teachers, their word, base and student
python -m jobs.recipe without WORK SETS          the same without some sets, measured on them (NAME,NAME)
python -m jobs.recipe words WORK TARGET          the linear teacher alone (learn calls it)
python -m jobs.recipe baselines WORK             the linear baselines, measured on the test side
python -m jobs.recipe checkpoint WORK STUDENT    the student as `sentiment train` would leave it, in WORK/checkpoint
python -m jobs.recipe install WORK TARGET        WORK/bundle, measured on the test side and installed in TARGET
"""

import sys
from pathlib import Path


def main(step: str, *given: str) -> None:
    """Run one step; each imports what it needs, as what learns may stand where there are no tables."""
    paths = [Path(path) for path in given]
    work = paths[0] if paths else Path()
    if step == "prepare":
        from data.recipe.sides import write_sides

        write_sides(work, paths[1], _say)
    elif step == "bases":
        from jobs.recipe.start import write_bases

        write_bases(work, minilm=paths[1], gguf=paths[2])
    elif step == "learn":
        from jobs.recipe.descent import device
        from jobs.recipe.stages import Plan, Workshop

        plan = Plan(compiled=device().type == "cuda")
        Workshop(work=work, target=work / "learnt", plan=plan, say=_say).run()
    elif step == "without":
        from jobs.recipe.left_out import learn_without

        learn_without(work, given[1].split(","), _say)
    elif step == "words":
        from jobs.recipe.words import words

        words(work, paths[1])
    elif step == "baselines":
        from jobs.recipe.baselines import write_baselines

        write_baselines(work)
    elif step == "checkpoint":
        from jobs.recipe.checkpoint import write_checkpoint

        write_checkpoint(work, given[1], work / "checkpoint")
    elif step == "install":
        from jobs.recipe.install import install

        install(work, paths[1])
    else:
        sys.exit(__doc__)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
