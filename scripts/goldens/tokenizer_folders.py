"""Goldens of tokenizer folders: what each file and key does to token ids.

Writes Tests/Goldens/tokenizer-folders.json: for each case the files of a folder, texts, and the ids
that transformers gives them (`ids`: all special tokens are read as such where a text spells them,
as transformers does). Cases that mate-kd refuses have no ids, but a part of the sentence.
Run: ${PYTHON:-python3} scripts/goldens/tokenizer_folders.py
"""

import base64
import copy
import json
import os
import tempfile

import tokenizers
import transformers
from transformers import AutoTokenizer

from charsmap import charsmap
from golden import versions, write

NOTE = "ids by AutoTokenizer.from_pretrained of a folder with these files and a config.json"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "plot", "was", "good", "bad", "cafe", "café", "Good", "hole", "ab", "中", "国", "e",
         ".", ",", "-", "[", "]", "/", "<", ">", "_", "a", "b", "x", "##s", "##ab", "##hole",
         "##a", "##b", "##x", "##good", "##bad", "##1", "e1", "1"]
BYTES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "Ġ", "ab", "Ġab", "Ġa", "<", ">", "E"]

TEXTS = [
    "The plot was good, bad.", "Café café CAFE", "中国 plot中 x", "badgood BadGood bad-good badgoods",
    "plot-hole Plot-hole plot - hole", "[E1] the [/E1] plot[E1]x", "x [E1]  y", "the [SEP] plot",
    "[MASK] good [CLS]", "ab Ab xab ab_ ab. éab abé ab\u0301", "a\u00a0[E2]\u2003b",
    "\tq \x00ab\u200dx",
    "ab<E1> ab", " ab", "<E1>  <E1>ab", "ab <mask> ab", "", "   ", "éab中x", "İ ẞ Ǆ ab",
]
PAIR = ("the plot was good, bad", "café good")

BERT = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [
        {"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True} for i, t in enumerate(SPECIAL)],
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                   "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                   {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                 {"Sequence": {"id": "B", "type_id": 1}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                           "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100,
              "vocab": {t: i for i, t in enumerate(SPECIAL + WORDS)}},
}
ROBERTA = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [
        {"id": i, "content": t, "single_word": False, "lstrip": t == "<mask>", "rstrip": False,
         "normalized": False, "special": True} for i, t in enumerate(BYTES[:5])],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                      "use_regex": True},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                       "trim_offsets": True, "add_prefix_space": False},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
              "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
              "vocab": {t: i for i, t in enumerate(BYTES)},
              "merges": ["a b", "Ġ ab", "Ġ a"]},
}
PIECES = ["\u2581", "\u2581ab", "a", "b", "\u2581the", "\u2581plot", "good", "ab", "-", "é", "e", "<",
          ">", "E", "1", "/", "[", "]", "\u2581<", "\u2581[", "中"]
RULES = {"\u00a0": " ", "\u2003": " ", "\t": " ", "\x00": "", "\u200d": "", "é": "e", "\u2581": " ",
         "e\u0301": "é", "İ": "i"}
PRECOMPILED = {"type": "Precompiled",
               "precompiled_charsmap": base64.b64encode(charsmap(RULES)).decode()}
SPACES = [{"type": "Strip", "strip_left": False, "strip_right": True},
          {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]
METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
WORDS_OF_XLM = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]}
XLM = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [
        {"id": i, "content": t, "single_word": False, "lstrip": t == "<mask>", "rstrip": False,
         "normalized": False, "special": True}
        for i, t in [*enumerate(["<s>", "<pad>", "</s>", "<unk>"]), (4 + len(PIECES), "<mask>")]],
    "normalizer": PRECOMPILED, "pre_tokenizer": WORDS_OF_XLM,
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                   {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}},
                 {"Sequence": {"id": "B", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                           "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}},
    "decoder": METASPACE,
    "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": False, "vocab": [
        *[[t, 0.0] for t in ["<s>", "<pad>", "</s>", "<unk>"]],
        *[[t, -2.0 - i / 8] for i, t in enumerate(PIECES)], ["<mask>", 0.0]]},
}
LINES = "\n".join(SPECIAL + WORDS) + "\n"


