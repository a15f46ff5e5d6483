"""Goldens of the contrastive losses over rows.

Writes Tests/Goldens/functions/contrastive.json (InfoNCE by cosines, as in CILDA) and
noise_contrastive.json (its binary form with remembered vectors, as in CRD and CoDIR).
Run: ${PYTHON:-python3} scripts/goldens/contrastive.py
"""

import math

import torch
import torch.nn.functional as F

from golden import case, draw, tensor, versions, write

random = torch.Generator().manual_seed(20220415)


def info_nce(anchors, candidates, temperature, bank=None, excluded=()):
    """- log of the share of an anchor's own candidate, averaged over anchors, pair by pair."""
    total = 0.0
    for k in range(len(anchors)):
        def score(vector):
            return torch.exp(F.cosine_similarity(anchors[k], vector, dim=0) / temperature)
        own = score(candidates[k])
        everybody = sum(score(vector) for vector in candidates)
        if bank is not None:
            everybody = everybody + sum(
                score(vector) for row, vector in enumerate(bank) if (k, row) not in excluded)
        total = total - torch.log(own / everybody)
    return total / len(anchors)


def noise_contrastive(anchors, candidates, temperature, normaliser, population):
    """CRD's eq. 18 with P = exp(a . c / t) / Z and noise mass K / n, averaged over anchors."""
    each = len(candidates) // len(anchors)
    mass = (each - 1) / population
    total = 0.0
    for row, anchor in enumerate(anchors):
        p = torch.exp(candidates[row * each:(row + 1) * each] @ anchor / temperature) / normaliser
        total = total - torch.log(p[0] / (p[0] + mass)) - torch.log(mass / (p[1:] + mass)).sum()
    return total / len(anchors)


def main():
    cases = []
    for name, rows, width, temperature, scale in [
            ("one text", 1, 4, 2.0, 1.0), ("two", 2, 3, 2.0, 3.0), ("seven cool", 7, 17, 0.07, 0.5)]:
        inputs = {"anchors": draw(random, rows, width, scale=scale),
                  "candidates": draw(random, rows, width)}
        cases.append(case(
            name, inputs,
            lambda anchors, candidates, t=temperature: info_nce(anchors, candidates, t),
            parameters={"temperature": temperature}))
    bank = F.normalize(draw(random, 5, 6), dim=-1).float().double()
    excluded = [(0, 2), (2, 4), (2, 0)]
    body = case(
        "bank", {"anchors": draw(random, 3, 6), "candidates": draw(random, 3, 6)},
        lambda anchors, candidates: info_nce(anchors, candidates, 0.5, bank, excluded),
        parameters={"temperature": 0.5},
        integers={"excluded_anchors": [a for a, _ in excluded],
                  "excluded_rows": [r for _, r in excluded]})
    body["bank"] = tensor(bank)
    cases.append(body)
    write("functions/contrastive.json", {"cases": cases}, __file__, versions(),
          "mean over anchors; the bank's rows have length 1 up to float32")

    cases = []
    for name, rows, each, width, temperature, normaliser, population in [
            ("two of three", 2, 3, 4, 1.0, 20.0, 10), ("four of 17", 4, 17, 31, 0.07, 3e4, 1000)]:
        candidates = F.normalize(draw(random, rows * each, width), dim=-1).float().double()
        anchors = F.normalize(draw(random, rows, width), dim=-1).float().double()
        body = case(
            name, {"anchors": anchors},
            lambda anchors, c=candidates, t=temperature, z=normaliser, n=population:
                noise_contrastive(anchors, c, t, z, n),
            parameters={"temperature": temperature,
                        "shift": math.log(normaliser) + math.log((each - 1) / population)})
        body["candidates"] = tensor(candidates)
        cases.append(body)
    write("functions/noise_contrastive.json", {"cases": cases}, __file__, versions(),
          "mean over anchors; shift = log Z + log(K / n)")


if __name__ == "__main__":
    main()
