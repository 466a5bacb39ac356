"""One door: central | tablet | log | schemas | demo. A command says what it did; where it could not, it says why with a
stable code and exits 1. The rooms behind the door are in `sync/commands` and `sync/demo`.
"""

from __future__ import annotations

import typer

from sync.commands.door import app, main


@app.command()
def demo(keep: str = typer.Option("", help="a folder to keep the demonstration's data in")) -> None:
    """演示: three tablets record and sync through cut connections, central reviews, the log proves itself."""
    from sync.demo.run import main as run

    raise typer.Exit(run(keep))


if __name__ == "__main__":
    main()