def with_(base, **changes):
    """A tokenizer.json with other values, by paths such as normalizer__lowercase."""
    changed = copy.deepcopy(base)
    for path, value in changes.items():
        place = changed
        *parents, last = path.split("__")
        for key in parents:
            place = place[key]
        place[last] = value
    return changed


def adding(base, *tokens):
    """A tokenizer.json with more added tokens, whose ids follow."""
    changed = copy.deepcopy(base)
    for content, flags in tokens:
        vocabulary = changed["model"]["vocab"]
        if isinstance(vocabulary, list):
            vocabulary = {piece: i for i, (piece, _) in enumerate(vocabulary)}
        taken = list(vocabulary.values()) + [t["id"] for t in changed["added_tokens"]]
        changed["added_tokens"].append(
            {"id": vocabulary.get(content, max(taken) + 1), "content": content,
             "single_word": False, "lstrip": False, "rstrip": False, "normalized": True,
             "special": False, **flags})
    changed["added_tokens"].sort(key=lambda token: token["id"])
    return changed


def files(name="BertTokenizer", base=None, config=None, model="bert", segments=2, **more):
    """A folder: what stands in tokenizer_config.json is `config` and the class."""
    found = {"config.json": {"model_type": model, "type_vocab_size": segments}}
    if base is None:
        found["vocab.txt"] = LINES
    else:
        found["tokenizer.json"] = base
    if config is not None or name is not None:
        found["tokenizer_config.json"] = {
            **({"tokenizer_class": name} if name else {}), **(config or {})}
    found.update(more)
    return found


def xlm(base, name="XLMRobertaTokenizer", **more):
    return files(name, base, model="xlm-roberta", segments=1, **more)


MARKS = [("[E1]", {"special": True, "normalized": False}),
         ("[/E1]", {"special": True, "normalized": False})]
SPECIAL_NAMES = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]",
                 "sep_token": "[SEP]", "mask_token": "[MASK]"}
BYTE_NAMES = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>",
              "mask_token": "<mask>", "bos_token": "<s>", "eos_token": "</s>"}
BERT_INPUTS = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}

