"""JSON Lines: one object a line, written on byte for byte."""
