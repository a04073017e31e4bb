"""How a delimited file is written, found from evidence: its encoding, separator, quotes and header."""
