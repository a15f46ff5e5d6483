"""Compares `mate-kd tokenize` with `tokenizers` on random texts of all scripts, for Unigram
tokenizers with SentencePiece's own charsmap (nmt_nfkc).

It trains a model with sentencepiece on words of many languages, and makes folders of it as XLM-
RoBERTa's, as later multilingual models have them (Strip, Replace, Metaspace alone), and as a
`tokenizer.json` that stands for itself, with byte fallback. Needs sentencepiece and transformers.

Usage: ${PYTHON:-python3} scripts/tests/random_unigram.py MATE_KD [TEXTS A FOLDER, 10000] [SEED, 1]
"""

import json
import os
import random
import subprocess
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast, XLMRobertaTokenizer

WORDS = """the film was good bad visually stunning rumination on love memory history it's don't 2nd
3.14 1,000 naïve café über straße garçon señor año žluťoučký kůň łódź ğüzel İstanbul fiancée œuvre
привет мир книга хорошая плохая γειά σου κόσμε שלום עולם مرحبا بالعالم كتاب नमस्ते दुनिया किताब हिन्दी
বাংলা বই தமிழ் புத்தகம் తెలుగు ಕನ್ನಡ മലയാളം ไทย หนังสือ ລາວ မြန်မာ ខ្មែរ 한국어 책 좋은 日本語 本 良い 悪い カタカナ ひらがな
中文 书 好 坏 電影 繁體 ქართული հայերեն አማርኛ Tiếng Việt đẹp 👍 👍🏽 👨‍👩‍👧 🇩🇪 ☃ … — – “quoted” «guillemets»
½ ² ⅷ ① Ａ ﬁ ㍿ ㌀ ｶﾞ が か゛ é e\u0301 a\u0308 ñ n\u0303 ộ o\u0323\u0302""".split()
MARK = "\u2581"


def scalar(draw):
    while True:
        top = draw.choice([0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000])
        c = draw.randrange(top)
        if not 0xD800 <= c <= 0xDFFF and c != 0x0A:
            return chr(c)


def text(draw):
    spaces = [" ", " ", " ", "  ", "\t", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x85",
              "\u200b", "\u200d", "\ufeff", "\u00ad", "\r", "", ""]
    kinds = [lambda: draw.choice(WORDS), lambda: draw.choice(WORDS), lambda: draw.choice(spaces),
             lambda: scalar(draw), lambda: chr(draw.randrange(0x300, 0x370)),
             lambda: chr(draw.randrange(0x900, 0xE00)), lambda: draw.choice("aeiost ") * 3,
             lambda: draw.choice(
                 ["<s>", "</s>", "<mask>", "<pad>", "<unk>", "＜s＞", MARK, "<0x41>"])]
    return "".join(draw.choice(kinds)() for _ in range(draw.randrange(1, 30))).rstrip("\r")


def trained(folder):
    """Pieces with scores, and the charsmap, of a model trained on the words."""
    draw = random.Random(3)
    path = os.path.join(folder, "corpus.txt")
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(4000):
            file.write(" ".join(draw.choice(WORDS) for _ in range(10)) + "\n")
    sentencepiece.SentencePieceTrainer.train(
        input=path, model_prefix=os.path.join(folder, "spm"), model_type="unigram",
        vocab_size=600, character_coverage=0.99, normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False, num_threads=1, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    with open(os.path.join(folder, "spm.model"), "rb") as file:
        proto.ParseFromString(file.read())
    pieces = [(piece.piece, piece.score) for piece in proto.pieces[3:]]
    return pieces, proto.normalizer_spec.precompiled_charsmap


def write(folder, kind, pieces, charsmap):
    special = [(name, 0.0) for name in ["<s>", "<pad>", "</s>", "<unk>"]]
    if kind == "XLMRobertaTokenizer":
        XLMRobertaTokenizer(
            vocab=[*special, *pieces, ("<mask>", 0.0)], _spm_precompiled_charsmap=charsmap
        ).save_pretrained(folder)
    else:
        more = [(f"<0x{byte:02X}>", -20.0) for byte in range(256)] if kind == "bytes" else []
        tokenizer = Tokenizer(models.Unigram(
            [*special, *pieces, *more, ("<mask>", 0.0)], unk_id=3, byte_fallback=kind == "bytes"))
        tokenizer.normalizer = normalizers.Sequence([
            normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), MARK)])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement=MARK, prepend_scheme="always", split=kind != "bytes")
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
            special_tokens=[("<s>", 0), ("</s>", 2)])
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", pad_token="<pad>",
            unk_token="<unk>", mask_token="<mask>").save_pretrained(folder)
        if kind == "later models":
            path = os.path.join(folder, "tokenizer_config.json")
            with open(path, encoding="utf-8") as file:
                config = json.load(file)
            config["tokenizer_class"] = "XLMRobertaTokenizer"
            with open(path, "w", encoding="utf-8") as file:
                json.dump(config, file)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_type": "xlm-roberta", "type_vocab_size": 1}, file)


def main():
    mate_kd = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    draw = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    differences = 0
    with tempfile.TemporaryDirectory() as scratch:
        pieces, charsmap = trained(scratch)
        for kind in ["XLMRobertaTokenizer", "later models", "bytes"]:
            folder = os.path.join(scratch, kind.replace(" ", "-"))
            os.mkdir(folder)
            write(folder, kind, pieces, charsmap)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            texts = [text(draw) for _ in range(count)]
            found = subprocess.run(
                [mate_kd, "tokenize", "--model", folder, "--special-tokens-in-text"],
                input="".join(t + "\n" for t in texts).encode(), stdout=subprocess.PIPE, check=True)
            lines = [json.loads(line) for line in found.stdout.splitlines()]
            assert len(lines) == len(texts), (len(lines), len(texts))
            wrong = 0
            unknown = 0
            for t, ids in zip(texts, lines):
                expected = tokenizer(t)["input_ids"]
                unknown += tokenizer.unk_token_id in expected
                if ids != expected:
                    wrong += 1
                    if wrong <= 3:
                        print(f"  {t!r}:\n    {ids}\n    {expected}")
            print(f"{kind} ({type(tokenizer).__name__}, {len(tokenizer)} tokens): {wrong} of "
                  f"{count} texts differ, {unknown} have unknown characters")
            differences += wrong
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
