#!/usr/bin/env python3
"""Makes Tests/Goldens/pytorch/: files that torch.save wrote in both layouts, their values, and
hostile pickles. Needs torch.

usage: scripts/goldens/pytorch_bin.py
"""

import collections
import io
import json
import os
import pathlib
import pickle
import struct
import warnings
import zipfile

import torch

folder = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/pytorch"
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(7)

wide = torch.randn(6, 10)
tensors = collections.OrderedDict(
    [
        ("matrix", torch.randn(3, 5)),
        ("scalar", torch.tensor(1.5)),
        ("empty", torch.zeros(0, 4)),
        ("half", torch.randn(4).half()),
        ("brain", torch.randn(4).bfloat16()),
        ("double", torch.randn(2, 2).double()),
        ("slice", wide[1:4, 2:9:3]),
        ("transposed", wide.t()),
        ("shared", wide),
        ("parameter", torch.nn.Parameter(torch.randn(2, 3))),
        ("position_ids", torch.arange(5).unsqueeze(0)),
        ("umlaut-ü", torch.randn(1)),
    ]
)
module = torch.nn.Linear(2, 3)
for name, value in module.state_dict().items():
    tensors["linear." + name] = value
for name, options in {
    "new": {},
    "old": {"_use_new_zipfile_serialization": False},
    "protocol4": {"pickle_protocol": 4},
    "old-protocol2-plain-dict": {"_use_new_zipfile_serialization": False},
}.items():
    value = dict(tensors) if name.endswith("plain-dict") else tensors
    torch.save(value, folder / f"{name}.bin", **options)
state = module.state_dict()  # with the attribute _metadata
torch.save(state, folder / "state-dict.bin")
expected = {
    name: {"shape": list(value.shape), "values": value.detach().double().flatten().tolist()}
    for name, value in tensors.items()
}
(folder / "values.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")

# What must be refused. None of it is ever loaded here.
torch.save({"model": dict(tensors), "epoch": 3}, folder / "refused-training.bin")
torch.save([torch.zeros(2)], folder / "refused-list.bin")
torch.save({"expanded": torch.zeros(1).expand(1000)}, folder / "refused-expanded.bin")


class Command:
    def __reduce__(self):
        return (os.system, ("echo taken over",))


def archive(name, description, blocks=()):
    with zipfile.ZipFile(folder / name, "w") as file:
        file.writestr("archive/data.pkl", description)
        file.writestr("archive/version", "3\n")
        for key, value in blocks:
            file.writestr(f"archive/data/{key}", value)


archive("refused-command.bin", pickle.dumps({"a": Command()}, protocol=2))


class Persistent(pickle.Pickler):
    def persistent_id(self, value):
        return value.identity if isinstance(value, Storage) else None


class Storage:
    def __init__(self, count, kind=torch.FloatStorage, view=()):
        self.identity = ("storage", kind, "0", "cpu", count, *view)


class Tensor:
    def __init__(self, count, offset, shape, strides, **storage):
        self.arguments = (
            Storage(count, **storage), offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return (torch._utils._rebuild_tensor_v2, self.arguments)


def described(name, *arguments):
    stream = io.BytesIO()
    Persistent(stream, protocol=2).dump({"a": Tensor(*arguments)})
    archive(name, stream.getvalue(), [("0", bytes(16))])


described("accepted-by-hand.bin", 4, 0, (2, 2), (2, 1))
# PyTorch ignores the stride of a dimension of one element.
described("accepted-stride-of-one.bin", 4, 0, (2, 1), (2, (1 << 63) - 1))
described("refused-too-long.bin", 4, 0, (2, 3), (3, 1))
described("refused-offset.bin", 4, 3, (2,), (1,))
described("refused-storage.bin", 1 << 40, 0, (1 << 40,), (1,))
described("refused-overflow.bin", 4, 0, (1 << 62, 1 << 62), (1 << 62, 1))
described("refused-negative.bin", 4, 0, (2,), (-1,))
for name in ["new", "old"]:
    content = (folder / f"{name}.bin").read_bytes()
    (folder / f"refused-short-{name}.bin").write_bytes(content[: len(content) * 2 // 3])
with zipfile.ZipFile(folder / "refused-compressed.bin", "w", zipfile.ZIP_DEFLATED) as file:
    file.writestr("archive/data.pkl", pickle.dumps({}, protocol=2) + bytes(1000))
# A GET of what was never PUT, a stack that is empty, an end without a value, marks across.
for name, code in {
    "memo": b"\x80\x02h\x05.",
    "empty-stack": b"\x80\x02s.",
    "nothing": b"\x80\x02.",
    "mark": b"\x80\x02}((u.",
    "deep": b"\x80\x02" + b"]" + b"\x85" * 20_000 + b".",
}.items():
    archive(f"refused-{name}.bin", code)
described("refused-count.bin", 4, 0, (1 << 62, 4), (0, 0))
described("refused-dimensions.bin", 4, 0, (1,) * 65, (1,) * 65)
described("refused-negative-long.bin", 4, 0, (2,), (-(1 << 40),))
described("refused-negative-count.bin", -1, 0, (0,), (1,))
for name, code in {
    "odd": b"\x80\x02}(X\x01\x00\x00\x00au.",
    "left-over": b"\x80\x02}}.",
    # An instruction that reaches below a mark.
    "below-mark": b"\x80\x02}(X\x01\x00\x00\x00aK\x01stb.",
}.items():
    archive(f"refused-{name}.bin", code)

# What no zip of torch has: an encrypted member, two of one name, one whose two sizes differ.
content = bytearray((folder / "accepted-by-hand.bin").read_bytes())
entry = content.index(b"PK\x01\x02")
for name, place in [("encrypted", 8), ("sizes", 24)]:
    changed = bytearray(content)
    changed[entry + place] += 1
    (folder / f"refused-{name}.bin").write_bytes(changed)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    archive("refused-twice.bin", pickle.dumps({}, protocol=2), [("0", b"")] * 2)
with zipfile.ZipFile(folder / "refused-big-endian.bin", "w") as file:
    file.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
    file.writestr("archive/byteorder", "big")


def old(name, tensors, version=1001, little=True):
    """A file in the older layout with the block 0 of the numbers 1 to 4."""
    with open(folder / name, "wb") as file:
        for value in [0x1950A86A20F9469CFC6C, version, {"little_endian": little}]:
            pickle.dump(value, file, protocol=2)
        Persistent(file, protocol=2).dump(tensors)
        pickle.dump(["0"], file, protocol=2)
        file.write((4).to_bytes(8, "little") + struct.pack("<4f", 1, 2, 3, 4))


view = ("1", 1, 3)
old("accepted-view.bin", {"a": Tensor(4, 1, (2,), (1,), view=(view,))})
old("refused-view.bin", {"a": Tensor(4, 1, (3,), (1,), view=(("1", 0, 3),))})
old("refused-block.bin", {"a": Tensor(8, 0, (8,), (1,), view=(None,))})
whole = {"a": Tensor(4, 0, (4,), (1,), view=(None,))}
old("refused-types.bin", whole | {
    "b": Tensor(4, 0, (4,), (1,), kind=torch.IntStorage, view=(None,))})
old("refused-version.bin", whole, version=1002)
old("refused-old-big-endian.bin", whole, little=False)
content = (folder / "accepted-view.bin").read_bytes()
(folder / "refused-short-block.bin").write_bytes(content[:-4])
