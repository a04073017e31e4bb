"""Tables in, tables out. Polars lives here."""

import os

# Polars reads CSV ahead in chunks of a size of its own choice, 360 MB of them where the consumer is slow;
# with 1 MB chunks the same read stays at 100 MB.
os.environ.setdefault("POLARS_CSV_CHUNK_SIZE", "1000000")
