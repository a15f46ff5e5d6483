"""Model folders: config.json, model.safetensors, the tokenizer's files."""
import json
import os
import struct

from cases import ANSWER, EVALUATE, PREDICT, Case, many
from world import MODEL_CONFIG, TOKENIZER, VOCABULARY, changed, random_weights, safetensors

BIG = 2 ** 63 - 1
WORDS = "bert.embeddings.word_embeddings.weight"


def config_json(name, changes, command=PREDICT):
    Case(f"config.json: {name}", command, {"model/config.json": changed(MODEL_CONFIG, changes)})


def config_json_text(name, text):
    Case(f"config.json: {name}", PREDICT, {"model/config.json": text})


def weights(name, content, command=PREDICT):
    Case(f"safetensors: {name}", command, {"model/model.safetensors": content})


def header(name, change):
    """A file whose header is changed and whose data are right."""
    weights(name, safetensors(random_weights(), change))


def value(name, tensor, number, command=EVALUATE):
    found = random_weights()
    found[tensor][1][1] = number
    weights(name, safetensors(found), command)


def tokenizer(name, changes, command=PREDICT):
    Case(f"tokenizer.json: {name}", command, {"model/tokenizer.json": changed(TOKENIZER, changes)})


def vocab(name, content):
    Case(f"vocab.txt: {name}", PREDICT, {"model/tokenizer.json": None, "model/vocab.txt": content})


def folder(name, spoil, command=PREDICT):
    """A folder in which files are replaced by other things; `spoil` gets a function to paths."""
    Case(f"model folder: {name}", command, spoil=spoil)


def replace(path, make):
    os.remove(path)
    make(path)


# config.json
for name, text in {"empty": "", "an array": "[]", "cut": '{"model_type": "be', "binary": bytes(256), "deep": "[" * 10 ** 6,
                   "a number": "1e5", "a megabyte of zeros": "[" + "0," * 500_000 + "0]"}.items():
    config_json_text(name, text)
for key in ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings", "type_vocab_size"]:
    for number in [-1, 2 ** 31, 2 ** 62 + 2, BIG, 2 ** 64, "8", 1.5]:
        config_json(f"{key} {number}", {key: number})
for key, numbers in {"num_hidden_layers": [3, 999, 10 ** 6, 10 ** 9], "hidden_size": [2 ** 16], "vocab_size": [2 ** 24, 1],
                     "intermediate_size": [2 ** 20], "max_position_embeddings": [2 ** 20, 3], "type_vocab_size": [256]}.items():
    for number in numbers:
        config_json(f"{key} {number}", {key: number})
for number in [0, -1, 10 ** 6, 10 ** 9, BIG]:
    if number > 0:
        config_json(f"num_labels {number}", {"id2label": ..., "num_labels": number})
config_json("model_type", {"model_type": "gpt2"})
config_json("model_type with an escape", {"model_type": "\x1b[31mbert"})
config_json("no model_type", {"model_type": ...})
config_json("relative positions", {"position_embedding_type": "relative_key"})
config_json("hidden_act", {"hidden_act": "mish"})
config_json("dropout", {"hidden_dropout_prob": 2})
config_json("layer_norm_eps", {"layer_norm_eps": -1})
config_json("pad_token_id", {"pad_token_id": -1})
config_json("id2label is an array", {"id2label": ["a", "b"]})
config_json("id2label with a hole", {"id2label": {"0": "a", "2": "b"}})
config_json("id2label empty", {"id2label": {}})
config_json("id2label with numbers", {"id2label": {"0": 1, "1": 2}})
config_json("id2label with escapes", {"id2label": {"0": "\x1b[31mred", "1": "b\nerror: x"}})
config_json("three labels", {"id2label": {"0": "a", "1": "b", "2": "c"}})
config_json("100000 labels", {"id2label": {str(i): f"l{i}" for i in range(100_000)}})
config_json("finetuning_task with an escape", {"finetuning_task": "\x1b[2J"}, "mate-kd evaluate --model model --data data --bootstrap 0")

