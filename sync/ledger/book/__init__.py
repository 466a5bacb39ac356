"""Facts of the log, and which of them count. See ../README.md."""
