"""One door: central | tablet | log | schemas | demo. A command says what it did; where it could not, it says why with a
stable code and exits 1. The rooms behind the door are in `sync/commands` and `sync/demo`.
"""

from __future__ import annotations

import typer

from sync.commands.door import app, main


@app.command()
def demo(
    keep: str = typer.Option("", help="a folder to keep the demonstration's data in"),
    parcels: int = typer.Option(2000, help="how many parcels to draw; fewer for a shorter demonstration"),
) -> None:
    """演示: five tablets record three years, sync through cut connections; offices decide; everything is proved."""
    from sync.demo.run import main as run

    raise typer.Exit(run(keep, parcels))


if __name__ == "__main__":
    main()
