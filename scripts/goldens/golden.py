"""Shared code of the scripts in this folder, which draws, rounds and writes goldens.

A golden is strict JSON. A tensor is {"shape": [...], "values": [flat, row-major]} with nine
significant digits, which are enough to read back every float32 exactly. Inputs are drawn as
float32 and widened, so that the reader starts with exactly the numbers that the generator used.
"""

import json
import os
import platform
import sys

import torch

torch.set_num_threads(1)

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
GOLDENS = os.path.join(ROOT, "Tests", "Goldens")


def versions(*modules):
    """Versions of Python, torch and the given modules, for a golden's header."""
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for module in modules:
        found[module.__name__] = module.__version__
    return found


def draw(generator, *shape, scale=1.0, shift=0.0):
    """A float64 tensor whose values are normal draws representable in float32."""
    values = torch.randn(*shape, generator=generator, dtype=torch.float32) * scale + shift
    return values.double()


def exact(values):
    """A float64 tensor of the given numbers rounded to float32."""
    return torch.tensor(values, dtype=torch.float32).double()


def tensor(value):
    """A tensor as shape and flat values with nine significant digits."""
    flat = value.detach().double().reshape(-1).tolist()
    return {"shape": list(value.shape), "values": [float(f"{x:.9g}") for x in flat]}


def number(value):
    """A scalar with twelve significant digits."""
    return float(f"{value.detach().item() if isinstance(value, torch.Tensor) else value:.12g}")


def case(name, inputs, function, upstream=None, parameters=None, integers=None, outputs=None):
    """Runs `function(**inputs)` and differentiates it with respect to every input.

    `upstream` (default: one, for scalars) multiplies the first output. `outputs` names the results
    if there are several; those after the first are only recorded.
    """
    leaves = {key: value.clone().requires_grad_(True) for key, value in inputs.items()}
    results = function(**leaves)
    results = results if isinstance(results, tuple) else (results,)
    names = outputs or ["output"]
    seed = torch.ones_like(results[0]) if upstream is None else upstream
    gradients = torch.autograd.grad((results[0] * seed).sum(), list(leaves.values()))
    body = {"name": name, "parameters": parameters or {}}
    if integers:
        body["integers"] = integers
    body["inputs"] = {key: tensor(value) for key, value in inputs.items()}
    body["upstream"] = tensor(seed)
    body["outputs"] = {key: tensor(value) for key, value in zip(names, results)}
    body["gradients"] = {key: tensor(value) for key, value in zip(leaves, gradients)}
    return body


def _render(value, indent):
    """JSON text with one line per member, and lists of numbers or short texts on a single line."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        members = [
            f"{pad}  {json.dumps(key)}: {_render(item, indent + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(members) + f"\n{pad}}}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = [f"{pad}  {_render(item, indent + 1)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{pad}]"
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def write(relative_path, body, script, module_versions, note):
    """Writes Tests/Goldens/`relative_path` with the header that every golden has."""
    path = os.path.join(GOLDENS, relative_path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    header = {
        "generator": f"scripts/goldens/{os.path.basename(script)}",
        "versions": module_versions,
        "note": note,
    }
    with open(path, "w", encoding="utf-8") as file:
        file.write(_render({**header, **body}, 0) + "\n")
    print(f"{relative_path}: {os.path.getsize(path)} bytes", file=sys.stderr)
