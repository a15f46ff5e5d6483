"""Seeds of the fuzz targets: small inputs that reach most of what a reader knows.

Writes Fuzz/Corpus/TARGET/seed-NAME. Files of one input are separated by the byte 0x1E. Needs only
the standard library. Run: ${PYTHON:-python3} scripts/goldens/fuzz_seeds.py
"""

import base64
import gzip
import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "Fuzz" / "Corpus"


def seed(target, name, *parts):
    """Writes one input; a part is text, bytes, or a value to be written as JSON."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(b"\x1e".join(map(encoded, parts)))


def encoded(part):
    if isinstance(part, bytes):
        return part
    return (part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)).encode()


def safetensors(tensors, **metadata):
    """A safetensors file of (name, dtype, shape, bytes)."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, dtype, shape, content in tensors:
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def fnv1a64(content):
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


# JSON
seed("json", "values",
     '{"a": [1, -2.5e-3, 0, 1E+9], "b": {"": null, "c": true}, "d": [false, {}, []]}')
seed("json", "strings",
     '["\\u00e9\\ud83d\\ude00\\n\\t\\b\\f\\r\\/\\\\\\"", "é😀\u0301", "e\u0301"]\r\n')
seed("json", "nested", "[" * 12 + "{\"k\": " * 3 + "0" + "}" * 3 + "]" * 12)

# Configurations, with options as of --set
TRAIN = {"max_steps": 10, "learning_rate": 1e-3, "warmup_ratio": 0.1, "eval_strategy": "steps",
         "eval_steps": 5, "save_strategy": "steps", "save_steps": 5, "save_total_limit": 2,
         "lr_scheduler_type": "cosine", "load_best_model_at_end": True}
SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 64, "max_position_embeddings": 64}
DISTILL = {"output_dir": "out", "seed": 7, "threads": 2, "task": {
               "name": "mine", "data_dir": "data", "format": "csv", "text": "text", "label": -1,
               "labels": ["no", "yes"], "separator": ";", "header": True},
           "teacher": {"model_name_or_path": "teacher"}, "student": {"from_teacher_layers": [0, 2]},
           "method": {"name": "kd", "temperature": 2.0, "loss_weights": {"ce": 0.5, "kd": 0.5}},
           "train": TRAIN}
seed("configuration", "distill", DISTILL, "train.max_steps=5\nmethod.temperature=3\n")
for name in ["mate-kd", "cilda", "tinybert", "as-dfd", "codir"]:
    seed("configuration", name, {**DISTILL, "generator": {"model_name_or_path": "generator"},
                                 "student": {"config": SHAPE}, "method": {"name": name}})
seed("configuration", "teacher", {"output_dir": "out", "task": {"name": "sst-2", "data_dir": "d"},
                                  "model": {"model_name_or_path": "m"}, "train": TRAIN})
seed("configuration", "pretrain", {"output_dir": "out", "corpus": {"files": ["a.txt"]},
                                   "max_seq_length": 32, "mlm": {"mlm_probability": 0.2},
                                   "model": {"config": SHAPE, "vocab": "vocab.txt"}})
seed("configuration", "study", {
    "output_dir": "study", "seeds": [1, 2], "keep_models": False, "reference": "kd",
    "base": {key: DISTILL[key] for key in ["teacher", "student", "train"]},
    "tasks": {"sst-2": {"task": {"name": "sst-2", "data_dir": "d"}}},
    "methods": {"kd": {"method": {"name": "kd"}}, "mate-kd": {"method": {"name": "mate-kd"}}}})

# Models' config.json
BERT = {"model_type": "bert", "architectures": ["BertForSequenceClassification"],
        "vocab_size": 40, **SHAPE, "type_vocab_size": 2, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "layer_norm_eps": 1e-12,
        "initializer_range": 0.02, "pad_token_id": 0, "position_embedding_type": "absolute"}
seed("model-configuration", "bert", {**BERT, "id2label": {"0": "no", "1": "yes"}, "label2id": {
    "no": 0, "yes": 1}, "problem_type": "single_label_classification", "finetuning_task": "sst-2"})
seed("model-configuration", "roberta", {**BERT, "model_type": "roberta", "num_labels": 3,
                                        "classifier_dropout": 0.2, "pad_token_id": 1})
seed("model-configuration", "distilbert", {
    "model_type": "distilbert", "vocab_size": 40, "dim": 32, "n_layers": 2, "n_heads": 2,
    "hidden_dim": 64, "max_position_embeddings": 64, "dropout": 0.1, "attention_dropout": 0.1,
    "seq_classif_dropout": 0.2, "qa_dropout": 0.1, "activation": "relu",
    "sinusoidal_pos_embds": True, "problem_type": "multi_label_classification",
    "id2label": {"0": "a", "1": "b", "2": "c"}})

