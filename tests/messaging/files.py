"""Files as people attach them, and as somebody makes them who means harm."""

import base64
import io
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from PIL import Image

from accompaniment.rules.file_kinds import ODS, FileKind
from messaging.models import Attachment, Message
from messaging.services.attachments import store
from messaging.services.posting import post_message
from tests.messaging.factories import Pair

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"

SECRET = "Telephone-de-Karim"
PLACE = (48.0, 51.0, 30.0)

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ADRpbG9jAAAAAERAAAIAAQAAAAAB4gABAAAAAAAAAFMAAgAAAAACNQABAAAAAAAAAKIAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAA"
    "kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh"
    "cAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAA"
    "ABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAA/W1kYXQAAABPKAGvE4D4EOGn//3bqK/9ejV/oeKYlW+X7P/9G9UX8ZGg/JKRbOsb"
    "ol8XKhDqVSJVwQtK+W8LT5vYn9fyq02yKG4gBMjxRhBGpQO/onG3TAAAAAZFeGlmAABNTQAqAAAACAACARAAAgAAAAwAAAAmiCUA"
    "BAAAAAEAAAAyAAAAAFNlY3JldFBob25lAAAEAAEAAgAAAAJOAAAAAAIABQAAAAMAAABoAAMAAgAAAAJFAAAAAAQABQAAAAMAAACA"
    "AAAAAAAAADAAAAABAAAAMwAAAAEAAAAeAAAAAQAAAAIAAAABAAAAFQAAAAEAAAADAAAAAQ=="
)
"""A photograph of a telephone, 64 by 48 points, with the name of the telephone and the place in it."""


def picture(form: str = "JPEG", *, size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: Any) -> bytes:
    """Return a picture whose left half is blue and whose right half is red."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1]))
    return saved(image.convert(mode), form, **how)


def saved(image: Image.Image, form: str, **how: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **how)
    return content.getvalue()


def photograph(form: str = "JPEG", *, turned: int = 1) -> bytes:
    """Return a picture that says with which telephone, where, and how turned it was taken."""
    about = Image.Exif()
    about[0x0110] = SECRET
    about[0x0112] = turned
    about.get_ifd(0x8825).update({1: "N", 2: PLACE, 3: "E", 4: PLACE})
    return picture(form, exif=about)


def archive(*members: tuple[str, bytes]) -> bytes:
    """Return an archive whose first member is stored and the others packed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        for number, (name, body) in enumerate(members):
            written.writestr(name, body, compress_type=zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED)
    return content.getvalue()


def office(*parts: str, body: bytes = b"<w/>", types: bytes = b"<Types/>") -> bytes:
    """Return a file of Word, Excel or PowerPoint, by its main part; without parts, one of Word."""
    return archive(("[Content_Types].xml", types), *((part, body) for part in parts or ("word/document.xml",)))


def opendocument(kind: FileKind = ODS) -> bytes:
    return archive(("mimetype", kind.media_type.encode()), ("content.xml", b"<office/>" * 50))


def bomb() -> bytes:
    """Return a small « .docx » that unpacks to 60 MB."""
    return office(body=bytes(60 * 1024 * 1024))


def keep(two: Pair, content: bytes = PDF, name: str = "cv.pdf", **facts: Any) -> Attachment:
    return store(
        **{"actor": two.person, "conversation": two.conversation, "name": name, "source": io.BytesIO(content), **facts}
    )


def send(two: Pair, *files: Attachment, body: str = "", **facts: Any) -> Message:
    return post_message(
        **{
            "actor": two.person,
            "conversation": two.conversation,
            "client_id": uuid4(),
            "body": body,
            "attachments": [file.pk for file in files],
            **facts,
        }
    )


def files_on_disk() -> set[Path]:
    return {path for path in Path(settings.ATTACHMENTS_ROOT).glob("*/*") if path.is_file()}
