"""A network as it is in the field: a relay before central that cuts connections, seeded, and counts what it cut.

`python -m sync.demo.network PORT SEED` is the relay as a process of its own: it says its port, and, when its input
ends, how many connections there were and how many it cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = 16_384


class CuttingRelay:
    """Relays TCP to central in a thread of its own; of `live_one_in` connections one lives, the others die early."""

    def __init__(self, port: int, seed: int, live_one_in: int = 4, most_bytes: int = 900_000) -> None:
        self._target = port
        self._chance = random.Random(seed)  # noqa: S311  # bad luck, not a secret
        self._live_one_in = live_one_in
        self._most = most_bytes
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.cuts = 0
        self.connections = 0
        self.port = 0
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """Where tablets reach central through this relay."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop relaying."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        doomed = self._chance.randrange(self._live_one_in) > 0
        budget = [self._chance.randrange(200, self._most) if doomed else -1]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, budget)),
            asyncio.create_task(self._pump(far_reader, writer, budget)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        if budget[0] == 0:
            self.cuts += 1
        else:
            await asyncio.wait(pumps, timeout=1)
        for pump in pumps:
            pump.cancel()
        for side in (writer, far_writer):
            with contextlib.suppress(OSError, RuntimeError):
                side.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: list[int]) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(_BLOCK):
                if budget[0] >= 0:
                    block = block[: budget[0]]
                    budget[0] -= len(block)
                writer.write(block)
                await writer.drain()
                if budget[0] == 0:
                    return
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BadNetwork:
    """The relay's process, for whoever starts it."""

    def __init__(self, port: int, seed: int) -> None:
        command = [sys.executable, "-m", "sync.demo.network", str(port), str(seed)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._line())
        self.connections = self.cuts = 0

    @property
    def url(self) -> str:
        """Where tablets reach central."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End it and keep its counts."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
            self.connections, self.cuts = json.loads(self._line())
            self._process.wait(10)

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101  # made with a pipe above
        return self._process.stdout.readline()


def _serve_until_told(port: int, seed: int) -> None:
    relay = CuttingRelay(port, seed)
    print(relay.port, flush=True)
    sys.stdin.read()
    relay.close()
    print(json.dumps([relay.connections, relay.cuts]), flush=True)


if __name__ == "__main__":
    _serve_until_told(int(sys.argv[1]), int(sys.argv[2]))
