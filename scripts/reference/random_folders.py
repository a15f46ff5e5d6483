"""Makes random model folders with transformers and compares `mate-kd predict` with transformers.

Every folder has a random family, head, shape, tokenizer, form of its weights, and random values of
the keys that docs/model-folders.md says are obeyed, have no effect or are refused. For each it is
known beforehand whether the table promises logits or a refusal that names the key. What is counted:

  equal     the logits of all texts are those of transformers in float64, within 1e-5 of the largest
            of the folder
  refused   as the table says, by a sentence that names the key
  differs   everything else

Usage: ${PYTHON:-python3} scripts/reference/random_folders.py MATE_KD [FOLDERS, 200] [SEED, 1]
           [--keep DIR]
"""

import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import tokenizers
import torch
import transformers
from tokenizers import AddedToken, Tokenizer
from transformers import AutoTokenizer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "goldens"))
from charsmap import charsmap  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)

FAMILIES = {"bert": "Bert", "roberta": "Roberta", "distilbert": "DistilBert",
            "electra": "Electra", "xlm-roberta": "XLMRoberta"}
WORDS = ("the film was good bad a b c plot story café naïve Über weiß привет мир 中文 日本 한국 안녕 "
         "हिन्दी مرحبا don't it's 2nd 3.14 e1 x-y (see) [sic] <b> & — … ﬁne ½ İ 👍").split()
SPACES = [" ", " ", " ", " ", "  ", "\u00a0", "\u3000", ""]
ACTIVATIONS = ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh",
               "gelu_python", "gelu_accurate", "relu", "tanh"]
MARK = "\u2581"


