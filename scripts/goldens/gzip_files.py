"""Files that gzip packed, for the tests of Files and Data, by Python's gzip and zlib.

Writes Tests/Goldens/gzip/. Needs only the standard library.
Run: ${PYTHON:-python3} scripts/goldens/gzip_files.py
"""

import gzip
import pathlib
import struct
import zlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens" / "gzip"
FOLDER.mkdir(parents=True, exist_ok=True)


def member(content):
    return gzip.compress(content, mtime=0)


def member_with_everything(content):
    """Every optional part of a header (RFC 1952): extra field, name, comment and its own checksum."""
    head = b"\x1f\x8b\x08" + bytes([2 | 4 | 8 | 16]) + bytes(4) + b"\x00\xff"
    head += struct.pack("<H", 6) + b"ab\x02\x00\x01\x02" + b"rows.tsv\0" + b"a comment\0"
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    return head + pack.compress(content) + pack.flush() + struct.pack(
        "<II", zlib.crc32(content), len(content))


rows = b"sentence\tlabel\n" + b"".join(
    b"a film of %d minutes \t%d\n" % (row, row % 2) for row in range(500))
(FOLDER / "rows.tsv").write_bytes(rows)
(FOLDER / "rows.tsv.gz").write_bytes(member(rows))
(FOLDER / "members.gz").write_bytes(
    member(rows[:1000]) + member(b"") + member_with_everything(rows[1000:]) + bytes(300))
# A mebibyte of zeros in about a kilobyte; the tests put many of them together.
(FOLDER / "zeros.gz").write_bytes(member(bytes(1 << 20)))
