#!/usr/bin/env python3
"""Writes Sources/Data/Tokenizers/ByteLevelTables.swift from the reference tokenizer.

It asks the `tokenizers` package, scalar by scalar, whether GPT-2's expression treats it as a
letter, a number or white space, so that the result does not depend on the Unicode version of Swift
or Python.
Usage: ${PYTHON:-python3} scripts/goldens/byte_level_tables.py
"""
import pathlib

import tokenizers
from tokenizers.pre_tokenizers import ByteLevel

from unicode_tables import SCALARS, literal, ranges

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    split = ByteLevel(add_prefix_space=False).pre_tokenize_str
    members = {"a": [], "1": [], "!": [], " ": []}
    for c in SCALARS:
        x = chr(c)
        # A run of one class is one piece; a scalar that joins no run is white space.
        kinds = [k for k in "a1!" if len(split(k + x + k)) == 1] or [" "]
        assert len(kinds) == 1, hex(c)
        pieces = 1 if kinds == ["a"] else 2 if x == " " else 3
        assert len(split("a" + x + "a")) == pieces, hex(c)
        members[kinds[0]].append(c)
    parts = [
        literal("letters", "Letters, `\\p{L}`.", ranges(members["a"])),
        literal("numbers", "Numbers, `\\p{N}`.", ranges(members["1"])),
        literal("whiteSpace", "White space, `\\s`.", ranges(members[" "])),
    ]
    head = f"""\
// Written by scripts/goldens/byte_level_tables.py from tokenizers {tokenizers.__version__};
// do not edit. The notation is that of UnicodeTables.swift.

/// Character classes of the byte-level pre-tokenizer, GPT-2's regular expression.
enum ByteLevelTables {{
"""
    out = head + "\n".join(parts) + "}\n"
    path = ROOT / "Sources/Data/Tokenizers/ByteLevelTables.swift"
    path.write_text(out)
    print(path.relative_to(ROOT), len(out), "characters",
          {kind: len(found) for kind, found in members.items()})


if __name__ == "__main__":
    main()
