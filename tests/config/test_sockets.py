"""The door to the websockets."""

import pytest
from asgiref.testing import ApplicationCommunicator

from config.asgi import application


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/messagerie/abc/", "/messagerie/"])
async def test_an_address_that_nobody_serves_is_refused_calmly(path: str) -> None:
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"origin", b"http://localhost"), (b"host", b"localhost")],
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert await socket.receive_output(5) == {"type": "websocket.close", "code": 4404}