# model.safetensors
good = safetensors(random_weights())
for name, content in {
    "empty": b"", "five bytes": b"12345", "a text": b"this is no safetensors file at all\n" * 10, "cut in the header": good[:100],
    "cut in the data": good[:-4], "longer than its header says": good + b"\0\0\0\0", "header of 2^63 bytes": struct.pack("<Q", 2 ** 63) + good[8:],
    "header of 90 MB": struct.pack("<Q", 90_000_000) + good[8:], "header of 0 bytes": struct.pack("<Q", 0) + good[8:],
    "empty header": struct.pack("<Q", 2) + b"{}", "header is an array": struct.pack("<Q", 2) + b"[]",
    "header is deep": struct.pack("<Q", 10 ** 6) + b"[" * 10 ** 6, "a pickle": b"\x80\x04\x95" + bytes(100),
    "ten million zeros in the header": struct.pack("<Q", 10 ** 7 + 2) + b"[" + b"0," * (5 * 10 ** 6) + b"]",
}.items():
    weights(name, content)
header("a name twice", safetensors(random_weights())[8:].split(b'{"dtype"')[0] + b'{}, "a": 1, "a": 1}')
header("metadata with a number", lambda h: {"__metadata__": {"a": 1}, **h})
header("a control character in a name", lambda h: {name.replace("pooler.dense.weight", "pooler\x1b[31m"): e for name, e in h.items()})
header("newline in a name", lambda h: {name.replace("pooler.dense.weight", "a\nerror: b"): e for name, e in h.items()})
for name, change in {
    "dtype F99": {"dtype": "F99"}, "dtype I64": {"dtype": "I64"}, "dtype F16": {"dtype": "F16"}, "dtype with an escape": {"dtype": "\x1b[1m"},
    "shape with a wrap": {"shape": [2 ** 62 + 2, 4]}, "shape 2^62": {"shape": [2 ** 62, 2]}, "shape 2^32 x 2^32": {"shape": [2 ** 32, 2 ** 32]},
    "negative shape": {"shape": [-8, -8]}, "shape 2^64": {"shape": [2 ** 64]}, "shape is a text": {"shape": "8"}, "flat shape": {"shape": [64]},
    "a million dimensions": {"shape": [1] * 10 ** 6}, "no shape": {"shape": None}, "negative offsets": {"data_offsets": [-8, 248]},
    "falling offsets": {"data_offsets": [256, 0]}, "offsets beyond the file": {"data_offsets": [0, 2 ** 62]},
    "offsets of the largest number": {"data_offsets": [BIG - 256, BIG]}, "three offsets": {"data_offsets": [0, 1, 2]}, "a hole": {"data_offsets": [4, 4]},
}.items():
    header(name, lambda h, change=change: {**h, "bert.pooler.dense.weight": {**h["bert.pooler.dense.weight"], **change}})
for number in [float("nan"), float("inf"), -float("inf")]:
    value(f"{number} in the word embeddings", WORDS, number)
    value(f"{number} in the classifier's bias", "classifier.bias", number, PREDICT)
    value(f"{number} in a teacher", "bert.encoder.layer.1.output.dense.bias", number, "mate-kd distill --config distill.json")
for name in [WORDS, "classifier.weight", "bert.encoder.layer.0.attention.self.query.weight", "bert.embeddings.LayerNorm.bias"]:
    weights(f"without {name}", safetensors({k: v for k, v in random_weights().items() if k != name}))
weights("of another width", safetensors({k: ([*s[:-1], 2 * s[-1]], v + v) for k, (s, v) in random_weights().items()}))

# pytorch_model.bin
HOSTILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/Goldens/pytorch")
for name in sorted(os.listdir(HOSTILE)):
    if name.startswith("refused-"):
        with open(os.path.join(HOSTILE, name), "rb") as file:
            Case(f"pytorch_model.bin: {name[8:-4]}", PREDICT, {"model/model.safetensors": None, "model/pytorch_model.bin": file.read()})
Case("pytorch_model.bin: a pipe", PREDICT, {"model/model.safetensors": None}, lambda at: os.mkfifo(at("model/pytorch_model.bin")))
Case("pytorch_model.bin: 100 GB of nothing", PREDICT, {"model/model.safetensors": None, "model/pytorch_model.bin": b"PK\3\4"},
     lambda at: os.truncate(at("model/pytorch_model.bin"), 10 ** 11))

# An index and its shards.
SHARD = "model-00001-of-00001.safetensors"


def index(name, content, spoil=None):
    Case(f"index: {name}", PREDICT, {"model/model.safetensors": None, f"model/{SHARD}": good, "model/model.safetensors.index.json": content}, spoil)


