"""Floating-point operations of matrix products; a multiplication and an addition are two."""

SHAPES = {"base": (12, 768, 3072), "distil": (6, 768, 3072)}


def forward(model, lengths):
    """Encoder over every token, no padding: what a step is said to cost."""
    layers, h, i = SHAPES[model]
    return layers * sum(2 * n * h * (4 * h + 2 * i) + 4 * n * n * h for n in lengths)


def forward_done(model, lengths):
    """What mate-kd computes of it: the last layer's queries, attention output and feed-forward part
    for the first token only; with the pooler."""
    layers, h, i = SHAPES[model]
    full = forward(model, lengths) * (layers - 1) / layers
    last = sum(2 * n * h * 2 * h + 2 * h * (2 * h + 2 * i) + 4 * n * h for n in lengths)
    return full + last + len(lengths) * 2 * h * h


def training(forward_flops):
    """Forward, gradient of the inputs and gradient of the weights cost the same."""
    return 3 * forward_flops
