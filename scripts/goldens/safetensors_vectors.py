"""Verdicts of the reference safetensors reader on small valid and broken files.

Writes Tests/Goldens/safetensors/vectors.json: files in base64 with the reference's verdict, a file
of every floating-point type with its values, and a file as written by the reference, byte for byte.
Run: ${PYTHON:-python3} scripts/goldens/safetensors_vectors.py
"""

import base64
import json
import struct

import safetensors
import torch
from safetensors.torch import save

from golden import tensor, versions, write

ONE = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
FOUR = b"\0\0\x80\x3f"


def entry(dtype="F32", shape="[1]", offsets="[0,4]"):
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'


def pair(first, second):
    return f'{{"a":{entry(offsets=first)},"b":{entry(offsets=second)}}}'


def file(header, data=b"", length=None):
    raw = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


VECTORS = {
    "normal": file(f'{{"a":{ONE}}}', FOUR),
    "empty object": file("{}"),
    "spaces, tabs, newlines before the object": file(f' \t\n{{"a":{ONE}}}', FOUR),
    "spaces, tabs, newlines after the object": file(f'{{"a":{ONE}}} \t\n', FOUR),
    "extra key in an entry": file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":[null]}}', FOUR),
    "scalar": file(f'{{"a":{entry(shape="[]")}}}', FOUR),
    "zero dimension": file(f'{{"a":{entry(shape="[0,3]", offsets="[0,0]")}}}'),
    "same key twice, same offsets": file(f'{{"a":{ONE},"a":{ONE}}}', FOUR),
    "metadata object": file(f'{{"__metadata__":{{"format":"pt"}},"a":{ONE}}}', FOUR),
    "metadata null": file(f'{{"__metadata__":null,"a":{ONE}}}', FOUR),
    "metadata empty": file(f'{{"__metadata__":{{}},"a":{ONE}}}', FOUR),
    "empty tensor name": file(f'{{"":{ONE}}}', FOUR),
    "unicode escape in a name": file(f'{{"\\u00e9":{ONE}}}', FOUR),
    "entries not in offset order": file(pair("[4,8]", "[0,4]"), FOUR * 2),
    "empty file": b"",
    "seven bytes": b"\0" * 7,
    "length 0": file("", length=0),
    "length beyond the file": file("{}", length=3),
    "length 2^63": file("{}", length=2**63),
    "length 100 000 001": file("{}", length=100_000_001),
    "not UTF-8": file(b'{"\xff":' + ONE.encode() + b"}", FOUR),
    "not JSON": file("hello"),
    "array on top": file("[]"),
    "data after an empty object": file("{}", FOUR),
    "byte-order mark": file(b"\xef\xbb\xbf{}"),
    "NUL padding": file(b"{}\0\0\0\0\0\0"),
    "hole at the start": file(f'{{"a":{entry(offsets="[4,8]")}}}', FOUR * 2),
    "overlap": file(pair("[0,4]", "[2,6]"), b"\0" * 6),
    "gap": file(pair("[0,4]", "[8,12]"), FOUR * 3),
    "begin after end": file(f'{{"a":{entry(offsets="[4,0]")}}}', FOUR),
    "negative offset": file(f'{{"a":{entry(offsets="[-4,0]")}}}', FOUR),
    "fractional offset": file(f'{{"a":{entry(offsets="[0,4.0]")}}}', FOUR),
    "string offset": file(f'{{"a":{entry(offsets=chr(91) + "0," + chr(34) + "4" + chr(34) + "]")}}}',
                          FOUR),
    "three offsets": file(f'{{"a":{entry(offsets="[0,4,4]")}}}', FOUR),
    "2e0 in a shape": file(f'{{"a":{entry(shape="[2e0]", offsets="[0,8]")}}}', FOUR * 2),
    "size mismatch": file(f'{{"a":{entry(shape="[2]")}}}', FOUR),
    "unknown dtype": file(f'{{"a":{entry(dtype="F31")}}}', FOUR),
    "lower-case dtype": file(f'{{"a":{entry(dtype="f32")}}}', FOUR),
    "missing dtype": file('{"a":{"shape":[1],"data_offsets":[0,4]}}', FOUR),
    "shape product overflow": file(
        f'{{"a":{entry(shape="[4294967296,4294967296,4]", offsets="[0,0]")}}}'),
    "negative dimension": file(f'{{"a":{entry(shape="[-1]")}}}', FOUR),
    "data too short": file(f'{{"a":{ONE}}}', FOUR[:3]),
    "data too long": file(f'{{"a":{ONE}}}', FOUR + b"\0"),
    "same key twice, other offsets": file(
        f'{{"a":{ONE},"a":{entry(offsets="[4,8]")}}}', FOUR * 2),
    "integer in metadata": file(f'{{"__metadata__":{{"n":1}},"a":{ONE}}}', FOUR),
    "lone surrogate": file(f'{{"\\ud800":{ONE}}}', FOUR),
    "trailing comma": file(f'{{"a":{ONE},}}', FOUR),
    "NaN": file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":NaN}}', FOUR),
    "nesting of 200": file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":' + "[" * 200 + "]" * 200 + "}}",
        FOUR),
    # Beyond the list of anchors.md d.2:
    "negative zero offset": file(f'{{"a":{entry(offsets="[-0,4]")}}}', FOUR),
    "byte count overflow": file(
        f'{{"a":{entry(dtype="F64", shape="[4611686018427387904]", offsets="[0,0]")}}}'),
    "zero after an overflow": file(
        f'{{"a":{entry(shape="[4294967296,4294967296,0]", offsets="[0,0]")}}}'),
    "zero-size tensors at one place": file(
        f'{{"b":{entry(shape="[0]", offsets="[4,4]")},"a":{ONE},'
        f'"c":{entry(shape="[0]", offsets="[0,0]")}}}', FOUR),
    "four bits of half a byte": file(f'{{"a":{entry(dtype="F4", shape="[3]", offsets="[0,2]")}}}',
                                     b"\0\0"),
    "eight times four bits": file(f'{{"a":{entry(dtype="F4", shape="[8]")}}}', FOUR),
    "four times six bits": file(
        f'{{"a":{entry(dtype="F6_E2M3", shape="[4]", offsets="[0,3]")}}}', b"\0" * 3),
    "missing shape": file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', FOUR),
    "missing offsets": file('{"a":{"dtype":"F32","shape":[1]}}', FOUR),
    "entry is a string": file('{"a":"F32"}'),
    "key twice in an entry": file(
        '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "metadata is an array": file(f'{{"__metadata__":[],"a":{ONE}}}', FOUR),
    "text after the object": file(f'{{"a":{ONE}}} x', FOUR),
}
for name in ("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"):
    VECTORS[f"dtype {name}"] = file(
        f'{{"a":{entry(dtype=name, shape="[4]")}}}', FOUR)
