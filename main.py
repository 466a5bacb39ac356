"""One door: central | tablet | log | demo | … Each command says what it did and exits 1 with a coded message where
it could not."""

from __future__ import annotations

from sync.commands import main

if __name__ == "__main__":
    main()
