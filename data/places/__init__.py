"""Where review files lie: which files an input means, what a file is, and what is nobody's data."""