for name in ("I16", "U16", "F16", "BF16"):
    VECTORS[f"dtype {name}"] = file(f'{{"a":{entry(dtype=name, shape="[2]")}}}', FOUR)
for name in ("I32", "U32", "F32"):
    VECTORS[f"dtype {name}"] = file(f'{{"a":{entry(dtype=name)}}}', FOUR)
for name in ("I64", "U64", "F64", "C64"):
    VECTORS[f"dtype {name}"] = file(
        f'{{"a":{entry(dtype=name, offsets="[0,8]")}}}', FOUR * 2)


def verdict(raw):
    try:
        safetensors.deserialize(raw)
        return {"accepted": True, "reason": ""}
    except (safetensors.SafetensorError, ValueError) as error:
        return {"accepted": False, "reason": str(error)[:100].split("`")[0]}


def text(raw):
    return base64.b64encode(raw).decode()


def floats():
    values = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, -6.1e-5, 3.14159, 1e-3, -1e4])
    types = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32,
             "f64": torch.float64}
    tensors = {name: values.to(kind).reshape(2, 5) for name, kind in types.items()}
    tensors["i64"] = torch.tensor([0, -1, 2**53 + 1, -2**62])
    tensors["u8"] = torch.tensor([1, 2], dtype=torch.uint8)
    return {
        "file": text(save(tensors, metadata={"format": "pt"})),
        "values": {name: tensor(tensors[name]) for name in types},
        "i64": tensors["i64"].tolist(),
    }


def written():
    tensors = {"b.weight": torch.tensor([[1.0, -2.0, 3.5], [0.1, 1e-8, -0.0]]),
               "a": torch.tensor(7.0), "é": torch.zeros(0, 4), "b.bias": torch.tensor([0.25, 4.0])}
    return {"file": text(save(tensors, metadata={"format": "pt"})),
            "tensors": {name: tensor(value) for name, value in tensors.items()}}


vectors = [{"name": name, "file": text(raw), **verdict(raw)} for name, raw in VECTORS.items()]
write("safetensors/vectors.json",
      {"vectors": vectors, "floats": floats(), "written": written()}, __file__,
      versions(safetensors), "files in base64; verdicts of safetensors.deserialize")
