"""Goldens of RoBERTa, DistilBERT, ELECTRA and XLM-RoBERTa, of span heads in all families, and of a
deep RoBERTa.

Writes Tests/Goldens/<family>-<head> for the heads classifier, mlm and qa (Hugging Face folders with
expected.json and gradients.safetensors; for BERT only qa, see bert_classifier.py and bert_mlm.py),
and Tests/Goldens/roberta-deep: the 24 layers and 16 heads of RoBERTa-large, but narrow.
Sizes are odd on purpose. torch sees padded batches; the goldens contain packed ones.
Run: ${PYTHON:-python3} scripts/goldens/families.py
"""

import torch
import torch.nn.functional as F
import transformers
from transformers import (
    BertConfig, BertForQuestionAnswering, DistilBertConfig, DistilBertForMaskedLM,
    DistilBertForQuestionAnswering, DistilBertForSequenceClassification, ElectraConfig,
    ElectraForMaskedLM, ElectraForQuestionAnswering, ElectraForSequenceClassification, RobertaConfig,
    RobertaForMaskedLM, RobertaForQuestionAnswering, RobertaForSequenceClassification,
    XLMRobertaConfig, XLMRobertaForMaskedLM, XLMRobertaForQuestionAnswering,
    XLMRobertaForSequenceClassification)

from bert import MASK, PAD, Batch, load, save, save_gradients, sequence
from golden import number, tensor, versions, write

LABELS = 3
NOTE = "float32 weights, expected values computed in float64 on padded batches; packed order here"


def bert(hidden, layers, heads, intermediate, positions, **more):
    return BertConfig(
        hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=intermediate, max_position_embeddings=positions, pad_token_id=PAD,
        **{"vocab_size": 97, "initializer_range": 0.2, **more})


def roberta(hidden, layers, heads, intermediate, positions, kind=RobertaConfig, **more):
    return kind(
        hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=intermediate, max_position_embeddings=positions, type_vocab_size=1,
        layer_norm_eps=1e-5, bos_token_id=2, eos_token_id=3,
        **{"vocab_size": 97, "initializer_range": 0.2, "pad_token_id": PAD, **more})


def distilbert(hidden, layers, heads, intermediate, positions, **more):
    return DistilBertConfig(
        dim=hidden, n_layers=layers, n_heads=heads, hidden_dim=intermediate,
        max_position_embeddings=positions, pad_token_id=PAD,
        **{"vocab_size": 97, "initializer_range": 0.2, **more})


def electra(embedding, hidden, layers, heads, intermediate, positions, **more):
    return ElectraConfig(
        embedding_size=embedding, hidden_size=hidden, num_hidden_layers=layers,
        num_attention_heads=heads, intermediate_size=intermediate,
        max_position_embeddings=positions, pad_token_id=PAD,
        **{"vocab_size": 97, "initializer_range": 0.2, **more})


def create(kind, folder, seed, config, spread=0.2):
    """Draws a random model whose biases and LayerNorms differ from their initial 0 and 1."""
    torch.manual_seed(seed)
    model = kind(config)
    with torch.no_grad():
        for value in model.parameters():
            if value.dim() == 1:
                value.add_(spread * torch.randn_like(value))
    save(model, folder)
    return load(kind, folder)


class Forward:
    """A batch for one model: runs it and writes the results."""

    def __init__(self, model, folder, shapes, seed):
        self.model, self.folder = model, folder
        self.random = torch.Generator().manual_seed(seed)
        self.pad = model.config.pad_token_id
        self.segments = isinstance(model.config, (BertConfig, ElectraConfig))
        size = model.config.vocab_size
        self.given = Batch([sequence(self.random, size, *shape) for shape in shapes], None)
        # Every id except that of padding gets a position, wherever it is.
        self.given.ids[self.given.mask == 0] = self.pad

    def __call__(self, **more):
        # Segments stay in the golden: a model without segments must ignore them.
        types = {"token_type_ids": self.given.types} if self.segments else {}
        return self.model(input_ids=self.given.ids, attention_mask=self.given.mask, **types, **more)

    def write(self, loss, body, note=NOTE, gradients=True):
        loss.backward()
        if gradients:
            names = save_gradients(self.model, f"{self.folder}/gradients.safetensors")
            body |= {"gradient_file": "gradients.safetensors", "gradient_names": names}
        else:
            norms = {name: number(value.grad.norm()) for name, value
                     in self.model.named_parameters()}
            body |= {"gradient_norms": norms}
        write(f"{self.folder}/expected.json",
              {"batch": self.given.integers(), **body, "loss": number(loss)},
              __file__, versions(transformers), note)


