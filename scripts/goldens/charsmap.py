"""Makes the `precompiled_charsmap` of SentencePiece's normaliser from a few rules.

The format: the number of bytes of a trie, the trie (a double array of 32-bit units, as Darts-clone
makes it), and the replacements, each with a zero byte at its end.
"""

import struct


def charsmap(rules):
    """The bytes of a charsmap of {key: replacement}; keys are texts or bytes."""
    trie, replacements = {}, b""
    for key, value in rules.items():
        node = trie
        for byte in key if isinstance(key, bytes) else key.encode():
            node = node.setdefault(byte, {})
        node[None] = len(replacements)
        replacements += value.encode() + b"\0"
    units, used = [0] * 256, {0}

    def place(node, position):
        labels = [0 if byte is None else byte for byte in node]
        base = 1
        while any(base ^ label in used for label in labels):
            base += 1
        while base >= len(units):
            units.extend([0] * 256)
        used.update(base ^ label for label in labels)
        units[position] |= (base ^ position) << 10
        for byte, child in node.items():
            if byte is None:
                units[position] |= 1 << 8
                units[base] = child | 1 << 31
            else:
                units[base ^ byte] |= byte
                place(child, base ^ byte)

    place(trie, 0)
    return struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units) + replacements
