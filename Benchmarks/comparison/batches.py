"""The batches that both sides work on: token ids of random texts with the lengths of a task."""
import json
import os
import random

VOCABULARY = 30522
BATCH = 32
LONGEST = 128


def lengths_of(peers, task):
    with open(os.path.join(peers, "lengths.json")) as file:
        return json.load(file)[task]


def padded(batches):
    """Number of tokens if each batch is padded to its longest text."""
    return sum(len(b) * max(b) for b in batches)


def real(batches):
    return sum(map(sum, batches))


class Pool:
    """Batches of lengths, with their padding waste and that of the task in the long run."""

    def __init__(self, batches, long_run=None):
        self.batches = batches
        self.waste = padded(batches) / real(batches)
        self.long_run = long_run if long_run is not None else self.waste

    def write(self, path, seed=0):
        """Token ids: [CLS] text [SEP], as in the peer's own batches."""
        rng = random.Random(seed)
        texts = [[[101] + [rng.randrange(1000, VOCABULARY) for _ in range(n - 2)] + [102]
                  for n in batch] for batch in self.batches]
        with open(path, "w") as file:
            json.dump({"batches": texts}, file)
        return path


def fixed(length, count):
    return Pool([[length] * BATCH] * count)


def drawn(lengths, count, rounds):
    """Random batches, as a shuffling sampler makes them. The seed is the first whose batches waste
    as much on padding as the long run does (within 1 %) and have its mean length. The order of
    the batches gives every round about the same work."""
    rng = random.Random(1)
    many = [[rng.choice(lengths) for _ in range(BATCH)] for _ in range(4000)]
    waste, mean = padded(many) / real(many), real(many) / len(many)
    for seed in range(10000):
        rng = random.Random(seed)
        batches = [[rng.choice(lengths) for _ in range(BATCH)] for _ in range(count)]
        pool = Pool(batches, long_run=waste)
        if abs(pool.waste / waste - 1) < 0.01 and abs(real(batches) / count / mean - 1) < 0.01:
            break
    return Pool(balanced(pool.batches, rounds), long_run=waste)


def grouped(lengths, count, rounds):
    """Batches grouped by length: 50 batches' worth of random texts, sorted, as in transformers'
    LengthGroupedSampler, and then every n-th of these 50 batches."""
    rng = random.Random(0)
    texts = sorted((rng.choice(lengths) for _ in range(50 * BATCH)), reverse=True)
    batches = [texts[i:i + BATCH] for i in range(0, len(texts), BATCH)]
    chosen = [batches[int((k + 0.5) * len(batches) / count)] for k in range(count)]
    return Pool(balanced(chosen, rounds))


def balanced(batches, rounds):
    """The batches in an order in which `rounds` equal parts differ least in tokens and padding."""
    part = len(batches) // rounds
    if rounds < 2 or part < 1 or part * rounds != len(batches):
        return batches
    rng = random.Random(0)
    best, order = None, list(batches)
    for _ in range(5000):
        rng.shuffle(order)
        parts = [order[i:i + part] for i in range(0, len(order), part)]
        sums = [(padded(p), real(p)) for p in parts]
        spread = sum(max(s) / min(s) for s in zip(*sums))
        if best is None or spread < best[0]:
            best = (spread, list(order))
    return best[1]


def vocabulary(folder):
    """A made-up WordPiece vocabulary with BERT's special ids, and its words."""
    tokens = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [f"w{i}" for i in range(VOCABULARY - len(tokens))]
    with open(os.path.join(folder, "vocab.txt"), "w") as file:
        file.write("\n".join(tokens + words) + "\n")
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
        json.dump({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}, file)
    return words


def sentences(folder, words, lengths, rows, name="train.tsv", seed=0):
    """A file in the format of SST-2 whose texts have the given lengths in tokens, repeatedly."""
    rng = random.Random(seed)
    with open(os.path.join(folder, name), "w") as file:
        file.write("sentence\tlabel\n")
        for row in range(rows):
            n = lengths[row % len(lengths)]
            file.write(" ".join(rng.choices(words, k=max(1, n - 2))) + f" \t{row % 2}\n")