def classifier(kind, folder, seed, config, shapes=((7,), (3,), (12, 6), (5,)), spread=0.2,
               gradients=True):
    forward = Forward(create(kind, folder, seed, config, spread), folder, shapes, seed)
    forward.given.labels = torch.randint(
        0, LABELS, (len(shapes),), generator=forward.random).tolist()
    result = forward(output_hidden_states=True)
    states = result.hidden_states
    body = {"logits": tensor(result.logits)}
    if gradients:
        body["hidden_states"] = [tensor(forward.given.packed(state)) for state in states]
    forward.write(F.cross_entropy(result.logits, torch.tensor(forward.given.labels)), body,
                  gradients=gradients)


def masked(kind, folder, seed, config):
    forward = Forward(create(kind, folder, seed, config), folder, ((6,), (13, 7), (3,), (9,)), seed)
    given = forward.given
    # Packed rows: one unchanged, one replaced by another token, the others [MASK].
    positions = [2, 4, 8, 10, 15, 17, 20, 24, 27]
    places = given.mask.bool().nonzero()[positions]
    targets = given.ids[places[:, 0], places[:, 1]].clone()
    for index, (row, column) in enumerate(places.tolist()):
        replaced = {1: given.ids[row, column].item(), 3: 77}.get(index, MASK)
        given.ids[row, column] = replaced
        given.sequences[row][0][column] = replaced
    logits = forward().logits[places[:, 0], places[:, 1]]
    forward.write(F.cross_entropy(logits, targets), {
        "predicted_positions": positions, "targets": targets.tolist(), "logits": tensor(logits),
    }, NOTE + "; positions are packed row indices; the tied decoder's gradient is part of the word "
       "embeddings'")


def questions(kind, folder, seed, config):
    forward = Forward(create(kind, folder, seed, config), folder, ((11, 4), (4,), (8, 3)), seed)
    starts, ends = torch.tensor([5, 0, 3]), torch.tensor([7, 0, 6])
    result = forward()
    padding = forward.given.mask == 0
    loss = sum(F.cross_entropy(logits.masked_fill(padding, -torch.inf), places) for logits, places
               in [(result.start_logits, starts), (result.end_logits, ends)]) / 2
    pairs = torch.stack([result.start_logits, result.end_logits], dim=-1)
    forward.write(loss, {
        "logits": tensor(forward.given.packed(pairs)),
        "starts": starts.tolist(), "ends": ends.tolist(),
    }, NOTE + "; logits: start and end for every token; loss: mean over texts of half the sum of "
       "both cross-entropies, whose softmax leaves padding out (transformers' own loss does not)")


def main():
    labels = {"num_labels": LABELS}
    classifier(RobertaForSequenceClassification, "roberta-classifier", 11,
               roberta(36, 3, 3, 60, 21, classifier_dropout=0.15, **labels))
    masked(RobertaForMaskedLM, "roberta-mlm", 12, roberta(24, 2, 2, 40, 20, pad_token_id=1))
    questions(RobertaForQuestionAnswering, "roberta-qa", 13, roberta(28, 2, 4, 44, 18))
    classifier(DistilBertForSequenceClassification, "distilbert-classifier", 21,
               distilbert(36, 3, 4, 52, 20, **labels))
    masked(DistilBertForMaskedLM, "distilbert-mlm", 22, distilbert(24, 2, 3, 40, 19))
    questions(DistilBertForQuestionAnswering, "distilbert-qa", 23, distilbert(48, 1, 4, 40, 18))
    # Embeddings narrower and wider than the states, and, with spans, as wide.
    classifier(ElectraForSequenceClassification, "electra-classifier", 51,
               electra(20, 36, 3, 3, 52, 20, classifier_dropout=0.15, **labels))
    masked(ElectraForMaskedLM, "electra-mlm", 52, electra(32, 24, 2, 3, 40, 19))
    questions(ElectraForQuestionAnswering, "electra-qa", 53, electra(28, 28, 2, 2, 44, 18))
    xlm = {"kind": XLMRobertaConfig}
    classifier(XLMRobertaForSequenceClassification, "xlm-roberta-classifier", 61,
               roberta(36, 3, 3, 60, 21, classifier_dropout=0.15, **labels, **xlm))
    masked(XLMRobertaForMaskedLM, "xlm-roberta-mlm", 62,
           roberta(24, 2, 2, 40, 20, pad_token_id=1, **xlm))
    questions(XLMRobertaForQuestionAnswering, "xlm-roberta-qa", 63, roberta(28, 2, 4, 44, 18, **xlm))
    questions(BertForQuestionAnswering, "bert-qa", 33, bert(28, 2, 2, 44, 18))
    classifier(RobertaForSequenceClassification, "roberta-deep", 41,
               roberta(16, 24, 16, 64, 24, initializer_range=0.1, **labels), gradients=False)


if __name__ == "__main__":
    main()
