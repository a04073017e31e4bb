"""How the bundled model is made: sides, teachers and their word, base, student, bundle; `make model` calls it."""
