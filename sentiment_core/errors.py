"""What can go wrong, and the exit status of each branch.

SentimentError            1
├── ConfigError           2   an option or a combination of options
├── TableError            3   an input file, its columns or its labels
├── BundleError           4   a model bundle or a checkpoint
├── QualityError          5   a model that fails a gate: parity, collapsed labels
└── OutputError           6   a place that cannot be written to

Every message is one line: the place, what was wanted, what was found, what to do.
"""


class SentimentError(Exception):
    """Root of every error that a user can mend."""

    exit_status = 1


class ConfigError(SentimentError):
    """A setting outside its range, or settings that contradict each other."""

    exit_status = 2


class TableError(SentimentError):
    """A file that cannot be read as a table of reviews."""

    exit_status = 3


class BundleError(SentimentError):
    """A bundle or checkpoint that is incomplete, altered or of another kind."""

    exit_status = 4


class QualityError(SentimentError):
    """A model that was refused because it is not good enough."""

    exit_status = 5


class OutputError(SentimentError):
    """An output that cannot be written, or that would overwrite its own input."""

    exit_status = 6