# Safetensors
seed("safetensors", "types", safetensors(
    [("a", "F32", [2, 2], floats(1, -2, 0.5, 1e-40)),
     ("b", "F16", [3], b"\x00\x3c\x01\x80\xff\x7b"),
     ("c", "BF16", [1, 2], b"\x80\x3f\x01\x00"), ("d", "F64", [], struct.pack("<d", 0.1)),
     ("e", "I64", [2], struct.pack("<2q", -1, 2**62)), ("f", "BOOL", [1], b"\x01"),
     ("g", "F32", [0, 4], b"")], format="pt"))
seed("safetensors", "empty", safetensors([]))

# Files of torch.save; the fuzzer takes the other goldens of them, too
for name in ["old", "accepted-by-hand", "accepted-stride-of-one"]:
    seed("pytorch", name, (ROOT / "Tests" / "Goldens" / "pytorch" / f"{name}.bin").read_bytes())

# Rows: the section task, and a file
OWN = {"name": "mine", "data_dir": "d", "labels": ["no", "yes"], "label": "label"}
seed("rows", "tsv", {**OWN, "format": "tsv", "text": 0, "label": -1},
     "a good film\tyes\nbad\tno\r\n\n")
seed("rows", "csv",
     {**OWN, "format": "csv", "text": "text", "text_pair": "other", "separator": ";"},
     'label;text;other\r\nyes;"a ""quoted""; text\nof lines";b\nno;é;\n')
seed("rows", "jsonl", {**OWN, "format": "jsonl", "text": "t", "multi_label": True},
     '{"t": "one", "label": ["yes"]}\n\n{"label": [], "t": "two"}\n'
     '{"t": "three", "label": ["no", "yes"]}\n')
seed("rows", "json", {**OWN, "format": "json", "text": "t"},
     '\ufeff [{"t": "one", "label": "yes"},\n {"label": "no", "t": "two", "n": null}]\n')
seed("rows", "gzip", {**OWN, "format": "csv", "text": "text"},
     gzip.compress(b"sep=,\r\ntext,label\r\n", mtime=0)
     + gzip.compress(b'"one, two",yes\r\nb,no\r\n', mtime=0) + bytes(8))
seed("rows", "scores",
     {"name": "mine", "data_dir": "d", "format": "tsv", "text": "a", "text_pair": "b", "label": "s",
      "score_range": [0, 5]}, "\ufeffa\tb\ts\none\ttwo\t4.5\nx\ty\t-0\n")
seed("rows", "several", {**OWN, "format": "csv", "text": 1, "label": 0, "multi_label": True,
                         "label_separator": "|"}, "no | yes,text\n,none\n")
for name, text in [
    ("sst-2", "sentence\tlabel\nfine \t1\nbad \t0\n"),
    ("mrpc", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tone \" quote\ttwo\n"),
    ("cola", "gj04\t1\t\tA sentence.\ngj04\t0\t*\tSentence a.\n"),
    ("snli", '{"gold_label": "entailment", "sentence1": "a", "sentence2": "b"}\n'
             '{"gold_label": "-", "sentence1": "c", "sentence2": "d"}\n'),
    ("advglue-sst-2", '{"sst2": [{"sentence": "fine", "label": 1, "idx": 0}]}'),
    ("ag-news", '"3","Title","A \\\\ text"\n"1","b","c"\n'),
]:
    seed("rows", name, {"name": name, "data_dir": "d"}, text)

# SQuAD
CONTEXT = "The cat sat on the mat, é and 😀 too, for a long while. Then the dog came home."
seed("squad", "v2", {"version": "v2.0", "data": [{"title": "t", "paragraphs": [
    {"context": CONTEXT, "qas": [
        {"id": "1", "question": "Who sat?", "is_impossible": False,
         "answers": [{"text": "cat", "answer_start": 4}, {"text": "dog", "answer_start": 0}]},
        {"id": "2", "question": " Where on earth and why at all? ", "is_impossible": True,
         "answers": [], "plausible_answers": []}]}, {"context": "", "qas": []}]}]})
seed("squad", "v1", {"data": [{"paragraphs": [{"context": CONTEXT, "qas": [
    {"id": "a", "question": "q",
     "answers": [{"text": "😀", "answer_start": CONTEXT.index("😀")}]},
    {"id": "b", "question": ""}]}]}]})

# Tokenizers
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = SPECIAL + ["a", "##a", "b", "##b", "ab", "##ing", "é", "e", "中", ",", "[new]", "##é"]
TEXT = "ab aing, Éa [MASK] 中b  a\u0301 [new]a \U0001f600\t[SEP]\n"
SETTINGS = {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": True,
            "mask_token": {"content": "[MASK]", "lstrip": True}}
seed("wordpiece", "lines", "\n".join(PIECES) + "\n", "", TEXT)
seed("wordpiece", "settings", "\r\n".join(PIECES), {**SETTINGS, "added_tokens_decoder": {
    "15": {"content": "[new]", "lstrip": True, "normalized": False, "special": False}}}, TEXT)

