"""A small world in which everything is right: models, data and configurations. A case spoils a part.

The models are tiny and random. They are written here, so that no case waits for a training run.
"""
import copy
import json
import os
import random
import struct

WORDS = ("the film movie plot acting is was not very good bad fine dull and but it a of to in who what "
         "where , . ? ##s ##ing ##ly").split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
WIDTH, LAYERS, INNER, POSITIONS = 8, 2, 16, 64

MODEL_CONFIG = {
    "architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": INNER,
    "hidden_act": "gelu", "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
    "vocab_size": len(VOCABULARY), "id2label": {"0": "negative", "1": "positive"},
    "finetuning_task": "sst-2", "problem_type": "single_label_classification",
}
TOKENIZER = {
    "version": "1.0", "added_tokens": [
        {"id": i, "content": VOCABULARY[i], "special": True, "normalized": False} for i in range(5)],
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                   "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                           "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": {word: i for i, word in enumerate(VOCABULARY)}},
}
SQUAD = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{
    "context": "the film is good", "qas": [{
        "id": "1", "question": "what is good ?", "is_impossible": False,
        "answers": [{"text": "the film", "answer_start": 0}]}]}]}]}
CONFIG = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": INNER, "max_position_embeddings": POSITIONS}
TASK = {"name": "sst-2", "data_dir": "data", "max_seq_length": 16}
TRAIN = {"per_device_train_batch_size": 4, "max_steps": 2, "learning_rate": 0.001}
OWN_TASK = {"name": "mine", "data_dir": "own", "format": "csv", "text": "text", "label": "label",
            "labels": ["neg", "pos"], "max_seq_length": 16}
CONFIGURATIONS = {
    "teacher-finetune": {"output_dir": "out", "task": TASK, "train": TRAIN,
                         "model": {"config": CONFIG, "vocab": "model"}},
    "distill": {"output_dir": "out", "task": TASK, "train": TRAIN, "allow_weak_teacher": True,
                "teacher": {"model_name_or_path": "model"}, "student": {"config": CONFIG},
                "method": {"name": "kd"}},
    "pretrain": {"output_dir": "out", "corpus": {"files": ["corpus.txt"]}, "max_seq_length": 16,
                 "train": TRAIN, "model": {"config": CONFIG, "vocab": "model"}},
    "compare": {"output_dir": "out", "seeds": [1], "base": {
        "allow_weak_teacher": True, "teacher": {"model_name_or_path": "model"},
        "student": {"config": CONFIG}, "train": TRAIN}, "tasks": {"t": {"task": TASK}},
        "methods": {"none": {"method": {"name": "none"}}, "kd": {"method": {"name": "kd"}}}},
}
ROWS = [("the film is good", 1), ("the plot was dull", 0), ("a fine movie", 1), ("it is not good", 0)]
SENTENCES = "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)


def tensors(head="classifier"):
    """The names and shapes of a model's tensors."""
    shapes = {"embeddings.word_embeddings.weight": [len(VOCABULARY), WIDTH],
              "embeddings.position_embeddings.weight": [POSITIONS, WIDTH],
              "embeddings.token_type_embeddings.weight": [2, WIDTH],
              "embeddings.LayerNorm.weight": [WIDTH], "embeddings.LayerNorm.bias": [WIDTH],
              "pooler.dense.weight": [WIDTH, WIDTH], "pooler.dense.bias": [WIDTH]}
    for layer in range(LAYERS):
        for part, rows, columns in [
                ("attention.self.query", WIDTH, WIDTH), ("attention.self.key", WIDTH, WIDTH),
                ("attention.self.value", WIDTH, WIDTH), ("attention.output.dense", WIDTH, WIDTH),
                ("attention.output.LayerNorm", None, WIDTH), ("intermediate.dense", INNER, WIDTH),
                ("output.dense", WIDTH, INNER), ("output.LayerNorm", None, WIDTH)]:
            name = f"encoder.layer.{layer}.{part}"
            shapes[f"{name}.weight"] = [rows, columns] if rows else [columns]
            shapes[f"{name}.bias"] = [rows or columns]
    shapes = {"bert." + name: shape for name, shape in shapes.items()}
    if head == "qa_outputs":
        shapes = {name: shape for name, shape in shapes.items() if "pooler" not in name}
    return shapes | {f"{head}.weight": [2, WIDTH], f"{head}.bias": [2]}


def random_weights(head="classifier"):
    source = random.Random(7)
    found = {}
    for name, shape in tensors(head).items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        found[name] = (shape, [source.gauss(0, 0.1) for _ in range(count)])
    return found


def safetensors(weights, header=None):
    """A file's bytes; `header` changes its parsed header, or replaces it if it is bytes."""
    entries, data = {}, b""
    for name, (shape, values) in weights.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    if callable(header):
        entries = header(entries) or entries
    text = header if isinstance(header, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


def write(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if isinstance(content, (dict, list)):
        content = json.dumps(content)
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_all():
    """Writes the world to the working directory."""
    write("model/config.json", MODEL_CONFIG)
    write("model/model.safetensors", safetensors(random_weights()))
    write("model/vocab.txt", "\n".join(VOCABULARY) + "\n")
    write("model/tokenizer.json", TOKENIZER)
    write("model/tokenizer_config.json", {"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    write("qa/config.json", {**{k: v for k, v in MODEL_CONFIG.items() if "label" not in k},
                             "architectures": ["BertForQuestionAnswering"], "finetuning_task": "squad2"})
    write("qa/model.safetensors", safetensors(random_weights("qa_outputs")))
    write("qa/vocab.txt", "\n".join(VOCABULARY) + "\n")
    for name in ["train", "dev"]:
        write(f"data/{name}.tsv", SENTENCES)
        write(f"own/{name}.csv", "text,label\n" + "".join(
            f"{text},{['neg', 'pos'][label]}\n" for text, label in ROWS))
    write("squad/dev-v2.0.json", SQUAD)
    write("in.txt", "the film is good\nit was dull\n")
    write("corpus.txt", "the film is good\n" * 20)
    write("task.json", OWN_TASK)
    for command, configuration in CONFIGURATIONS.items():
        write(f"{command}.json", configuration)


def changed(value, changes):
    """A copy with values set by dotted paths; `...` removes a key."""
    value = copy.deepcopy(value)
    for path, new in changes.items():
        *parents, last = path.split(".")
        place = value
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if new is ...:
            place.pop(int(last) if isinstance(place, list) else last, None)
        else:
            place[int(last) if isinstance(place, list) else last] = new
    return value