# name, files, and for what is refused a part of the sentence
CASES = [
    ("vocab.txt alone", files(None)),
    ("vocab.txt, do_lower_case false", files(config={"do_lower_case": False})),
    ("vocab.txt, strip_accents false", files(config={"strip_accents": False})),
    ("vocab.txt, strip_accents true, cased",
     files(config={"strip_accents": True, "do_lower_case": False})),
    ("vocab.txt, tokenize_chinese_chars false", files(config={"tokenize_chinese_chars": False})),
    ("vocab.txt, BertTokenizerFast", files("BertTokenizerFast")),
    ("vocab.txt that repeats a line",
     files(**{"vocab.txt": LINES.replace("cafe\n", "plot\n")})),
    ("tokenizer.json", files(base=BERT, config={"do_lower_case": True})),
    ("tokenizer.json, do_lower_case overrides", files(base=BERT, config={"do_lower_case": False})),
    ("tokenizer.json, PreTrainedTokenizerFast",
     files("PreTrainedTokenizerFast", BERT, {**SPECIAL_NAMES, **BERT_INPUTS})),
    ("tokenizer.json, PreTrainedTokenizerFast, do_lower_case has no effect",
     files("PreTrainedTokenizerFast", BERT,
           {**SPECIAL_NAMES, **BERT_INPUTS, "do_lower_case": False})),
    ("tokenizer.json, TokenizersBackend, cased, other lengths",
     files("TokenizersBackend",
           with_(BERT, normalizer__lowercase=False, model__max_input_chars_per_word=3),
           {**SPECIAL_NAMES, **BERT_INPUTS})),
    ("a vocabulary with holes",
     files(base=with_(BERT, model__vocab={
         t: i + (i > 9) + 3 * (i > 20) for i, t in enumerate(SPECIAL + WORDS)}))),
    ("added tokens, normalized",
     files(base=adding(BERT, ("badgood", {}), ("Plot-hole", {}), ("éab中x", {})))),
    ("added tokens, normalized, cased",
     files(base=adding(with_(BERT, normalizer__lowercase=False), ("badgood", {}), ("ab ", {})),
           config={"do_lower_case": False})),
    ("added tokens, not normalized",
     files(base=adding(BERT, ("BadGood", {"normalized": False}), ("good", {"normalized": False})))),
    ("added tokens, single_word",
     files(base=adding(BERT, ("ab", {"single_word": True}),
                       ("Plot", {"single_word": True, "normalized": False})))),
    ("added tokens that are no pieces of words",
     files(base=adding(BERT, ("badgood", {"single_word": True}), ("plo", {"single_word": True})))),
    ("byte-level, added tokens that are no pieces of words",
     files("RobertaTokenizer", adding(ROBERTA, ("x", {"single_word": True})), model="roberta",
           segments=1)),
    ("added tokens, lstrip and rstrip",
     files(base=adding(BERT, ("[E1]", {"lstrip": True, "rstrip": True}),
                       ("[E2]", {"rstrip": True, "lstrip": True, "normalized": False})))),
    ("markers", files(base=adding(BERT, *MARKS))),
    ("markers in added_tokens_decoder",
     files(base=adding(BERT, *MARKS), config={
         **SPECIAL_NAMES, "added_tokens_decoder": {
             str(t["id"]): {k: v for k, v in t.items() if k != "id"}
             for t in adding(BERT, *MARKS)["added_tokens"]}})),
    ("vocab.txt, added_tokens.json",
     files(**{"added_tokens.json": {"badgood": 41, "Plot-hole": 42}})),
    ("vocab.txt, added_tokens_decoder",
     files(config={"added_tokens_decoder": {
         "41": {"content": "[E1]", "special": True, "normalized": False, "lstrip": False,
                "rstrip": False, "single_word": False},
         "42": {"content": "badgood", "special": False, "normalized": True, "lstrip": False,
                "rstrip": False, "single_word": False}}})),
    ("vocab.txt, additional_special_tokens",
     files(config={"additional_special_tokens": ["[E1]", "[/E1]"]})),
    ("vocab.txt, special_tokens_map.json",
     files(**{"special_tokens_map.json": {
         **SPECIAL_NAMES, "additional_special_tokens": ["[E1]", "good"]}})),
    ("vocab.txt, bos_token", files(config={"bos_token": "[E1]"})),
    ("model_input_names without segments",
     files(config={"model_input_names": ["input_ids", "attention_mask"]})),
    ("DistilBertTokenizer for a model with segments", files("DistilBertTokenizer")),
    ("truncation_side left", files(config={"truncation_side": "left"})),
    ("truncation in tokenizer.json, left",
     files(base=with_(BERT, truncation={"direction": "Left", "max_length": 4, "stride": 0,
                                        "strategy": "LongestFirst"}))),
    ("padding_side left", files(config={"padding_side": "left"})),
    ("padding in tokenizer.json",
     files(base=with_(BERT, padding={
         "strategy": {"Fixed": 30}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0,
         "pad_type_id": 0, "pad_token": "[PAD]"}))),
    ("no post-processor, BertTokenizer", files(base=with_(BERT, post_processor=None))),
    ("byte-level", files("RobertaTokenizer", ROBERTA, model="roberta", segments=1)),
    ("byte-level, add_prefix_space",
     files("RobertaTokenizer", with_(ROBERTA, pre_tokenizer__add_prefix_space=True),
           {"add_prefix_space": True}, model="roberta", segments=1)),
    ("byte-level, markers",
     files("RobertaTokenizer", adding(ROBERTA, ("<E1>", {"special": True, "normalized": False})),
           model="roberta", segments=1)),
    ("byte-level, added tokens",
     files("RobertaTokenizer", adding(
         ROBERTA, ("ab", {"single_word": True}), ("<E1>", {"lstrip": True, "rstrip": True})),
         model="roberta", segments=1)),
    ("byte-level, the file itself",
     files("PreTrainedTokenizerFast", ROBERTA, BYTE_NAMES, model="roberta", segments=1)),
    *[(f"Unigram, {name}", xlm(base, **more)) for name, base, more in [
        ("as it is", XLM, {}), ("no class", XLM, {"name": None}),
        ("add_prefix_space false", with_(XLM, pre_tokenizer={
            "type": "Sequence", "pretokenizers": [
                {"type": "WhitespaceSplit"}, {**METASPACE, "prepend_scheme": "never"}]}),
         {"config": {"add_prefix_space": False}}),
        ("old Metaspace", with_(XLM, pre_tokenizer={
            "type": "Sequence", "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "\u2581", "str_rep": "\u2581",
                 "add_prefix_space": True}]}), {}),
        ("later models", with_(XLM, pre_tokenizer=METASPACE, normalizer={
            "type": "Sequence", "normalizers": [PRECOMPILED, *SPACES]}), {}),
        ("no normalizer", with_(XLM, normalizer=None), {}),
        ("markers", adding(XLM, ("<E1>", {"special": True, "normalized": False})), {}),
        ("added tokens", adding(
            XLM, ("ab", {"single_word": True}), ("<E1>", {"lstrip": True, "rstrip": True})), {}),
        ("no post-processor", with_(XLM, post_processor=None), {}),
        ("the file itself", with_(
            XLM, model__byte_fallback=True, pre_tokenizer={**METASPACE, "split": False},
            normalizer={"type": "Sequence", "normalizers": [
                PRECOMPILED, {"type": "Strip", "strip_left": True, "strip_right": True},
                {"type": "Replace", "pattern": {"String": "plot"}, "content": "ab"}]}),
         {"name": "PreTrainedTokenizerFast", "config": BYTE_NAMES}),
    ]],
    ("special_tokens_map.json counts before tokenizer_config.json",
     files(config={"sep_token": "[SEP]", "bos_token": "[E1]", "do_lower_case": True}, **{
         "special_tokens_map.json": {
             "sep_token": "hole", "bos_token": "[E2]", "do_lower_case": False}})),
    ("special_tokens_map.json beside added_tokens_decoder",
     files(config={"sep_token": "[SEP]", "added_tokens_decoder": {
         "3": {"content": "[SEP]", "special": True, "normalized": False, "lstrip": False,
               "rstrip": False, "single_word": False}}},
           **{"special_tokens_map.json": {"sep_token": "good"}})),
    ("bos_token and eos_token get ids before lists",
     files(config={"additional_special_tokens": ["[E1]"], "a_token": "<E1>", "eos_token": "[/E1]",
                   "bos_token": "[E2]"})),
    ("unk_token of tokenizer.json and of PreTrainedTokenizerFast",
     files("PreTrainedTokenizerFast", BERT,
           {**SPECIAL_NAMES, **BERT_INPUTS, "unk_token": "plot"})),
    ("unk_token of tokenizer.json and of BertTokenizer",
     files(base=with_(BERT, model__unk_token="x"), config={"unk_token": "x"})),
    ("null, PreTrainedTokenizerFast",
     files("PreTrainedTokenizerFast", BERT, {
         **SPECIAL_NAMES, **BERT_INPUTS, "cls_token": None, "mask_token": None})),
    ("vocab.txt with empty lines at its end", files(**{"vocab.txt": LINES + "\n\n"})),
    ("vocab.txt with lines of white space",
     files(**{"vocab.txt": LINES.replace("hole\n", "\u3000\n", 1)})),
    ("tokenizer.json, no class, cased by do_lower_case",
     files(None, with_(BERT, normalizer__lowercase=False), {"do_lower_case": False})),
    # Refused
    *[(f"{role} null", files(config={role: None}), f'"{role}" is null') for role in SPECIAL_NAMES],
    ("null in special_tokens_map.json",
     files(**{"special_tokens_map.json": {"cls_token": None}}), "special_tokens_map.json:1: \"cls"),
    ("null, no class", files(None, config={"sep_token": None}), '"sep_token" is null'),
    ("unk_token of tokenizer.json against BertTokenizer",
     files(base=with_(BERT, model__unk_token="[MASK]")), "unk_token is absent"),
    ("unk_token of BertTokenizer against tokenizer.json",
     files(base=BERT, config={"unk_token": "[MASK]"}), "unk_token says otherwise"),
    ("special tokens in special_tokens_map.json alone",
     files(config={"additional_special_tokens": []},
           **{"special_tokens_map.json": {"additional_special_tokens": ["[E1]"]}}),
     'lacks "[E1]"'),
    ("special tokens in special_tokens_map.json and added_tokens.json",
     files(**{"special_tokens_map.json": {"additional_special_tokens": ["[E1]"]},
              "added_tokens.json": {"[E1]": 41}}), 'lacks "[E1]"'),
    *[(f"an added token of the vocabulary with another id, {name}", folder,
       'added token "plot" is listed with id 41, but the vocabulary has it as 6')
      for name, folder in [
          ("added_tokens.json", files(**{"added_tokens.json": {"plot": 41}})),
          ("added_tokens_decoder", files(config={"added_tokens_decoder": {
              "41": {"content": "plot", "special": False}}})),
          ("tokenizer.json", files(base=with_(BERT, added_tokens=[
              *BERT["added_tokens"], {**BERT["added_tokens"][0], "id": 41, "content": "plot"}])))]],
    ("vocab.txt and RoBERTa, no class", files(None, model="roberta", segments=1),
     "the family's RobertaTokenizer"),
    ("vocab.json and BERT, no class", {
        "config.json": {"model_type": "bert"}, "merges.txt": "a b\n",
        "vocab.json": {t: i for i, t in enumerate(BYTES)}}, "the family's BertTokenizer"),
    ("byte-level tokenizer.json and BERT, no class", files(None, ROBERTA),
     "the family's BertTokenizer"),
    ("WordPiece tokenizer.json and RoBERTa, no class",
     files(None, BERT, model="roberta", segments=1), "the family's RobertaTokenizer"),
    ("lowercase false, no class", files(None, with_(BERT, normalizer__lowercase=False)),
     "lowercase"),
    ("vocab.txt, a space at the end of a line",
     files(**{"vocab.txt": LINES.replace("plot\n", "plot \n", 1)}), "vocab.txt:7"),
    ("vocab.txt, a tab at the end of a line",
     files(**{"vocab.txt": LINES.replace("plot\n", "plot\t\n", 1)}), "vocab.txt:7"),
    ("vocab.txt, a wide space at the end of a line",
     files(**{"vocab.txt": LINES.replace("plot\n", "plot\u3000\n", 1)}), "vocab.txt:7"),
    ("vocab.txt, a carriage return in a line",
     files(**{"vocab.txt": LINES.replace("plot\n", "pl\rot\n", 1)}), "vocab.txt:7"),
    ("vocab.txt with empty lines before added tokens",
     files(config={"additional_special_tokens": ["[E1]"]}, **{"vocab.txt": LINES + "\n"}),
     "ends with empty lines"),
    ("XLMRobertaTokenizer, WordPiece file", xlm(BERT), "does not fit"),
    ("BertTokenizer, Unigram file", files(base=XLM), "does not fit"),
    ("Unigram, another unknown token", xlm(with_(XLM, model__unk_id=2)), "unk_id"),
    ("Unigram, byte fallback", xlm(with_(XLM, model__byte_fallback=True)), "byte_fallback"),
    ("Unigram, NFKC", xlm(with_(XLM, normalizer={"type": "NFKC"})), "NFKC"),
    ("Unigram, another normalizer", xlm(with_(XLM, normalizer={"type": "Sequence", "normalizers": [
        PRECOMPILED, {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}]})),
     "normalizer"),
    ("Unigram, no splitting at marks", xlm(with_(XLM, pre_tokenizer={**METASPACE, "split": False})),
     "pre_tokenizer"),
    ("Unigram, prefix of the first word", xlm(with_(
        XLM, pre_tokenizer={**METASPACE, "prepend_scheme": "first"})), "prepend_scheme"),
    ("Unigram, a prefix space that the file lacks", xlm(with_(
        XLM, pre_tokenizer={**METASPACE, "prepend_scheme": "never"})), "prepend_scheme"),
    ("Unigram, a charsmap that is damaged", xlm(with_(
        XLM, normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"})), "charsmap"),
    ("sentencepiece.bpe.model alone", {
        "config.json": {"model_type": "xlm-roberta"}, "sentencepiece.bpe.model": "x"},
     "sentencepiece.bpe.model"),
    ("BertJapaneseTokenizer", files("BertJapaneseTokenizer"), "BertJapaneseTokenizer"),
    ("XLMRobertaTokenizer", files("XLMRobertaTokenizer", BERT), "XLMRobertaTokenizer"),
    ("BertTokenizer, byte-level file", files(base=ROBERTA), "does not fit"),
    ("RobertaTokenizer, WordPiece file", files("RobertaTokenizer", BERT), "does not fit"),
    ("PreTrainedTokenizerFast without tokenizer.json",
     files("PreTrainedTokenizerFast"), "needs a tokenizer.json"),
    ("PreTrainedTokenizerFast without post-processor",
     files("PreTrainedTokenizerFast", with_(BERT, post_processor=None), SPECIAL_NAMES),
     "post_processor"),
    ("PreTrainedTokenizerFast without model_input_names",
     files("PreTrainedTokenizerFast", BERT, SPECIAL_NAMES), "model_input_names"),
    ("lowercase false without do_lower_case",
     files(base=with_(BERT, normalizer__lowercase=False)), "lowercase"),
    ("strip_accents without the setting",
     files(base=with_(BERT, normalizer__strip_accents=False)), "strip_accents"),
    ("clean_text false", files(base=with_(BERT, normalizer__clean_text=False)), "clean_text"),
    ("another prefix", files(base=with_(BERT, model__continuing_subword_prefix="@@")),
     "continuing_subword_prefix"),
    ("another longest word", files(base=with_(BERT, model__max_input_chars_per_word=5)),
     "max_input_chars_per_word"),
    ("another template", files(base=with_(
        BERT, post_processor={"type": "RobertaProcessing", "sep": ["[SEP]", 3],
                              "cls": ["[CLS]", 2]})), "post_processor"),
    ("prefix space of the file alone",
     files("RobertaTokenizer", with_(ROBERTA, pre_tokenizer__add_prefix_space=True),
           model="roberta", segments=1), "add_prefix_space"),
    ("added_tokens_decoder that lacks a token",
     files(base=adding(BERT, *MARKS), config={"added_tokens_decoder": {
         "41": {"content": "[E1]", "special": True, "normalized": False}}}),
     "lacks the added token"),
    ("added_tokens_decoder that contradicts",
     files(base=adding(BERT, MARKS[0]), config={"added_tokens_decoder": {
         "41": {"content": "[E1]", "special": True, "normalized": False, "lstrip": True}}}),
     "in another way"),
    ("an added token with a later id",
     files(**{"added_tokens.json": {"badgood": 50}}), "badgood"),
]


def expected(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pair = tokenizer(*PAIR)
    short = tokenizer(*PAIR, truncation=True, max_length=8)
    size = len(pair["input_ids"])
    return {
        "ids": [tokenizer(text)["input_ids"] for text in TEXTS], "pair": pair["input_ids"],
        "segments": pair.get("token_type_ids", [0] * size), "short": short["input_ids"]}


def main():
    cases = []
    for name, folder, *refusal in CASES:
        case = {"name": name, "files": {
            file: content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            for file, content in folder.items()}}
        if refusal:
            case["refused"] = refusal[0]
        else:
            with tempfile.TemporaryDirectory() as path:
                for file, content in case["files"].items():
                    with open(os.path.join(path, file), "w", encoding="utf-8") as out:
                        out.write(content)
                case.update(expected(path))
        cases.append(case)
    write("tokenizer-folders.json", {"texts": TEXTS, "pair": list(PAIR), "cases": cases}, __file__,
          versions(transformers, tokenizers), NOTE)


if __name__ == "__main__":
    main()
