"""Encodes a picture anew, so that nothing remains of what a camera or a program has written into it.

The place where it was taken, the device, the hour, a hidden preview: all of it is left behind. One picture at a time is
decoded in a process, and only up to a number of points.
"""

import io
import threading
import warnings
from dataclasses import dataclass
from typing import IO

from pi_heif import register_heif_opener
from PIL import Image, ImageFile, ImageOps

from accompaniment.rules.file_kinds import GIF, HEIC, JPEG, PNG, WEBP, FileKind
from accompaniment.rules.french import MEGABYTE
from messaging.enums import LeftFor
from messaging.rules import RefusedFileError

register_heif_opener(thumbnails=False)

MOST_POINTS = 50_000_000
"""The largest picture of a telephone has 50 million points. Decoded, it takes 150 MB of memory."""
LONGEST_SIDE = 4096
"""Points. A page of A4 photographed at this size can be read and printed."""
PREVIEW_SIDE = 480
LARGEST_PNG = 2 * MEGABYTE
"""A larger PNG without transparent parts is a photograph, and becomes JPEG."""
QUALITY = 85
LARGEST_ORNAMENT = 64 * 1024
SHORT_SIDE_OF_AN_ORNAMENT = 160
"""Points of the shorter side. What somebody cuts out of a screen to show it is larger."""

FORMATS = {PNG: "PNG", JPEG: "JPEG", WEBP: "WEBP", GIF: "GIF", HEIC: "HEIF"}

_alone = threading.Lock()

UNREADABLE = "Cette image est illisible. Vérifiez qu'elle s'ouvre, ou choisissez-en une autre."


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture encoded anew, and a small one to show in its place."""

    kind: FileKind
    content: bytes
    preview: bytes


def anew(source: IO[bytes], kind: FileKind) -> Picture:
    """Return a picture encoded anew, the right way up. Raises RefusedFileError if it is damaged or has too many points.

    A drawing or a picture of a screen becomes PNG, a photograph JPEG. Of one that moves, the first picture stays.
    """
    with _alone, warnings.catch_warnings():
        # Pillow only warns of what we refuse or leave behind.
        warnings.simplefilter("ignore")
        # Other libraries of the process let it fill up what is missing.
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            return _anew(source, kind)
        # The libraries raise whatever comes to them for damaged files, MemoryError and struct.error included.
        except RefusedFileError:
            raise
        except Exception as error:
            raise RefusedFileError(UNREADABLE, LeftFor.DAMAGED) from error


def is_ornament(content: bytes) -> bool:
    """Return whether a picture is as small as a logo, a portrait or a line of a signature. Nothing is decoded."""
    if len(content) > LARGEST_ORNAMENT:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=[*FORMATS.values()]) as opened:
                return min(opened.size) <= SHORT_SIDE_OF_AN_ORNAMENT
        except Exception:  # noqa: BLE001  (the libraries raise whatever comes to them for damaged files)
            return False


def _anew(source: IO[bytes], kind: FileKind) -> Picture:
    source.seek(0)
    with Image.open(source, formats=[FORMATS[kind]]) as opened:
        width, height = opened.size
        if width * height > MOST_POINTS:
            sentence = (
                f"Cette image a {-(-width * height // 1_000_000)} millions de points\u00a0: "
                f"{MOST_POINTS // 1_000_000} au plus. Réduisez-la, puis ajoutez-la de nouveau."
            )
            raise RefusedFileError(sentence, LeftFor.DAMAGED)
        # A JPEG can be decoded at a fraction of its size.
        opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
        turned = ImageOps.exif_transpose(opened)
    if turned.mode != "P":
        turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = _plain(turned)
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small = _on_white(plain) if plain.mode == "RGBA" else plain.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    preview = _encoded(small, JPEG)
    if kind in {PNG, GIF} or plain.mode == "RGBA":
        content = _encoded(plain, PNG)
        if plain.mode == "RGBA" or len(content) <= LARGEST_PNG:
            return Picture(kind=PNG, content=content, preview=preview)
    return Picture(kind=JPEG, content=_encoded(plain, JPEG), preview=preview)


def _has_transparency(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def _plain(image: Image.Image) -> Image.Image:
    """Return only the points of an image."""
    plain = image.convert("RGBA" if _has_transparency(image) else "RGB")
    plain.info = {}
    return plain


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _encoded(image: Image.Image, kind: FileKind) -> bytes:
    content = io.BytesIO()
    image.save(content, FORMATS[kind], **({"quality": QUALITY} if kind == JPEG else {}))
    return content.getvalue()