class Folder:
    """One random folder: how it was made, and the key that must be named if it is refused."""

    def __init__(self, path, seed):
        self.path, self.draw, self.torch_seed = path, random.Random(seed), seed
        self.refusals, self.notes = [], []
        self.markers = ["[E1]", "[/E1]", "[SEP]", "<mask>"]
        # At most one reason to refuse, so that the sentence can be checked.
        self.refused_kind = self.draw.choice([
            *[None] * 14, "activation", "decoder", "positions", "heads", "class", "head",
            "problem", "labels", "padding", "pruned", "code", "quantised", "family", "nothing"])
        os.makedirs(path)

    def often(self, share=0.5):
        return self.draw.random() < share

    def refuse(self, key):
        self.refusals.append(key)

    # The tokenizer

    def tokenizer(self, family):
        kind = {"roberta": "bpe", "xlm-roberta": "unigram"}.get(family, "wordpiece")
        self.notes.append(kind)
        getattr(self, kind)()

    def pieces(self, mark, continuation):
        """Characters and parts of the words, those within a word with a prefix of their own."""
        found = {}
        for word in WORDS + [w.lower() for w in WORDS]:
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + 4) + 1):
                    if end == start + 1 and self.often(0.9) or self.often(0.3):
                        prefix = mark if start == 0 else continuation
                        found[prefix + word[start:end]] = None
                    if end == start + 1 and self.often(0.5):
                        found[mark + word[start:end]] = None
        return list(found)

    def settings(self, name, **more):
        config = {**({"tokenizer_class": name} if name else {}), **more}
        if self.often(0.2):
            config["truncation_side"] = "left"
        if self.often(0.1):
            config["padding_side"] = "left"
        if self.often(0.2):
            config["model_max_length"] = 512
        if self.often(0.2):
            config["additional_special_tokens"] = ["[E1]", "[/E1]"]
        if self.often(0.1):
            config["clean_up_tokenization_spaces"] = True
        if self.refused_kind == "class":
            config["tokenizer_class"] = self.draw.choice(
                ["BertJapaneseTokenizer", "AlbertTokenizer", "DebertaV2Tokenizer", "T5Tokenizer"])
            self.refuse(config["tokenizer_class"])
        self.write("tokenizer_config.json", config)

    def wordpiece(self):
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        if self.often(0.3):
            self.draw.shuffle(special)
        vocabulary = special + self.pieces("", "##") + list(".,-'()[]<>&")
        vocabulary = list(dict.fromkeys(vocabulary))
        self.size, self.pad = len(vocabulary), vocabulary.index("[PAD]")
        more, flags = {}, {}
        for key in ["do_lower_case", "strip_accents", "tokenize_chinese_chars"]:
            if self.often(0.4):
                flags[key] = self.often()
        segments = self.often(0.8)
        if not segments:
            more["model_input_names"] = ["input_ids", "attention_mask"]
        name = self.draw.choice(["BertTokenizer", "BertTokenizerFast", None, "DistilBertTokenizer",
                                 "ElectraTokenizer", "PreTrainedTokenizerFast"])
        if self.family in ("bert", "electra") and name is None:
            name = "BertTokenizer"
        if name == "PreTrainedTokenizerFast" or self.often():
            if name == "PreTrainedTokenizerFast":
                more.setdefault("model_input_names",
                                ["input_ids", "token_type_ids", "attention_mask"])
                more.update(cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
                            unk_token="[UNK]", mask_token="[MASK]")
                normalizer = tokenizers.normalizers.BertNormalizer(
                    clean_text=self.often(), handle_chinese_chars=self.often(),
                    strip_accents=self.draw.choice([None, True, False]), lowercase=self.often())
            else:
                lower = flags.get("do_lower_case", True)
                strips = flags.get("strip_accents")
                normalizer = tokenizers.normalizers.BertNormalizer(
                    clean_text=True, lowercase=lower, strip_accents=strips,
                    handle_chinese_chars=flags.get("tokenize_chinese_chars", True))
            made = Tokenizer(tokenizers.models.WordPiece(
                {t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]"))
            made.normalizer = normalizer
            made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
            cls, sep = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
            made.post_processor = tokenizers.processors.TemplateProcessing(
                single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
            made.add_special_tokens(special)
            if self.often(0.3):
                made.add_tokens([AddedToken("film", normalized=self.often(),
                                            single_word=self.often(), lstrip=self.often())])
            made.save(os.path.join(self.path, "tokenizer.json"))
        else:
            with open(os.path.join(self.path, "vocab.txt"), "w", encoding="utf-8") as file:
                file.write("".join(t + "\n" for t in vocabulary))
        if name != "PreTrainedTokenizerFast":
            more.update(flags)
        self.settings(name, **more)

    def bpe(self):
        draw = self.draw
        made = Tokenizer(tokenizers.models.BPE(unk_token=None, fuse_unk=False))
        prefix = self.often(0.4)
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=400, show_progress=False,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
        made.train_from_iterator(
            [" ".join(draw.choice(WORDS) for _ in range(8)) for _ in range(100)], trainer)
        made.post_processor = tokenizers.processors.RobertaProcessing(
            ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=prefix)
        made.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
        self.size, self.pad = made.get_vocab_size(), 1
        name = draw.choice(["RobertaTokenizer", "RobertaTokenizerFast", "PreTrainedTokenizerFast"])
        more = {"add_prefix_space": prefix}
        if name == "PreTrainedTokenizerFast":
            more.update(cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
                        mask_token="<mask>")
        if self.often() or name == "PreTrainedTokenizerFast":
            made.save(os.path.join(self.path, "tokenizer.json"))
        else:
            made.model.save(self.path)
            # Of such a file transformers 4 and 5 read the spaces before a mask in different ways.
            self.markers.remove("<mask>")
        self.settings(name, **more)

    def unigram(self):
        rules = {"\u00a0": " ", "\u3000": " ", "ﬁ": "fi", "½": "1⁄2", "…": "...", "İ": "i\u0307",
                 "e\u0301": "é", "é": "é", MARK: " ", "\t": " "}
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        pieces = list(dict.fromkeys([MARK, *self.pieces(MARK, "")]))
        fallback = self.often(0.3)
        name = "PreTrainedTokenizerFast" if fallback else self.draw.choice(
            ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast", "PreTrainedTokenizerFast", None])
        vocabulary = [*[(t, 0.0) for t in special],
                      *[(t, -self.draw.randrange(4, 60) / 4) for t in pieces]]
        if fallback:
            vocabulary += [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
        vocabulary.append(("<mask>", 0.0))
        made = Tokenizer(tokenizers.models.Unigram(vocabulary, unk_id=3, byte_fallback=fallback))
        prefix = self.often(0.8)
        metaspace = tokenizers.pre_tokenizers.Metaspace(
            replacement=MARK, prepend_scheme="always" if prefix else "never",
            split=not fallback or self.often())
        precompiled = tokenizers.normalizers.Precompiled(charsmap(rules))
        if self.often():
            made.normalizer = precompiled
            made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
                [tokenizers.pre_tokenizers.WhitespaceSplit(), metaspace])
        else:
            made.normalizer = tokenizers.normalizers.Sequence([
                precompiled, tokenizers.normalizers.Strip(left=False, right=True),
                tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), MARK)])
            made.pre_tokenizer = metaspace
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
            special_tokens=[("<s>", 0), ("</s>", 2)])
        made.add_special_tokens(special)
        made.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
        made.save(os.path.join(self.path, "tokenizer.json"))
        self.size, self.pad = len(vocabulary), 1
        more = {"add_prefix_space": prefix}
        if name == "PreTrainedTokenizerFast":
            more.update(cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
                        mask_token="<mask>")
        self.settings(name, **more)

    # The model

    def tokens(self):
        """How many tokens the folder's tokenizer has, with those that were added."""
        if self.refused_kind == "class":
            return self.size
        self.write("config.json", {"model_type": self.family})
        return max(self.size, len(AutoTokenizer.from_pretrained(self.path)))

    def config(self):
        draw, family = self.draw, self.family
        heads = draw.choice([1, 2, 3, 4])
        hidden = heads * draw.choice([3, 5, 8])
        distil = family == "distilbert"
        names = (["dim", "n_layers", "n_heads", "hidden_dim", "activation", "dropout"] if distil else
                 ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                  "hidden_act", "hidden_dropout_prob"])
        values = [hidden, draw.choice([1, 2, 3]), heads, draw.choice([7, 16, 33]),
                  draw.choice(ACTIVATIONS), draw.choice([0.0, 0.1])]
        config = dict(zip(names, values), vocab_size=self.tokens() + draw.choice([0, 0, 3]),
                      max_position_embeddings=draw.choice([40, 64, 130]),
                      initializer_range=draw.choice([0.02, 0.2]), pad_token_id=self.pad)
        if not distil:
            config["layer_norm_eps"] = draw.choice([1e-12, 1e-5, 1e-3])
            config["type_vocab_size"] = (
                1 if family in ("roberta", "xlm-roberta") else draw.choice([2, 2, 3]))
            config["attention_probs_dropout_prob"] = draw.choice([0.0, 0.1])
            if self.often(0.2):
                config["classifier_dropout"] = 0.3
            if self.often(0.2):
                config["position_embedding_type"] = "absolute"
        elif self.often(0.2):
            config["sinusoidal_pos_embds"] = True
        if family == "electra":
            config["embedding_size"] = draw.choice([hidden, hidden, 6, 20])
        for key, value in [("chunk_size_feed_forward", 1), ("use_cache", False),
                           ("output_hidden_states", True), ("tie_word_embeddings", True)]:
            if self.often(0.15):
                config[key] = value
        count = draw.choice([1, 2, 2, 3, 5])
        self.count = count
        self.problem = ("regression" if count == 1 else draw.choice(
            ["single_label_classification", "single_label_classification",
             "multi_label_classification"]))
        if self.problem == "multi_label_classification" or self.often(0.4):
            config["problem_type"] = self.problem
        self.labels = [f"class {c}" for c in "abcdefgh"[:count]]
        config["id2label"] = dict(enumerate(self.labels))
        config["label2id"] = {label: i for i, label in enumerate(self.labels)}
        return config

    def spoil(self, written):
        """Puts the key that must be refused into the written config.json."""
        kind, distil = self.refused_kind, self.family == "distilbert"
        if kind == "activation":
            key = "activation" if distil else "hidden_act"
            written[key] = self.draw.choice(["silu", "mish", "gelu_10", "quick_gelu", "relu6"])
            self.refuse(key)
        elif kind == "decoder":
            key = self.draw.choice(["is_decoder", "add_cross_attention", "is_encoder_decoder"])
            written[key] = True
            self.refuse(key)
        elif kind == "positions":
            written["position_embedding_type"] = self.draw.choice(
                ["relative_key", "relative_key_query"])
            self.refuse("position_embedding_type")
        elif kind == "heads":
            key = "n_heads" if distil else "num_attention_heads"
            written[key] = 1 + written["dim" if distil else "hidden_size"]
            self.refuse(key)
        elif kind == "head":
            written["architectures"] = [FAMILIES[self.family] + "ForTokenClassification"]
            self.refuse("ForTokenClassification")
        elif kind == "problem":
            written["problem_type"] = "ranking"
            self.refuse("problem_type")
        elif kind == "labels":
            written["num_labels"] = self.count + 1
            self.refuse("num_labels")
        elif kind == "padding" and "roberta" in self.family:
            written["pad_token_id"] = 2
            self.refuse("pad_token_id")
        elif kind == "pruned":
            written["pruned_heads"] = {"0": [0]}
            self.refuse("pruned_heads")
        elif kind == "code":
            written["auto_map"] = {"AutoModel": "modeling.Mine"}
            self.refuse("auto_map")
        elif kind == "quantised":
            written["quantization_config"] = {"quant_method": "gptq", "bits": 4}
            self.refuse("quantization_config")
        elif kind == "family":
            written["model_type"] = self.draw.choice(["albert", "mpnet", "deberta-v2", "gpt2"])
            self.refuse("model_type")

    def model(self):
        torch.manual_seed(self.torch_seed)
        name = FAMILIES[self.family]
        config = getattr(transformers, f"{name}Config")(**self.config())
        model = getattr(transformers, f"{name}ForSequenceClassification")(config)
        with torch.no_grad():
            # Large enough for every token to be felt in the logits.
            for value in model.parameters():
                value.add_(0.3 * torch.randn_like(value))
        kind = self.draw.choice([torch.float32, torch.float32, torch.float16, torch.bfloat16])
        model = model.to(kind)
        self.save(model)
        return model.double().eval()

    def save(self, model):
        forms = ["safetensors", "shards", "bin", "old bin", "wrapped bin"]
        form = self.draw.choice(forms)
        self.notes += [form, str(next(model.parameters()).dtype)]
        model.save_pretrained(
            self.path, **({"max_shard_size": "4KB"} if form == "shards" else {}))
        if "bin" in form or self.refused_kind == "nothing":
            state = model.state_dict()
            if form == "wrapped bin":
                state = {f"module.{key}": value for key, value in state.items()}
            if self.refused_kind == "nothing":
                state = {f"other.{key}": value for key, value in state.items()}
                self.refuse("allow_new_weights")
            for name in os.listdir(self.path):
                if "safetensors" in name:
                    os.remove(os.path.join(self.path, name))
            torch.save(state, os.path.join(self.path, "pytorch_model.bin"),
                       _use_new_zipfile_serialization=form != "old bin")
        path = os.path.join(self.path, "config.json")
        with open(path, encoding="utf-8") as file:
            written = json.load(file)
        self.spoil(written)
        self.write("config.json", written)

    def write(self, name, content):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)

    # The comparison

    def texts(self):
        def text():
            more = [*self.markers, "\t", "\u0301", chr(self.draw.randrange(0x20, 0xD800))]
            return "".join(
                self.draw.choice(SPACES) + self.draw.choice(
                    WORDS if self.often(0.9) else more) for _ in range(self.draw.randrange(1, 40)))
        pairs = self.often(0.3)
        return [(text(), text()) if pairs else (text(),) for _ in range(12)]

    def compare(self, mate_kd):
        """"equal", "refused" or a sentence on what differs."""
        self.family = self.draw.choice(list(FAMILIES))
        self.tokenizer(self.family)
        model = self.model()
        texts = self.texts()
        task = {"name": "mine", "data_dir": ".", "format": "jsonl", "text": "text",
                "label": "label"}
        if len(texts[0]) == 2:
            task["text_pair"] = "other"
        if self.count == 1:
            task["score_range"] = [0, 1]
        else:
            task["labels"] = self.labels
        if self.problem == "multi_label_classification":
            task["multi_label"] = True
        inputs, outputs, described = [
            f"{self.path}-{name}" for name in ["texts.jsonl", "predictions.jsonl", "task.json"]]
        with open(inputs, "w", encoding="utf-8") as file:
            for parts in texts:
                file.write(json.dumps(dict(zip(["text", "other"], parts))) + "\n")
        with open(described, "w", encoding="utf-8") as file:
            json.dump(task, file)
        length = self.draw.choice([12, 30])
        found = subprocess.run(
            [mate_kd, "predict", "--model", self.path, "--task-config", described, "--input",
             inputs, "--output", outputs, "--max-seq-length", str(length),
             "--special-tokens-in-text", "--threads", "1"],
            capture_output=True, text=True, check=False)
        errors = found.stderr.strip()
        if found.returncode != 0:
            if self.refusals and all(key in errors for key in self.refusals):
                return "refused"
            return f"is refused: {errors}"
        if self.refusals:
            return f"is not refused for {self.refusals}"
        with open(outputs, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        tokenizer = AutoTokenizer.from_pretrained(self.path)
        worst, largest = 0.0, 0.0
        for parts, row in zip(texts, rows, strict=True):
            given = tokenizer(*parts, truncation=True, max_length=length, return_tensors="pt")
            with torch.no_grad():
                expected = model(**given).logits[0]
            logits = row["logits"]
            values = list(logits.values()) if isinstance(logits, dict) else logits
            ours = torch.tensor(values, dtype=torch.float64)
            worst = max(worst, (ours - expected).abs().max().item())
            largest = max(largest, expected.abs().max().item())
        self.worst = worst / largest
        return "equal" if self.worst <= 1e-5 else f"differs by {self.worst:.2g}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mate_kd")
    parser.add_argument("folders", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--keep", help="where folders that differ are kept")
    options = parser.parse_args()
    counts, kinds, worst = collections.Counter(), collections.Counter(), 0.0
    for number in range(options.folders):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Folder(f"{scratch}/model", options.seed * 100_003 + number)
            result = folder.compare(options.mate_kd)
            kind = result if result in ("equal", "refused") else "differs"
            counts[kind] += 1
            kinds[(folder.family, kind)] += 1
            for note in folder.notes:
                kinds[(note, kind)] += 1
            worst = max(worst, getattr(folder, "worst", 0.0) if kind == "equal" else 0.0)
            if kind == "differs":
                print(f"folder {number} ({folder.family}, {', '.join(folder.notes)}) {result}",
                      flush=True)
                if options.keep:
                    shutil.copytree(scratch, f"{options.keep}/{number}", dirs_exist_ok=True)
    for (name, kind), count in sorted(kinds.items()):
        print(f"{name}: {count} {kind}")
    print(f"{options.folders} folders: {counts['equal']} equal (at most {worst:.2g} relative), "
          f"{counts['refused']} refused as the table says, {counts['differs']} differ")
    sys.exit(1 if counts["differs"] else 0)


if __name__ == "__main__":
    main()
