"""Floating-point operations of matrix products. A multiplication and an addition count as two."""

VOCABULARY = 30522
SHAPES = {"base": (12, 768, 3072), "distil": (6, 768, 3072)}


def forward(model, lengths):
    """The encoder over every token, without padding: the nominal cost of a step."""
    layers, h, i = SHAPES[model]
    return layers * sum(2 * n * h * (4 * h + 2 * i) + 4 * n * n * h for n in lengths)


def forward_done(model, lengths):
    """What mate-kd computes of it: queries, attention output and feed-forward part of the last
    layer for the first token only; including the pooler."""
    layers, h, i = SHAPES[model]
    full = forward(model, lengths) * (layers - 1) / layers
    last = sum(2 * n * h * 2 * h + 2 * h * (2 * h + 2 * i) + 4 * n * h for n in lengths)
    return full + last + len(lengths) * 2 * h * h


def training(forward_flops):
    """The forward pass, the gradient of the inputs and that of the weights cost the same."""
    return 3 * forward_flops


def mate(turn, teacher, student, generator, lengths, masked=0.3):
    """A step of MATE-KD as mate-kd computes it, with the clean texts new to the teacher's cache.

    The generator's last layer and vocabulary head are computed at masked tokens only. In its own
    step, teacher and student are differentiated with respect to their inputs, and the gradient of
    the samples is a product with both embedding matrices."""
    t, s = forward_done(teacher, lengths), forward_done(student, lengths)
    layers, h, i = SHAPES[generator]
    g = forward(generator, lengths) * (layers - 1) / layers
    rows = 0
    for n in lengths:
        r = masked * (n - 2)
        g += 2 * n * h * 2 * h + r * 2 * h * (2 * h + 2 * i) + 4 * r * n * h
        rows += r
    head = 2 * rows * h * (VOCABULARY + h)
    if turn == "student":
        return g + head + 2 * t + 2 * training(s)
    soft = 2 * rows * VOCABULARY * (SHAPES[teacher][1] + SHAPES[student][1])
    return training(g + head) + 2 * t + 2 * s + soft