def shards(shard):
    return {"weight_map": {name: shard for name in random_weights()}}


for name, shard in {"..": "../model/" + SHARD, "absolute": "/etc/passwd", "above": "../../../../etc/passwd", "empty": "", "dot dot alone": "..", "a dot": ".",
                    "NUL": SHARD + "\0x", "a sub-folder": "a/b", "missing": "nowhere.safetensors", "an escape": "\x1b[31m", "5000 letters": "x" * 5000}.items():
    index(f"shard is {name}", shards(shard))
index("a link that leads out", shards("link.safetensors"), lambda at: os.symlink("/etc/passwd", at("model/link.safetensors")))
index("a link to a right file elsewhere", shards("link.safetensors"), lambda at: (os.rename(at(f"model/{SHARD}"), at("away")), os.symlink(at("away"), at("model/link.safetensors"))))
index("no weight_map", {})
index("weight_map is an array", {"weight_map": []})
index("shard is a number", shards(3))
index("an unknown tensor", {"weight_map": {"nothing": SHARD}})
index("cut", '{"weight_map": {')

# tokenizer.json and its neighbours
for name, text in {"empty": "", "an array": "[]", "cut": '{"model": {', "deep": "[" * 10 ** 5, "binary": bytes(range(256))}.items():
    Case(f"tokenizer.json: {name}", PREDICT, {"model/tokenizer.json": text})
