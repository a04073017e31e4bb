"""Tables in, tables out. Polars and Arrow live here."""
