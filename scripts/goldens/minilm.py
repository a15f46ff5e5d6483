"""Golden of a real encoder: hidden states of paraphrase-MiniLM-L3-v2 computed in float64.

Writes Tests/Goldens/minilm/expected.json with the first 16 values at three positions of every
hidden state. The weights stay in the shared folder (--shared, or MATE_KD_SHARED, or `shared`
next to the repository). Run: ${PYTHON:-python3} scripts/goldens/minilm.py
"""

import argparse
import os

import torch
import transformers
from transformers import BertModel, BertTokenizerFast

from golden import ROOT, tensor, versions, write

MODEL = "models/paraphrase-MiniLM-L3-v2"
DIMENSIONS = 16
TEXTS = [
    ("it 's a charming and often affecting journey .", None),
    ("unflinchingly bleak and desperate", None),
    ("The sailors rode the breeze clear of the rocks.", "A boat was sailing."),
    ("a", None),
]


def positions_of(length):
    return sorted({0, length // 2, length - 1})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", default=os.environ.get(
        "MATE_KD_SHARED", os.path.join(os.path.dirname(ROOT), "shared")))
    folder = os.path.join(parser.parse_args().shared, MODEL)
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    model = BertModel.from_pretrained(folder, dtype=torch.float64, add_pooling_layer=False,
                                      attn_implementation="eager").eval()
    sequences = []
    for text, pair in TEXTS:
        encoded = tokenizer(text, pair)
        ids, types = encoded["input_ids"], encoded["token_type_ids"]
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]),
                           attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                           output_hidden_states=True).hidden_states
        places = positions_of(len(ids))
        sequences.append({
            "text": text, "pair": pair, "ids": ids, "types": types, "positions": places,
            "hidden_states": [tensor(state[0, places, :DIMENSIONS]) for state in states],
            "norms": [tensor(state[0].norm(dim=-1)) for state in states],
        })
    write("minilm/expected.json", {"model": MODEL, "sequences": sequences}, __file__,
          versions(transformers),
          "float16 weights widened, computed in float64; hidden_states[0] is the embedding output, "
          "rows are `positions`, columns the first 16 dimensions; norms are of every position")


if __name__ == "__main__":
    main()
