"""A relay that answers at once and forgets what it is given: `python -m tests.benchmarks.mail_sink` prints its port."""

import asyncio
import sys

ANSWERS = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Sink(asyncio.Protocol):
    """Says 250 to everything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.line, self.buffer, self.in_letter = transport, b"", False
        self.line.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, end, rest = self.buffer.partition(b"\r\n.\r\n" if self.in_letter else b"\r\n")
            if not end:
                return
            self.buffer = rest
            word = head[:4].upper()
            self.line.write(b"250 OK\r\n" if self.in_letter else ANSWERS.get(word, b"250 OK\r\n"))
            self.in_letter = not self.in_letter and word == b"DATA"


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
