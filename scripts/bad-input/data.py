"""Data files: tables, JSON Lines, SQuAD, own tasks and the paths in them."""
import os

from cases import ANSWER, EVALUATE, OWN, PREDICT, Case, many
from world import OWN_TASK, SENTENCES, SQUAD, changed

BIG = 2 ** 63 - 1
FINETUNE = "mate-kd teacher-finetune --config teacher-finetune.json"


def dev(name, content, command=EVALUATE):
    Case(f"dev.tsv: {name}", command, {"data/dev.tsv": content})


def text(name, content, command=PREDICT):
    Case(f"input: {name}", command, {"in.txt": content})


def own(name, changes, content=None):
    files = {"task.json": changed(OWN_TASK, changes)}
    if content is not None:
        files |= {"own/train.csv": content, "own/dev.csv": content}
    Case(f"own task: {name}", OWN, files)


def squad(name, changes):
    Case(f"squad: {name}", ANSWER, {"squad/dev-v2.0.json": changed(SQUAD, changes)})


for name, content in {
    "empty": "", "header alone": "sentence\tlabel\n", "no header": "the film\t1\n", "a label of nobody": SENTENCES + "x\t2\n",
    "label with an escape": SENTENCES + "x\t\x1b[31m\n", "label with C1": SENTENCES + "x\t\u009b2J\n", "no label": SENTENCES + "x\n", "an empty text": SENTENCES + " \t1\n",
    "a field too many": SENTENCES + "the film\tis good\t1\n", "two fields too many": SENTENCES + "a\t1\t2\t3\n", "a tab at the end": SENTENCES + "a\t1\t\n",
    "not UTF-8": SENTENCES.encode() + b"\xff\xfe\t1\n", "half a character": SENTENCES.encode() + b"\xe2\x82\t1\n", "UTF-16": SENTENCES.encode("utf-16"),
    "binary": bytes(range(256)) * 100, "NULs": b"\0" * 1000, "an escape in the header": "\x1b[31msentence\tlabel\nx\t1\n", "label 1.5": SENTENCES + "x\t1.5\n",
    "label with a space": SENTENCES + "x\t1 0\n", "a million tabs": SENTENCES + "\t" * 10 ** 6 + "\n",
    "a header of a megabyte": "h" * 10 ** 6 + "\tlabel\nx\t1\n", "old Mac line ends": SENTENCES.replace("\n", "\r"),
}.items():
    dev(name, content)
    if name in ["empty", "a field too many", "not UTF-8", "a label of nobody"]:
        Case(f"train.tsv: {name}", FINETUNE, {"data/train.tsv": content})
for name, make in {"a pipe": os.mkfifo, "a folder": os.mkdir, "/dev/zero": lambda path: os.symlink("/dev/zero", path),
                   "a dangling link": lambda path: os.symlink("nowhere", path)}.items():
    Case(f"dev.tsv: {name}", EVALUATE, {"data/dev.tsv": None}, lambda at, make=make: make(at("data/dev.tsv")))
def of_nothing(path, beginning):
    """A file that goes on for 100 GB, of which nothing is on the disk."""
    with open(path, "w") as file:
        file.write(beginning)
    os.truncate(path, 10 ** 11)


Case("dev.tsv: 100 GB of nothing", EVALUATE, spoil=lambda at: of_nothing(at("data/dev.tsv"), SENTENCES))
Case("dev.tsv: a hole of a gigabyte", EVALUATE, spoil=lambda at: (of_nothing(at("data/dev.tsv"), SENTENCES), os.truncate(at("data/dev.tsv"), 10 ** 9)))
Case("squad: 100 GB of nothing", ANSWER, spoil=lambda at: of_nothing(at("squad/dev-v2.0.json"), "{"))
Case("input: 100 GB of nothing", PREDICT, spoil=lambda at: of_nothing(at("in.txt"), "the film\n"))
Case("corpus: 100 GB of nothing", "mate-kd pretrain --config pretrain.json", spoil=lambda at: of_nothing(at("corpus.txt"), "the film\n"))
Case("dev.tsv: missing", EVALUATE, {"data/dev.tsv": None})
Case("dev.tsv: not readable", EVALUATE, spoil=lambda at: (os.remove(at("data/dev.tsv")), os.symlink("/proc/self/mem", at("data/dev.tsv"))))

