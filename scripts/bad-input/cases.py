"""How a case is written down: a name, what is spoiled, and the command."""
import itertools
import os
import shlex

from world import CONFIGURATIONS, changed, write

CASES = []
TRAINS = {"finetune": "teacher-finetune", "distill": "distill", "pretrain": "pretrain", "compare": "compare"}
PREDICT = "mate-kd predict --model model --task sst-2 --input in.txt --output out.jsonl"
EVALUATE = "mate-kd evaluate --model model --task sst-2 --data data --bootstrap 0"
ANSWER = "mate-kd evaluate --model qa --task squad2 --data squad --bootstrap 0"
OWN = "mate-kd inspect --task-config task.json --data own"


class Case:
    """`files` are written, or removed if they are None; long ones come in pieces from a function, so
    that this process stays small, whose memory counts for the program that it starts. `spoil` gets a function to paths; `shell` is a
    script in place of the command."""

    def __init__(self, name, command, files=None, spoil=None, stdin=None, shell=None, is_good=False):
        self.is_good = is_good
        self.name, self.command, self.stdin, self.shell = name, shlex.split(command), stdin, shell
        self.files, self.also = files or {}, spoil
        CASES.append(self)

    def spoil(self, folder):
        for name, content in self.files.items():
            path = os.path.join(folder, name)
            if content is None:
                os.remove(path)
            elif callable(content):
                with open(path, "w") as file:
                    file.writelines(content())
            else:
                write(path, content)
        if self.also:
            here = os.path.join
            self.also(lambda name: here(folder, name))


def many(begin, count, piece, end):
    """A long text in pieces: `piece` makes one of its number."""
    return lambda: itertools.chain([begin], map(piece, range(count)), [end])


def config(name, run, changes, more=""):
    """A configuration with some values changed."""
    command = TRAINS[run]
    Case(f"{run}: {name}", f"mate-kd {command} --config {command}.json {more}",
         {f"{command}.json": changed(CONFIGURATIONS[command], changes)})


def config_text(name, text):
    """A configuration file with this content."""
    Case(f"configuration: {name}", "mate-kd distill --config distill.json", {"distill.json": text})


# If these did not go well, the others would fail for no reason of their own.
for line in [PREDICT, EVALUATE, ANSWER, OWN, *(f"mate-kd {name} --config {name}.json" for name in CONFIGURATIONS)]:
    Case(f"all is well: {line[8:40]}", line, is_good=True)
Case("all is well: tokenize", "mate-kd tokenize --model model", stdin="in.txt", is_good=True)
Case("all is well: a pipe as input", "true", is_good=True,
     shell=PREDICT.replace("in.txt", "<(cat in.txt)") + " && cat in.txt | " + PREDICT.replace("in.txt", "/dev/stdin")
     + " --overwrite")
Case("all is well: a pipe as configuration", "true", is_good=True,
     shell="mate-kd teacher-finetune --config <(cat teacher-finetune.json)")
