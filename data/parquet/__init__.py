"""Parquet, read and written as Arrow data, so that a column that nobody understands stays as it is."""
