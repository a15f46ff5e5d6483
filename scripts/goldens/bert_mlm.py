"""Golden of BERT masked-language modelling with the decoder tied to the word embeddings.

Writes Tests/Goldens/bert-mlm (a Hugging Face folder, expected.json, gradients.safetensors).
Run: ${PYTHON:-python3} scripts/goldens/bert_mlm.py
"""

import torch
import torch.nn.functional as F
import transformers
from transformers import BertForMaskedLM

from bert import MASK, Batch, create, save_gradients, sequence
from golden import number, tensor, versions, write

FOLDER, VOCABULARY = "bert-mlm", 90
random = torch.Generator().manual_seed(20181011)


def main():
    model = create(BertForMaskedLM, FOLDER, 2, vocab_size=VOCABULARY, hidden_size=24,
                   num_hidden_layers=2, num_attention_heads=3, intermediate_size=48,
                   max_position_embeddings=20)
    given = Batch([sequence(random, VOCABULARY, *shape) for shape in [(6,), (13, 7), (3,), (9,)]],
                  None)
    # Packed rows: one unchanged, one replaced by another token, the others [MASK].
    positions = [2, 4, 8, 10, 15, 17, 20, 24, 27]
    places = given.mask.bool().nonzero()[positions]
    targets = given.ids[places[:, 0], places[:, 1]].clone()
    for index, (row, column) in enumerate(places.tolist()):
        replaced = {1: given.ids[row, column].item(), 3: 77}.get(index, MASK)
        given.ids[row, column] = replaced
        given.sequences[row][0][column] = replaced
    result = model(input_ids=given.ids, token_type_ids=given.types, attention_mask=given.mask)
    logits = result.logits[places[:, 0], places[:, 1]]
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    names = save_gradients(model, f"{FOLDER}/gradients.safetensors")
    write(f"{FOLDER}/expected.json", {
        "batch": given.integers(),
        "predicted_positions": positions,
        "targets": targets.tolist(),
        "logits": tensor(logits),
        "loss": number(loss),
        "gradient_file": "gradients.safetensors",
        "gradient_names": names,
    }, __file__, versions(transformers),
        "float32 weights, expected values computed in float64; positions are packed row indices; "
        "the tied decoder's gradient is part of bert.embeddings.word_embeddings.weight")


if __name__ == "__main__":
    main()
