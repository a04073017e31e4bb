"""How a rejected line of a delimited file is kept: its number, why, and its bytes as they stood."""

import csv
import io

from data.delimited.dialect import Dialect
from data.table import Rejected

HEAD = b"line,reason,text\n"


def spelled(rejected: Rejected, dialect: Dialect) -> bytes:
    """Return the row of a CSV file under `HEAD` that keeps `rejected`."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow([rejected.line, rejected.reason, rejected.text])
    # UTF-16 beside our own ASCII would be no text file at all.
    how = ("utf-8", "surrogatepass") if dialect.wide else (dialect.encoding, "surrogateescape")
    return line.getvalue().encode(*how)