own("a label with a tab", {"labels": ["a\tb", "c"]})
own("a label with a line break", {"labels": ["a\nb", "c"]})
text("empty", "")
text("not UTF-8", b"\xff\xff\n")
text("blank lines", "\n\n\n")
text("a field too many", "index\tsentence\n0\tthe film\tis good\n")
text("pairs with a third text", "a\tb\na\tb\tc\n", PREDICT.replace("sst-2", "rte"))
text("pairs with one text", "a\n", PREDICT.replace("sst-2", "rte"))
Case("input: a folder", PREDICT.replace("in.txt", "data"))
Case("input: missing", PREDICT.replace("in.txt", "nowhere"))
Case("input: endless zeros", PREDICT.replace("in.txt", "/dev/zero"))
Case("input: a pipe that nobody writes to", PREDICT, {"in.txt": None}, lambda at: os.mkfifo(at("in.txt")))
Case("input: a closed pipe", PREDICT.replace("in.txt", "/dev/stdin"))
Case("tokenize: not UTF-8", "mate-kd tokenize --model model", {"bytes": b"good\n\xff\n"}, stdin="bytes")
Case("tokenize: a folder", "mate-kd tokenize --model data", stdin="in.txt")

for name, changes in {
    "column 2^63 - 1": {"text": BIG}, "column -2": {"text": -2}, "column 100": {"text": 100}, "column 2^64": {"label": 2 ** 64}, "column 1.5": {"text": 1.5},
    "text and label in one column": {"text": "label"}, "no labels": {"labels": ...}, "one label": {"labels": ["a"]}, "a label twice": {"labels": ["a", "A"]},
    "fewer spellings": {"label_spellings": ["a"]}, "format": {"format": "xml"}, "separator": {"separator": "|"}, "score_range": {"labels": ..., "score_range": [5, 0]},
    "score_range and labels": {"score_range": [0, 5]}, "unknown key": {"colour": 1}, "name of a task": {"name": "sst-2"}, "metric": {"metrics": ["bleu"]},
    "unknown column": {"text": "txt"}, "column with an escape": {"text": "\x1b[31m"}, "max_seq_length": {"max_seq_length": BIG}, "label separator": {"multi_label": True, "label_separator": ""},
    "a hundred thousand labels twice": {"labels": [str(i) for i in range(100_000)] * 2},
}.items():
    own(name, changes)
for name, path in {"../own/train.csv": "../own/train.csv", "/etc/passwd": "/etc/passwd", "../../etc/passwd": "../../../../../../etc/passwd", "..": "..", "a/../..": "a/../../own/train.csv",
                   "NUL": "train.csv\0", "empty": "", "a folder": ".", "missing": "nowhere.csv", "an escape": "\x1b[31m.csv"}.items():
    own(f"file {name}", {"files": {"train": path, "validation": path}})
    Case(f"task.json of a model: file {name}", "mate-kd evaluate --model model --data own --bootstrap 0",
         {"model/task.json": changed(OWN_TASK, {"files": {"validation": path}})})
Case("own task: a link that leads out", OWN, {"task.json": changed(OWN_TASK, {"files": {"train": "passwd"}})}, lambda at: os.symlink("/etc/passwd", at("own/passwd")))
for name, content in {
    "a decimal comma": "text,label\nfine,1,5\n", "a comma in a text": "text,label\nfine, really,pos\n", "an open quote": 'text,label\n"fine,pos\n', "text after a quote": 'text,label\n"fine"x,pos\n',
    "empty": "", "header alone": "text,label\n", "short row": "text,label\nfine\n", "semicolons": "text;label\nfine;pos\n", "another label": "text,label\nfine,maybe\n",
    "a label with escapes": "text,label\nfine,\x1b[31mpos\n", "not UTF-8": b"text,label\n\xff,pos\n",
}.items():
    own(f"csv with {name}", {}, content)
