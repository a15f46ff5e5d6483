"""Goldens of the losses between layers of two models, from torch autograd in float64.

Texts are padded with noise and masked, as models in torch see them. Inputs and gradients are
packed.
Writes Tests/Goldens/functions/{relation_divergence,attention_score_error,mean_squared_error}.json.
Run: ${PYTHON:-python3} scripts/goldens/relations.py
"""

import math

import torch

from golden import case, draw, exact, versions, write

NOTE = "float32 inputs, expected values computed in float64 on padded texts"
PARTS = {"attention": (0, 1), "queries": (0, 0), "keys": (1, 1), "values": (2, 2)}
random = torch.Generator().manual_seed(20211228)


class Padded:
    """Ragged texts as a padded batch, with noise after the end of a text."""

    def __init__(self, lengths):
        self.lengths = lengths
        self.mask = torch.tensor([[i < n for i in range(max(lengths))] for n in lengths])

    def __call__(self, packed):
        values = torch.randn(*self.mask.shape, packed.shape[-1], dtype=torch.float64)
        return values.masked_scatter(self.mask[..., None], packed)

    def scores(self, packed, relation, heads):
        """Scaled dot products of all pairs of tokens: [texts, heads, queries, keys]."""
        parts = self(packed).chunk(3, -1)
        first, second = (
            parts[part].unflatten(-1, (heads, -1)).transpose(1, 2) for part in PARTS[relation])
        return first @ second.transpose(-1, -2) / math.sqrt(first.shape[-1])

    def distributions(self, packed, relation, heads):
        hidden = ~self.mask[:, None, None, :]
        return torch.log_softmax(
            self.scores(packed, relation, heads).masked_fill(hidden, -1e30), -1)

    def over_texts(self, values, pairs):
        """The mean over texts of the mean over real elements of [texts, heads, queries(, keys)]."""
        real = self.mask[:, None, :]
        if pairs:
            real = real[..., None] & self.mask[:, None, None, :]
        real = real.expand_as(values)
        means = [value[chosen].mean() for value, chosen in zip(values, real)]
        return sum(means) / len(means)


def relation_cases():
    divergences, errors, states = [], [], []
    shapes = [([3, 1, 5], 2, 4, 4), ([1, 7, 2], 3, 2, 5), ([17, 2], 1, 8, 3)]
    for lengths, heads, student_size, teacher_size in shapes:
        padded, tokens = Padded(lengths), sum(lengths)
        about = f"lengths {lengths}, {heads} heads of {student_size} and {teacher_size}"
        more = ({"heads": heads}, {"lengths": lengths})

        def inputs(columns):
            return {"student": draw(random, tokens, columns * heads * student_size),
                    "teacher": draw(random, tokens, columns * heads * teacher_size)}

        for relation in PARTS:
            def divergence(student, teacher):
                log_s = padded.distributions(student, relation, heads)
                log_t = padded.distributions(teacher, relation, heads)
                rows = (log_t.exp() * (log_t - log_s)).sum(-1)
                return padded.over_texts(rows, pairs=False)

            divergences.append(case(f"{relation}, {about}", inputs(3), divergence,
                                    exact([0.75])[0], {"relation": relation, **more[0]}, more[1]))

        def error(student, teacher):
            difference = (padded.scores(student, "attention", heads)
                          - padded.scores(teacher, "attention", heads))
            return padded.over_texts(difference**2, pairs=True)

        errors.append(case(about, inputs(3), error, exact([0.75])[0], *more))

        def squared(student, teacher):
            difference = (padded(student) - padded(teacher))**2
            means = [row[:n].mean() for row, n in zip(difference, lengths)]
            return sum(means) / len(means)

        rows = {name: draw(random, tokens, 7) for name in ("student", "teacher")}
        states.append(case(f"lengths {lengths}", rows, squared, exact([0.75])[0], {}, more[1]))
    for name, cases, about in [
        ("relation_divergence", divergences,
         "KL(teacher || student) of softmax(a b^T / sqrt(d)), mean over heads and queries of a text, "
         "mean over texts; rows are [queries of all heads | keys | values]"),
        ("attention_score_error", errors,
         "squared error of q k^T / sqrt(d), mean over heads and pairs of a text, mean over texts"),
        ("mean_squared_error", states, "mean over a text's elements, mean over texts"),
    ]:
        write(f"functions/{name}.json", {"about": about, "cases": cases}, __file__, versions(), NOTE)


if __name__ == "__main__":
    torch.manual_seed(1)
    relation_cases()
