#!/usr/bin/env python3
"""Writes Tests/Goldens/byte-level: two small byte-level BPE tokenizers and the results of the
reference on texts.

files/vocab.json, files/merges.txt: trained on a text file, with RoBERTa's special tokens.
json/tokenizer.json: the same without some bytes, but with a fused unknown token, a prefix space and
            added tokens that strip white space.
blocks:     one FNV-1a 64 hash per 4096 scalars over the pieces of `a<s>1<s>!<s> <s>'<s>`.
pool:       parts of the random texts, as hexadecimal UTF-8.
sequences:  for four modes, a hash over the ids of each 1000 texts of 10 parts drawn from the pool.
cases:      mode, text, second text and length limit; ids and segments.
malformed:  bytes that are not UTF-8, with the ids after Python's decode(errors="replace").
Modes: plain and parsed use files/; prefix and prefix-parsed use json/. The parsed modes read
special tokens that are spelled in a text.
Usage: ${PYTHON:-python3} scripts/goldens/byte_level.py TEXT-FILE
"""
import json
import pathlib
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from wordpiece import M64, fnv

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/byte-level"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
MODES = ["plain", "parsed", "prefix", "prefix-parsed"]


def trained(path):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=SPECIAL[:4], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train([path], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab = model["vocab"]
    vocab["<mask>"] = len(vocab)
    return vocab, [tuple(pair) for pair in model["merges"]]


def without(vocab, merges, removed):
    """The vocabulary without tokens that contain a removed character, with ids renumbered."""
    kept = [t for t in sorted(vocab, key=vocab.get)
            if t in SPECIAL or not any(x in t for x in removed)]
    return ({t: i for i, t in enumerate(kept)},
            [pair for pair in merges if not any(x in y for x in removed for y in pair)])


def tokenizer_of(vocab, merges, prefix, **unknown):
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, **unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]), True, prefix)
    tokenizer.add_special_tokens(SPECIAL[:4])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


def pool():
    parts = ["the", "The", " the", "it's", "IT'S", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'",
             "''", "'S", "l", "e", "r", "v", "s", "2", "10", "½", "٣", "Ⅷ", ".", ",", "!", "--",
             "...", "movie", "film", " good", "unwatchable", "\t", "\n", "\r\n", "\r", "\x0b",
             "\x1c", "\x85", "\xa0", "\xad", "\u1680", "\u2003", "\u2028", "\u200b", "\u200d",
             "\u202f",
             "\u3000", "\ufeff", "\ufffd", "\0", "\x7f", " ", " ", " ", " ", "  ", "   ", "é",
             "e\u0301", "\u0301", "ß", "İ", "東京", "한국", "한", "العربية", "हिन्दी", "ไทย", "👍", "👍🏽",
             "👨\u200d👩\u200d👧", "🇩🇪", "\u0378", "\u1c89", "\ua7cb", "\U00010d40",
             "\U0010ffff", "\U0001e5d0", "\U000e0041", "ǅ", "ª", "²", "〇", "aaaa", "     ", "<",
             ">",
             "[E1]", "E2", "[", "<mas", "k>", "</"]
    return parts + SPECIAL + ["<mask>", "[E1]"]


