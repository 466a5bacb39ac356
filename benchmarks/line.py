"""A line as a tablet has it outdoors: so many bits a second up, so long there and back.

`python -m benchmarks.line PORT` stands before the server on PORT and prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import sys

UP_BITS_S = 50_000_000
ROUND_TRIP_S = 0.02
_READ_BYTES = 16_384
_OVERSLEPT_S = 0.01  # what a sleep was too long is made good by the next


async def main(port: int) -> None:
    """Carry connections until terminated."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        up, down = _way(reader, far_writer, UP_BITS_S), _way(far_reader, writer, None)
        await asyncio.gather(up, down, return_exceptions=True)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bits_s: int | None) -> None:
    """Pass bytes on in order: each takes its turn on the line, and half a round trip."""
    loop = asyncio.get_running_loop()
    free_at = 0.0
    while data := await reader.read(_READ_BYTES):
        now = loop.time()
        free_at = max(free_at, now - _OVERSLEPT_S) + (len(data) * 8 / bits_s if bits_s else 0.0)
        await asyncio.sleep(free_at - now)
        loop.call_at(free_at + ROUND_TRIP_S / 2, writer.write, data)
    loop.call_later(ROUND_TRIP_S / 2, writer.close)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
