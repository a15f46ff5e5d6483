"""Writes Tests/Goldens/functions/linear_algebra.json: factorisations of small matrices by scipy.

The matrices are float32 numbers, widened; scipy factorises them in double precision. Vectors are
recorded as projectors onto what they span, so that signs and the choice within a repeated value do
not matter.
"""

import numpy
import scipy
import scipy.linalg
import torch

import golden


def matrices(generator):
    """Name and symmetric matrix of each case."""
    q, _ = torch.linalg.qr(golden.draw(generator, 6, 6))
    half = golden.draw(generator, 5, 12)

    def made_of(values):
        made = (q * torch.tensor(values, dtype=torch.float64)) @ q.T
        return golden.exact((0.5 * (made + made.T)).tolist())

    square = golden.draw(generator, 7, 7)
    gram = half.T @ half
    return [
        ("indefinite", golden.exact((0.5 * (square + square.T)).tolist())),
        ("repeated eigenvalues", made_of([1.0, 1.0, 1.0, 4.0, 4.0, 9.0])),
        ("rank 5 of 12", golden.exact((0.5 * (gram + gram.T)).tolist())),
        ("zero", torch.zeros(4, 4, dtype=torch.float64)),
        ("one by one", torch.tensor([[-3.0]], dtype=torch.float64)),
        ("definite", golden.exact((square @ square.T + torch.eye(7)).tolist())),
    ]


def rectangles(generator):
    """Name and matrix of each case."""
    thin = golden.draw(generator, 9, 2)
    return [
        ("tall", golden.draw(generator, 9, 4)),
        ("wide", golden.draw(generator, 3, 8)),
        ("rank 2", golden.exact((thin @ golden.draw(generator, 2, 5)).tolist())),
        ("zero", torch.zeros(3, 2, dtype=torch.float64)),
        ("one by one", torch.tensor([[-2.5]], dtype=torch.float64)),
    ]


def groups(values):
    """The borders of groups of values that are apart by more than a thousandth of the largest."""
    least = 1e-3 * max(abs(values).max(), 1e-30)
    return [0] + [i for i in range(1, len(values)) if abs(values[i] - values[i - 1]) > least] + [
        len(values)
    ]


def main():
    generator = torch.Generator().manual_seed(20)
    cases = []
    for name, matrix in matrices(generator):
        values, vectors = scipy.linalg.eigh(matrix.numpy())
        borders = groups(values)
        parts = [vectors[:, a:b] @ vectors[:, a:b].T for a, b in zip(borders, borders[1:])]
        case = {
            "name": name, "kind": "eigen", "matrix": golden.tensor(matrix),
            "values": golden.tensor(torch.from_numpy(values)), "borders": borders,
            "projectors": [golden.tensor(torch.from_numpy(part)) for part in parts],
        }
        if values.min() > 1e-3:
            factor = scipy.linalg.cholesky(matrix.numpy(), lower=True)
            case["cholesky"] = golden.tensor(torch.from_numpy(factor))
        cases.append(case)
    for name, matrix in rectangles(generator):
        values = scipy.linalg.svdvals(matrix.numpy())
        cases.append({
            "name": name, "kind": "singular", "matrix": golden.tensor(matrix),
            "values": golden.tensor(torch.from_numpy(values)),
        })
    for name, rows, columns in [("tall", 11, 4), ("square", 5, 5), ("one column", 6, 1)]:
        a, b = golden.draw(generator, rows, columns), golden.draw(generator, rows, 3)
        solution, _, _, values = scipy.linalg.lstsq(a.numpy(), b.numpy())
        cases.append({
            "name": name, "kind": "least squares", "matrix": golden.tensor(a),
            "sides": golden.tensor(b), "solution": golden.tensor(torch.from_numpy(solution)),
            "condition": golden.number(float(values.max() / values.min())),
        })
    golden.write(
        "functions/linear_algebra.json", {"cases": cases}, __file__,
        golden.versions(numpy, scipy),
        "Eigenvalues ascend, singular values descend; projectors belong to the groups of "
        "eigenvalues between borders.")


if __name__ == "__main__":
    main()
