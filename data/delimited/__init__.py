"""Delimited text files: how one is written is found or given, its records are read, and scored rows written alike."""
