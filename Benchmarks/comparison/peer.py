#!/usr/bin/env python3
"""Runs the peer's train_step.py or infer.py unchanged, but on batches from a file and pass by pass
on command, so that imports, models and warm-up are paid for once. Can also run the tokenizers
library on a file.

usage: peer.py PEERS train_step.py|infer.py BATCHES.json ARGUMENTS...
       peer.py tokenizers VOCABULARY_FOLDER TEXT.tsv

Commands are lines: TURN FIRST COUNT [flavour=NAME] [float32|bf16]. TURN is student or generator;
COUNT batches are run, starting at batch FIRST. After each pass a JSON line gives the seconds.
Flavour and precision are switched through the variables that the peer's step reads, so that one
process (models, allocator) serves all of them.
"""
import json
import os
import resource
import runpy
import sys
import time

# The peer may print; the protocol keeps the original standard output.
protocol = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(record):
    record["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(record), file=protocol, flush=True)


def serve(steps, select=None, facts=None):
    """steps: TURN -> step function; select(first): selects the batch that comes next."""
    say(dict(facts or {}, ready=True))
    for line in sys.stdin:
        turn, first, count, *options = line.split()
        step = steps[turn]
        for option in options:
            switch(steps, option)
        if int(first) >= 0 and select:
            select(int(first))
        start = time.perf_counter()
        for _ in range(int(count)):
            step()
        say({"seconds": time.perf_counter() - start, "steps": int(count)})


def variable(function, name, value):
    """Sets a variable in the enclosing function of `function`."""
    names = function.__code__.co_freevars
    if name in names:
        function.__closure__[names.index(name)].cell_contents = value
        return True
    return False


def closed_over(function, name):
    names = function.__code__.co_freevars
    return function.__closure__[names.index(name)].cell_contents


def switch(steps, option):
    for step in steps.values():
        if option.startswith("flavour="):
            closed_over(step, "a").flavour = option.removeprefix("flavour=")
        elif not variable(closed_over(step, "amp"), "autocast", option == "bf16"):
            sys.exit(f"the peer's step has no switch for {option}")


def run_script(peers, script, batches, arguments):
    sys.path.insert(0, peers)
    import common
    import torch
    import transformers

    class Batches:
        """common.Batches over a file of token ids."""

        def __init__(self, data, batch, vocab=30522, labels=2, seed=0, pool=8):
            generator = torch.Generator().manual_seed(seed)
            with open(batches) as file:
                self.pool = [self._batch(texts, generator) for texts in json.load(file)["batches"]]
            self.i = -1
            Batches.current = self

        def next(self):
            self.i = (self.i + 1) % len(self.pool)
            return self.pool[self.i]

        def select(self, first):
            self.i = first % len(self.pool) - 1

        def _batch(self, texts, generator):
            lengths = [len(t) for t in texts]
            ids = torch.zeros(len(texts), max(lengths), dtype=torch.long)
            mask = torch.zeros_like(ids)
            ordinary = torch.zeros_like(ids, dtype=torch.bool)
            for row, text in enumerate(texts):
                n = len(text)
                ids[row, :n] = torch.tensor(text)
                mask[row, :n] = 1
                ordinary[row, 1:n - 1] = True
            labels = torch.randint(0, 2, (len(texts),), generator=generator)
            drawn = (torch.rand(ids.shape, generator=generator) < 0.3) & ordinary
            return dict(input_ids=ids, attention_mask=mask, labels=labels, gen_mask=drawn,
                        tokens=sum(lengths), lengths=lengths)

    steps = {}
    wanted = 2 if "mate-cycle" in arguments else 1

    def measure(step, *_):
        # The peer measures the generator's step first, then the student's.
        steps["student" if len(steps) + 1 == wanted else "generator"] = step
        if len(steps) == wanted:
            serve(steps, Batches.current.select,
                  {"torch": torch.__version__, "transformers": transformers.__version__})
        return [], 0, 0

    common.Batches = Batches
    common.measure = measure
    common.summarise = lambda *_: {"step_s": 0.0}
    sys.argv = [script, *arguments]
    runpy.run_path(os.path.join(peers, script), run_name="__main__")


def run_tokenizers(vocabulary, text):
    import tokenizers
    from transformers import BertTokenizerFast
    tokenizer = BertTokenizerFast.from_pretrained(vocabulary).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(128)
    with open(text, encoding="utf-8") as file:
        texts = [line.split("\t")[0] for line in file.read().split("\n")[1:] if line]
    encode = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)
    serve({"student": lambda: encode(texts)},
          facts={"rows": len(texts), "tokenizers": tokenizers.__version__})


if __name__ == "__main__":
    if sys.argv[1] == "tokenizers":
        run_tokenizers(*sys.argv[2:])
    else:
        run_script(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