def main():
    text_file = sys.argv[1]
    for folder in ("files", "json"):
        (OUT / folder).mkdir(parents=True, exist_ok=True)
    vocab, merges = trained(text_file)
    plain = tokenizer_of(vocab, merges, False)
    (OUT / "files/vocab.json").write_text(
        json.dumps(vocab, ensure_ascii=False, separators=(",", ":")) + "\n")
    (OUT / "files/merges.txt").write_text(
        "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))

    removed = ["é", "Ć", "z", "Č", "ð"]  # bytes E9, 06, 7A, 0C, F0
    small, small_merges = without(vocab, merges, removed)
    prefix = tokenizer_of(small, small_merges, True, unk_token="<unk>", fuse_unk=True)
    prefix.add_tokens([AddedToken("[E1]", rstrip=True, normalized=False),
                       AddedToken("E2", lstrip=True, normalized=True)])
    (OUT / "json/tokenizer.json").write_text(prefix.to_str() + "\n")
    reread = Tokenizer.from_file(str(OUT / "json/tokenizer.json"))
    assert reread.to_str() == prefix.to_str()

    tokenizers = {"plain": plain, "parsed": plain, "prefix": prefix, "prefix-parsed": prefix}

    def encode(mode, text, pair=None):
        tokenizers[mode].encode_special_tokens = not mode.endswith("parsed")
        return tokenizers[mode].encode(text, pair)

    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    lines = []
    for block in range(0x110000 // 4096):
        h = 0xCBF29CE484222325
        for c in range(block * 4096, block * 4096 + 4096):
            if 0xD800 <= c <= 0xDFFF:
                continue
            x = chr(c)
            text = f"a{x}1{x}!{x} {x}'{x}"
            found = [text[a:b] for _, (a, b) in split(text)]
            assert "".join(found) == text, hex(c)
            h = fnv(b"".join(w.encode() + b"\xff" for w in found) + b"\xfe", h)
        lines.append(f"{block} {h:016x}")
    (OUT / "blocks.txt").write_text("\n".join(lines) + "\n")

    parts = pool()
    (OUT / "pool.txt").write_text(" ".join(x.encode().hex() for x in parts) + "\n")
    lines = []
    for mode, blocks in zip(MODES, (100, 10, 10, 10)):
        state = 1
        for block in range(blocks):
            h = 0xCBF29CE484222325
            for _ in range(1000):
                text = ""
                for _ in range(10):
                    state = (state * 6364136223846793005 + 1442695040888963407) & M64
                    text += parts[(state >> 33) % len(parts)]
                for i in encode(mode, text).ids:
                    h = fnv(i.to_bytes(2, "little"), h)
                h = fnv(b"\xff\xff", h)
            lines.append(f"{mode} {block} {h:016x}")
    (OUT / "sequences.txt").write_text("\n".join(lines) + "\n")

    texts = ["", " ", "  ", "a", " a", "a ", "a   b", "a \n b", "a\r\nb", "a\u00a0b", "a \u00a0b",
             "\u00a0 b", "it's IT'S it'S 's", "they'll we've I'm you'd 're", "''s '", "don''t",
             "x'y'll'z", "1st 2½ ٣٤", "e\u0301te\u0301", "é", "the the", "<mask>", "a <mask> b",
             "a  \u2003<mask>  b", "<mask><mask>", "<s> </s> <pad><unk>", "<mas<mask>k>",
             "< mask >",
             "a[E1]  b", "a E2E2 b", "[E1] <mask>", "<mask> [E1] E2 ", "zzz aza", "\x06\x0c\xe9",
             "👍🏽👍", "東京の東", "a" * 300, " " * 200, "ab" * 120 + "!" * 70, "\ufffd",
             "a visually stunning rumination on love, memory and history"]
    lines = []
    def case(mode, first, second, limit):
        tokenizer = tokenizers[mode]
        if limit:
            tokenizer.enable_truncation(limit)
        else:
            tokenizer.no_truncation()
        found = encode(mode, first, second)
        tokenizer.no_truncation()
        hexed = first.encode().hex() or "-"
        other = "none" if second is None else second.encode().hex() or "-"
        assert set(found.type_ids) <= {0}
        lines.append(f"{mode} {hexed} {other} {limit} {','.join(map(str, found.ids))}")
    for mode in MODES:
        for text in texts:
            case(mode, text, None, 0)
        for text in texts[::4]:
            case(mode, text, texts[-1], 0)
            case(mode, texts[-1], text, 9)
            case(mode, text, None, 5)
    (OUT / "cases.txt").write_text("\n".join(lines) + "\n")

    samples = [b"a\xffb", b"\xe4\xb8", b"\xf0\x9f\x91 x", b"\xed\xa0\x80z", b"\xc0\xaf",
               b"\xe0\x80\xaf", b"\xf4\x90\x80\x80", b"\xf0\x9f\x91\x8d\x80", b"a\x80\xbf",
               b"\xfe\xe4\xb8\xad\xe4",
               b"\xf8\x88\x80\x80\x80", b"\xc3", b"\xf1\x80\x80x\xf1\x80y\xf1z"]
    (OUT / "malformed.txt").write_text("".join(
        f"{x.hex()} {','.join(map(str, encode('plain', x.decode(errors='replace')).ids))}\n"
        for x in samples))


if __name__ == "__main__":
    main()