pair, single = "post_processor.pair", "post_processor.single"
cls = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
for name, changes in {
    "no model": {"model": ...}, "a model Unigram": {"model.type": "Unigram"}, "no vocab": {"model.vocab": ...}, "empty vocab": {"model.vocab": {}},
    "ids with a hole": {"model.vocab": {"[PAD]": 0, "x": 2}}, "negative id": {"model.vocab": {"[PAD]": -1}}, "id 2^31": {"model.vocab.extra": 2 ** 31},
    "id 2^63": {"model.vocab.extra": 2 ** 63}, "id twice": {"model.vocab.extra": 3}, "a token more than the model has": {"model.vocab.extra": len(VOCABULARY)},
    "max_input_chars_per_word": {"model.max_input_chars_per_word": BIG}, "negative max_input_chars_per_word": {"model.max_input_chars_per_word": -1},
    "normalizer NFKC": {"normalizer.type": "NFKC"}, "normalizer with an escape": {"normalizer.type": "\x1b[31m"}, "pre-tokenizer": {"pre_tokenizer.type": "Digits"},
    "added token beyond": {"added_tokens": [{"id": 10 ** 9, "content": "x"}]}, "added token 2^40": {"added_tokens": [{"id": 2 ** 40, "content": "x"}]},
    "added token of another": {"added_tokens": [{"id": 3, "content": "x"}]}, "added token without content": {"added_tokens": [{"id": 3}]},
    "single_word": {"added_tokens": [{"id": len(VOCABULARY), "content": "x", "single_word": True}]},
    "template with 200 special tokens": {single: [cls] * 200 + [{"Sequence": {"id": "A", "type_id": 0}}]}, "template without the text": {single: [cls]},
    "template with the text twice": {single: [{"Sequence": {"id": "A", "type_id": 0}}] * 2}, "template with a third text": {pair: [{"Sequence": {"id": "C", "type_id": 0}}]},
    "segment 256": {f"{single}.1.Sequence.type_id": 256}, "segment -1": {f"{single}.1.Sequence.type_id": -1},
    "a special token of nobody": {f"{single}.0.SpecialToken.id": "[X]"}, "a special token beyond": {"post_processor.special_tokens.[CLS].ids": [10 ** 6]},
    "a special token below": {"post_processor.special_tokens.[CLS].ids": [-1]}, "a million special tokens": {"post_processor.special_tokens.[CLS].ids": [2] * 10 ** 6},
    "BertProcessing beyond": {"post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 10 ** 9], "sep": ["[SEP]", 3]}},
    "post-processor": {"post_processor.type": "Magic"}, "no special tokens": {"model.vocab": {"a": 0, "b": 1}, "added_tokens": [], "post_processor": None},
    "BPE without merges": {"model.type": "BPE"}, "merges of unknown tokens": {"model.type": "BPE", "model.merges": ["q z"], "normalizer": None, "pre_tokenizer": {"type": "ByteLevel"}},
}.items():
    tokenizer(name, changes)
for segment in [2, 255]:
    tokenizer(f"segment {segment} of 2", {f"{single}.1.Sequence.type_id": segment})
    tokenizer(f"segment {segment} of 2 in pairs", {f"{pair}.3.Sequence.type_id": segment}, PREDICT.replace("sst-2", "rte").replace("in.txt", "data/dev.tsv"))
    tokenizer(f"segment {segment} of 2 in a teacher", {f"{single}.0.SpecialToken.type_id": segment}, "mate-kd distill --config distill.json")
for name, settings in {"an array": [], "cls_token is a number": {"cls_token": 3}, "unknown cls_token": {"cls_token": "[NOPE]"}, "flag": {"do_lower_case": "yes"},
                       "token with an escape": {"sep_token": "\x1b[31m"}, "added token with a wild id": {"added_tokens_decoder": {"x": {"content": "y"}}}}.items():
    Case(f"tokenizer_config.json: {name}", PREDICT, {"model/tokenizer_config.json": settings})
Case("tokenizer.json: a long added token", PREDICT, {"model/tokenizer.json": changed(TOKENIZER, {
    "added_tokens": TOKENIZER["added_tokens"] + [{"id": len(VOCABULARY), "content": "x" * 257}]})})
Case("all is well: 2,000 added tokens with one beginning", "mate-kd tokenize --model model", {
    "in.txt": "a" * 3_000_000 + "\n", "model/tokenizer.json": changed(TOKENIZER, {
        "added_tokens": TOKENIZER["added_tokens"] + [
            {"id": len(VOCABULARY) + n, "content": "a" * (n % 200 + 1) + f"[{n}]"} for n in range(2000)]})},
    stdin="in.txt", is_good=True)
Case("special_tokens_map.json: 200,000 special tokens", PREDICT, {
    "model/special_tokens_map.json": {"additional_special_tokens": [f"[S{n}]" for n in range(200_000)]}})
vocab("empty", "")
vocab("without [CLS]", "\n".join(w for w in VOCABULARY if w != "[CLS]"))
vocab("not UTF-8", b"[PAD]\n\xff\xfe\n")
vocab("a token more than the model has", "\n".join(VOCABULARY + ["more"]))
vocab("a million lines", "\n".join(VOCABULARY + [str(i) for i in range(10 ** 6)]))
vocab("twelve million lines", many("\n".join(VOCABULARY), 12_000_000, lambda n: f"\n{n}", "\n"))
beginning, end = json.dumps(changed(TOKENIZER, {"model.vocab": {"more": -1}})).split('"more": -1')
Case("tokenizer.json: five million tokens", PREDICT, {"model/tokenizer.json": many(beginning, 5_000_000, lambda n: f'"{n}":{n},', '"":-1' + end)})

# Things that are no files, and files that are not there.
for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]:
    folder(f"{name} is a pipe", lambda at, name=name: replace(at(f"model/{name}"), os.mkfifo))
    folder(f"{name} is a folder", lambda at, name=name: replace(at(f"model/{name}"), os.mkdir))
    folder(f"{name} is /dev/zero", lambda at, name=name: replace(at(f"model/{name}"), lambda path: os.symlink("/dev/zero", path)))
for name in ["config.json", "model.safetensors"]:
    folder(f"{name} is a link to itself", lambda at, name=name: replace(at(f"model/{name}"), lambda path: os.symlink(path, path)))
    folder(f"without {name}", lambda at, name=name: os.remove(at(f"model/{name}")))
folder("without a tokenizer", lambda at: [os.remove(at(f"model/{name}")) for name in ["vocab.txt", "tokenizer.json"]])
folder("task.json is a pipe", lambda at: os.mkfifo(at("model/task.json")))
folder("model.safetensors is 100 GB of nothing", lambda at: os.truncate(at("model/model.safetensors"), 10 ** 11))
folder("config.json is 100 GB of nothing", lambda at: os.truncate(at("model/config.json"), 10 ** 11))
folder("vocab.txt is a pipe", lambda at: (os.remove(at("model/tokenizer.json")), replace(at("model/vocab.txt"), os.mkfifo)))
Case("model folder: a classifier that shall answer questions", ANSWER.replace("--model qa", "--model model"))
Case("model folder: answers that shall classify", EVALUATE.replace("--model model", "--model qa"))