own("a score with a comma", {"labels": ..., "score_range": [0, 5]}, "text,label\nfine,1,5\n")
for number in ["nan", "inf", "1e400", "0x10", "6", "", "--1", "9" * 400]:
    own(f"score {number[:10]}", {"labels": ..., "score_range": [0, 5]}, f"text,label\nfine,{number}\n")
for name, content in {"cut": '{"text": "a", "label": "neg"\n', "an array": "[1]\n", "no label": '{"text": "a"}\n', "label is an object": '{"text": "a", "label": {}}\n', "deep": "[" * 10 ** 5 + "\n",
                      "an escape in a label": '{"text": "a", "label": "\\u001b[31m"}\n', "label twice": '{"label": "neg", "label": "pos", "text": "a"}\n', "text is a list": '{"text": ["a"], "label": "neg"}\n',
                      "half a surrogate": '{"text": "\\ud800", "label": "neg"}\n', "empty text": '{"text": "", "label": "neg"}\n'}.items():
    Case(f"jsonl: {name}", OWN, {"task.json": changed(OWN_TASK, {"format": "jsonl"}), "own/train.jsonl": content, "own/dev.jsonl": content})

paragraph = "data.0.paragraphs.0"
for name, changes in {
    "no data": {"data": ...}, "no articles": {"data": []}, "data is an object": {"data": {}}, "an article that is a text": {"data.0": "x"}, "no paragraphs": {"data.0.paragraphs": ...},
    "no questions": {f"{paragraph}.qas": []}, "context is a number": {f"{paragraph}.context": 3}, "no context": {f"{paragraph}.context": ...}, "no id": {f"{paragraph}.qas.0.id": ...},
    "answers to the impossible": {f"{paragraph}.qas.0.is_impossible": True}, "is_impossible": {f"{paragraph}.qas.0.is_impossible": "no"}, "answer_start is a text": {f"{paragraph}.qas.0.answers.0.answer_start": "0"},
    "answer_start 1.5": {f"{paragraph}.qas.0.answers.0.answer_start": 1.5}, "answer_start 2^64": {f"{paragraph}.qas.0.answers.0.answer_start": 2 ** 64}, "no answers known": {f"{paragraph}.qas.0.answers": []},
    "an id twice": {f"{paragraph}.qas": SQUAD["data"][0]["paragraphs"][0]["qas"] * 2}, "an id with an escape": {f"{paragraph}.qas": [{"id": "\x1b[31m", "question": "q", "answers": [{}]}]},
}.items():
    squad(name, changes)
for name, content in {"empty": "", "cut": '{"data": [', "an array": "[]", "binary": bytes(range(256)), "deep": '{"data": ' + "[" * 10 ** 5}.items():
    Case(f"squad: {name}", ANSWER, {"squad/dev-v2.0.json": content})
Case("squad: forty million zeros", ANSWER, {"squad/dev-v2.0.json": many('{"data": [', 40_000, lambda n: "0," * 1000, "0]}")})
squad("many questions about a word without end", {
    f"{paragraph}.context": "the " + "x" * 4_000_000 + " film",
    f"{paragraph}.qas": [{"id": str(number), "question": "what is good ?", "is_impossible": False,
                          "answers": [{"text": "the", "answer_start": 0}]} for number in range(60)]})
Case("squad: a pipe", ANSWER, {"squad/dev-v2.0.json": None}, lambda at: os.mkfifo(at("squad/dev-v2.0.json")))
Case("squad: a window without room", ANSWER + " --max-seq-length 10 --doc-stride 9")
