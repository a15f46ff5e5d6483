#!/usr/bin/env python3
"""Writes Sources/Data/Tokenizers/UnicodeTables.swift from the reference tokenizer.

It asks the `tokenizers` package for every class and mapping, scalar by scalar, so that the result
does not depend on the Unicode version of Swift or Python.
Usage: ${PYTHON:-python3} scripts/goldens/unicode_tables.py
"""
import pathlib
import textwrap

import tokenizers
from tokenizers.normalizers import NFD, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def step(**chosen):
    options = dict(
        clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    normalizer = BertNormalizer(**{**options, **chosen})
    return lambda c: normalizer.normalize_str("a" + chr(c) + "b")[1:-1]


def hangul(c):
    return 0xAC00 <= c <= 0xD7A3


def ranges(members):
    out, members = [], sorted(members)
    for c in members:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in out)


def mapping(table):
    """first-last/stride:target (target grows with the source) or first-last=target (constant)."""
    items = [(c, t) for c, t in sorted(table.items())]
    words, i = [], 0
    while i < len(items):
        c, t = items[i]
        best = (1, f"{c:X}:{','.join(f'{ord(x):X}' for x in t)}")
        if len(t) == 1:
            for stride in (1, 2):
                for grow in (stride, 0):
                    n = 1
                    while (i + n < len(items) and items[i + n][0] == c + n * stride
                           and len(items[i + n][1]) == 1
                           and ord(items[i + n][1]) == ord(t) + n * grow):
                        n += 1
                    if n > best[0]:
                        last = c + (n - 1) * stride
                        over = f"/{stride}" if stride > 1 else ""
                        best = (n, f"{c:X}-{last:X}{over}{':' if grow else '='}{ord(t):X}")
        words.append(best[1])
        i += best[0]
    return " ".join(words)


def combining_classes():
    """Canonical combining classes of the reference, deduced from how its NFD orders two marks."""
    nfd = NFD()
    ordered = lambda x, y: nfd.normalize_str("a" + x + y) == "a" + x + y  # noqa: E731
    low, high = "\u0334", "\u0345"  # classes 1 and 240, the smallest and the largest
    marks = []
    for c in SCALARS:
        x = chr(c)
        if hangul(c) or nfd.normalize_str(x) != x:
            continue
        if not ordered(x, low) or not ordered(high, x):
            marks.append(c)
    known = {low: 1, high: 240}
    import unicodedata
    probes = {}
    for c in marks:
        k = unicodedata.combining(chr(c))
        if k:
            probes.setdefault(k, chr(c))
    classes = {}
    for c in marks:
        x = chr(c)
        for k, probe in probes.items():
            if ordered(x, probe) and ordered(probe, x):
                classes[c] = k
                break
        else:
            raise SystemExit(f"no class for U+{c:X}")
    assert all(classes[ord(m)] == k for m, k in known.items())
    return classes


def literal(name, comment, text):
    lines = textwrap.wrap(text, 94, break_long_words=False, break_on_hyphens=False)
    body = " \\\n".join("    " + line for line in lines)
    note = "\n".join("  /// " + line for line in textwrap.wrap(comment, 90))
    return f'{note}\n  static let {name} = """\n{body}\n    """\n'


def main():
    clean = {c: step(clean_text=True)(c) for c in SCALARS}
    cjk = {c: step(handle_chinese_chars=True)(c) for c in SCALARS}
    strip = {c: step(strip_accents=True)(c) for c in SCALARS}
    lower = {c: step(lowercase=True)(c) for c in SCALARS}
    whole = BertNormalizer(lowercase=True)
    for c in SCALARS:  # the steps compose scalar by scalar
        t = clean[c]
        for table in (cjk, strip, lower):
            t = "".join(table[ord(x)] for x in t)
        assert t == whole.normalize_str("a" + chr(c) + "b")[1:-1], hex(c)
    pre = BertPreTokenizer()
    space, punctuation = [], []
    for c in SCALARS:
        parts = [s for s, _ in pre.pre_tokenize_str("a" + chr(c) + "b")]
        if parts == ["a", "b"]:
            space.append(c)
        elif len(parts) == 3:
            punctuation.append(c)
        else:
            assert parts == ["a" + chr(c) + "b"], hex(c)
    for c in SCALARS:
        assert clean[c] in ("", " ", chr(c)) and cjk[c] in (chr(c), f" {chr(c)} "), hex(c)
    for c in filter(hangul, SCALARS):
        s = c - 0xAC00
        t = chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28)
        assert strip[c] == t + (chr(0x11A7 + s % 28) if s % 28 else ""), hex(c)
    classes = combining_classes()
    stripped = [c for c in SCALARS if strip[c] == ""]
    kept = {c: k for c, k in classes.items() if strip[c] != ""}
    for c, t in strip.items():  # only the last scalars of an expansion may be reordered
        flags = [ord(x) in kept for x in t]
        assert flags == sorted(flags), hex(c)
        assert not (flags and flags[0] and len(t) > 1), hex(c)
    nfd = NFD()
    blocking = [c for c in stripped
                if any(ord(x) not in classes for x in nfd.normalize_str(chr(c)))]
    parts = [
        literal("removedByCleaning", "Scalars that text cleaning removes.",
                ranges(c for c in SCALARS if clean[c] == "")),
        literal("spacedByCleaning", "Scalars that text cleaning turns into a space.",
                ranges(c for c in SCALARS if clean[c] == " ")),
        literal("chineseCharacters", "Scalars that get a space on either side.",
                ranges(c for c in SCALARS if cjk[c] != chr(c))),
        literal("strippedMarks", "Scalars that accent stripping removes.", ranges(stripped)),
        literal("strippedStarters", "Those of `strippedMarks` across which canonical reordering "
                "does not reach (combining class 0).", ranges(blocking)),
        literal("keptMarkClasses", "Marks that accent stripping keeps, with their canonical "
                "combining class: the only scalars whose order NFD can change.",
                " ".join(f"{a}={k:X}" for k in sorted(set(kept.values()))
                         for a in ranges(c for c in kept if kept[c] == k).split())),
        literal("accentStripping", "Canonical decomposition without nonspacing marks (Hangul "
                "syllables are left to arithmetic).",
                mapping({c: t for c, t in strip.items()
                         if t not in ("", chr(c)) and not hangul(c)})),
        literal("lowerCase", "Lower case.",
                mapping({c: t for c, t in lower.items() if t != chr(c)})),
        literal("whiteSpace", "White space of the pre-tokenizer.", ranges(space)),
        literal("punctuation", "Punctuation of the pre-tokenizer.", ranges(punctuation)),
    ]
    head = f"""\
// Written by scripts/goldens/unicode_tables.py from tokenizers {tokenizers.__version__}; do not
// edit.
//
// Notation, all numbers hexadecimal: `A` or `A-B` a scalar or a range; `A-B/S` every S-th of it;
// `…:T,U` maps to T U, growing with the source over a range; `…=T` maps all of it to T.

/// Character classes and mappings of Hugging Face's BERT normaliser and pre-tokenizer.
enum UnicodeTables {{
"""
    out = head + "\n".join(parts) + "}\n"
    path = ROOT / "Sources/Data/Tokenizers/UnicodeTables.swift"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out)
    print(path.relative_to(ROOT), len(out), "characters")


if __name__ == "__main__":
    main()
