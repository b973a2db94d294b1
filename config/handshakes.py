"""Uvicorn's websocket protocol, with an answer to a handshake whose headers are too long to be read."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ANSWER = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class AnsweredHandshakes(WebSocketsSansIOProtocol):
    """Uvicorn's own protocol leaves such a connection open for as long as the client likes."""

    was_read = False

    def handle_connect(self, event: Any) -> None:
        self.was_read = True
        super().handle_connect(event)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.was_read and not self.transport.is_closing():
            self.transport.write(ANSWER)
            self.transport.close()
