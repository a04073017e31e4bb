"""Long reviews: which tokens stay."""

from collections.abc import Sequence

# A review states its matter first and its verdict last; both ends beat either alone (Sun et al. 2019,
# "How to Fine-Tune BERT for Text Classification?", section 5.3.1: 128 head + 382 tail of 512).
HEAD_SHARE = 0.25


def head_and_tail(ids: Sequence[int], max_length: int) -> Sequence[int]:
    """Return at most `max_length` of `ids`: the first quarter of the limit from the head, the rest from the tail."""
    if len(ids) <= max_length:
        return ids
    head = int(max_length * HEAD_SHARE)
    return [*ids[:head], *ids[len(ids) - (max_length - head) :]]
