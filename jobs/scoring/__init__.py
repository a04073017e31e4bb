"""The scoring job: what a run is asked, one file's way through it, and what is reported of it."""