NAMES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SYMBOLS = NAMES + ["a", "b", "Ġ", "c", "Ã", "©", "Ċ", "ab", "Ġa", "abc", "Ã©", "Ġab"]
VOCABULARY = {token: number for number, token in enumerate(SYMBOLS)}
MERGES = ["a b", "Ġ a", "ab c", "Ã ©", "Ġ ab"]
BYTES = "ab abc  é a'b cab1 <mask>c\n\n ab\U0001f600"
seed("bpe", "files", VOCABULARY, "#version: 0.2\n" + "\n".join(MERGES) + "\n", "", BYTES)
seed("bpe", "prefix", VOCABULARY, "\n".join(MERGES),
     {"add_prefix_space": True, "tokenizer_class": "RobertaTokenizer"},
     BYTES.encode() + b"\xff\xc3")

ADDED = [{"id": number, "content": name, "special": True, "single_word": False, "lstrip": False,
          "rstrip": False, "normalized": False} for number, name in enumerate(SPECIAL)]
PROCESSOR = {"type": "TemplateProcessing", "single": [
    {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}], "pair": [
    {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
    {"SpecialToken": {"id": "[SEP]", "type_id": 1}}], "special_tokens": {
    "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
    "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}
seed("tokenizer-json", "wordpiece", {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": ADDED,
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                   "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": PROCESSOR,
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 10,
              "vocab": {token: number for number, token in enumerate(PIECES)}}}, SETTINGS, TEXT)
seed("tokenizer-json", "bpe", {
    "version": "1.0", "added_tokens": [
        {"id": number, "content": name, "special": True, "lstrip": name == "<mask>"}
        for number, name in enumerate(NAMES)],
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}]},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                       "trim_offsets": True, "add_prefix_space": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "fuse_unk": True,
              "ignore_merges": False, "vocab": VOCABULARY,
              "merges": [merge.split() for merge in MERGES]}}, "", BYTES)

# A charsmap of one rule, "é" to "e", padded to a block of units; unit 1 ^ byte is the edge of a
# byte.
UNITS = [0] * 256
UNITS[0] = 1 << 10
UNITS[1 ^ 0xC3] = 0xC3 | (1 ^ 0xC3 ^ 2) << 10
UNITS[2 ^ 0xA9] = 0xA9 | 1 << 8 | (2 ^ 0xA9 ^ 4) << 10
UNITS[4] = 1 << 31
CHARSMAP = struct.pack("<257I", 1024, *UNITS) + b"e\0"
seed("tokenizer-json", "unigram", {
    "version": "1.0", "added_tokens": [
        {"id": number, "content": name, "special": True, "lstrip": name == "<mask>",
         "normalized": name == "<mask>"} for number, name in enumerate(NAMES)],
    "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(CHARSMAP).decode()},
        {"type": "Strip", "strip_left": False, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
        {"type": "Replace", "pattern": {"String": "--"}, "content": "-"}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]},
    "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": True, "vocab": [
        *[[name, 0] for name in NAMES], ["▁", -2.5], ["a", -3], ["b", -3], ["ab", -5.5],
        ["▁ab", -4.000000000000001], ["e", -6], ["<0xF0>", -9], ["<0x9F>", -9], ["<0x98>", -9],
        ["<0x80>", -9]]}},
     {"tokenizer_class": "TokenizersBackend"}, "ab éab  b--a <mask>c<s> ▁ab\t\U0001f600")

# Checkpoints
TRAINER = {"global_step": 4, "batch_number": 4, "epochs_begun": 1, "batches_taken": 4, "stage": 0,
           "loss_sum": 2.5, "texts": 16, "tokens": 99, "seconds": 0.5,
           "window": [["loss", 1.25, 2], ["learning_rate", 0.001, 1]],
           "log_history": [{"epoch": 0.5, "loss": 0.7, "step": 2}]}
STATE = json.dumps({"format": 1, "run": {
    "command": "distill", "config": {"seed": 7, "threads": 2}, "data_hashes": {"train": "00"},
    "versions": {"mate_kd": "0.6"}, "shards": 2}, "parts": {"trainer": TRAINER, "optimizer.0": {
        "steps": 4}}}).encode()
ARRAYS = safetensors([("weights.0/values", "F32", [3], floats(1, 2, 3)),
                      ("optimizer.0/moments", "F32", [2, 3], floats(*range(6)))])
MANIFEST = {"format": 1, "files": {
    name: {"bytes": len(content), "fnv1a64": fnv1a64(content)}
    for name, content in [("training_state.json", STATE), ("training_state.safetensors", ARRAYS)]}}
seed("checkpoint", "whole", MANIFEST, STATE, ARRAYS)
seed("checkpoint", "changed", MANIFEST, STATE.replace(b"2.5", b"null"), ARRAYS)
