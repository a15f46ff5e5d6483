"""A piece of WordNet 3 and what NLTK finds in it.

Takes the entries of some words and of their inflected forms out of WordNet's files (Debian:
wordnet-base) into Tests/Goldens/wordnet, with new offsets and without pointers to other meanings,
and writes the lemmas that NLTK reads from the same piece to expected.json. The licence is the one
that begins each file.
Run: ${PYTHON:-python3} scripts/goldens/wordnet.py [FOLDER OF WORDNET]
"""

import pathlib
import sys
import tempfile

import nltk
from nltk.corpus.reader.wordnet import WordNetCorpusReader

from golden import GOLDENS, write

WORDNET = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet")
PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
BASES = """aardvark abysmal asleep box boxer child cinema die dog fast fastener film fine galore
    give-and-take good goose great happy knife lady language leaf letter lie man off offer run slowly story
    swim terrible very watch well wonderful write zebra""".split()
INFLECTED = """dogs boxes knives leaves ladies men children geese dice running ran swam swimming
    watches writes wrote written finest happier better best good Films GREAT lies lying
    unknownword a of don't story's""".split()


class Reader(WordNetCorpusReader):
    """NLTK's reader without its map between versions, which needs another copy of WordNet."""

    def map_wn(self, version="wordnet"):
        return None


def main():
    folder = pathlib.Path(GOLDENS) / "wordnet"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        index = (WORDNET / f"index.{name}").read_bytes().splitlines(keepends=True)
        data = (WORDNET / f"data.{name}").read_bytes()
        licence = [line for line in index if line.startswith(b" ")]
        entries = [line.decode().split() for line in index[len(licence):]]
        offsets = {
            offset for entry in entries if entry[0] in BASES for offset in entry[-int(entry[2]):]}
        # Every word of a meaning has an entry, as NLTK demands.
        kept = []
        for lemma, part, count, *rest in entries:
            found = [offset for offset in rest[-int(count):] if offset in offsets]
            if found:
                kept.append((lemma, part, found))
        meanings, moved = b"".join(licence), {}
        for offset in sorted(offsets):
            fields = data[int(offset):data.index(b"\n", int(offset))].decode().split(" | ")[0].split()
            words = fields[4:4 + 2 * int(fields[3], 16)]
            moved[offset] = f"{len(meanings):08d}"
            # A satellite would have to name its adjective.
            kind = fields[2].replace("s", "a")
            meanings += " ".join(
                [moved[offset], fields[1], kind, fields[3], *words, "000", "| -\n"]).encode()
        lines = [
            " ".join([lemma, part, str(len(found)), "0", str(len(found)), "0"]
                     + [moved[offset] for offset in found])
            for lemma, part, found in kept]
        (folder / f"data.{name}").write_bytes(meanings)
        (folder / f"index.{name}").write_bytes(
            b"".join(licence) + "".join(line + "  \n" for line in lines).encode())
        exceptions = (WORDNET / f"{name}.exc").read_text().splitlines()
        (folder / f"{name}.exc").write_text("".join(
            line + "\n" for line in exceptions
            if line.split()[0] in INFLECTED + BASES or set(line.split()[1:]) & set(BASES)))
    with tempfile.TemporaryDirectory() as copy:
        for file in folder.glob("*.*"):
            if file.suffix != ".json":
                (pathlib.Path(copy) / file.name).write_bytes(file.read_bytes())
        nltk.data.path.append(copy)  # It reads from nowhere else.
        # NLTK asks for these, but not to find lemmas.
        (pathlib.Path(copy) / "lexnames").write_text(
            "".join(f"{number:02d}\tfile{number}\t1\n" for number in range(45)))
        (pathlib.Path(copy) / "cntlist.rev").write_text("")
        reader = Reader(copy, None)
        expected = {}
        for word in BASES + INFLECTED:
            names = [name for meaning in reader.synsets(word) for name in meaning.lemma_names()]
            expected[word] = list(dict.fromkeys(names))
    write("wordnet/expected.json", {"lemmas": expected}, __file__, {"nltk": nltk.__version__},
          "the words of all meanings of each word, in their order")


main()
