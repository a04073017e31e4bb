"""Delimited text files, CSV and its kin: how one is written is found from evidence over the whole file, or given."""
