"""The web process of `make run`: uvicorn on a socket that the runner has bound and handed down.

`python -m config.web DESCRIPTOR`. A deployment runs `uvicorn config.asgi:application` itself.
"""

import contextlib
import socket
import sys

import uvicorn

GRACE = 1  # seconds for requests under way when the process is stopped


def main() -> None:
    """Serve until told to stop."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application",
            access_log=False,  # the request log is ours, and has no query strings
            log_level="warning",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            ws="config.handshakes:AnsweredHandshakes",
        )
    )
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
