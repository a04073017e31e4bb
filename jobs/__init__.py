"""One module a command; orchestration only."""
