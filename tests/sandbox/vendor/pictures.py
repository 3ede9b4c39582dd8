"""Generates PNG pictures in base64, so that the repository has no picture of a person or a document."""

import base64
import random
import struct
import zlib
from functools import cache

SMALL_SIDE = 16  # pixels
BIG_SIDE = 645  # pixels: 645 * 645 * 3 bytes of noise are 1.25 MB, and 1.67 MB in base64


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(side: int, pixels: bytes) -> str:
    """Returns a square RGB picture in base64. `pixels` has side * side * 3 bytes."""
    row = side * 3
    # Each row of a PNG starts with the number of its filter, where 0 means none.
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, len(pixels), row))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


@cache
def small_picture() -> str:
    """Returns a grey gradient of a few hundred bytes."""
    pixels = bytes(16 * row for row in range(SMALL_SIDE) for _ in range(SMALL_SIDE * 3))
    return _png(SMALL_SIDE, pixels)


@cache
def big_picture() -> str:
    """Returns 1.67 MB of base64, the same at each call. It is noise, which like a photograph does not compress."""
    return _png(BIG_SIDE, random.Random(0).randbytes(BIG_SIDE * BIG_SIDE * 3))
