#!/usr/bin/env bash
# Runs the commands of README.md, CONTRIBUTING.md and docs/*.md: every block ```sh, in the order of
# its document, in a folder with small models and data under the names that the documents use. Where
# ../shared (or MATE_KD_SHARED) is there, AG News, SST-2 and MiniLM are the real ones. A comment
# before a block says what is done with it otherwise:
#
#   <!-- test: not run: REASON -->           its commands are looked at only
#   <!-- test: run with OPTIONS -->          the runs that it begins get these options
#   <!-- test: run where ../shared is -->    it needs real data
#
# In all blocks and in all inline code, subcommands, scripts and options must exist. `hf` and
# `swift` are stand-ins that download and build nothing. Expects the release build; MATE_KD names
# another program. Usage: scripts/tests/documents.test.sh [DOCUMENT...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "documents.test.sh: no $mate_kd" >&2; exit 1; }
mate_kd=$(realpath "$mate_kd")
shared=${MATE_KD_SHARED:-$root/../shared}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/world" "$work/bin"
cd "$work/world"
source "$root/scripts/tests/watched_runs.sh"

# Models and runs.
make_models
student kd runs/student-kd
student mate-kd runs/student-mate-kd --set method.generator_steps=2 --set method.student_steps=6
cp -r runs/student-mate-kd runs/student
body() { # body FOLDER LAYERS: a fresh masked language model
  cat >body.json <<JSON
{"output_dir": "$1", "corpus": {"files": ["data/corpus.txt"]}, "max_seq_length": 24,
 "model": {"config": {"hidden_size": 24, "num_hidden_layers": $2, "num_attention_heads": 2,
   "intermediate_size": 32, "max_position_embeddings": 512}, "vocab": "data/vocab.txt"},
 "train": {"max_steps": 1, "save_strategy": "no"}}
JSON
  quietly "$mate_kd" pretrain --config body.json
}
export HF_HOME=$work/hf
unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE XDG_CACHE_HOME
cached() { # cached NAME LAYERS: as huggingface_hub keeps it
  local folder=$HF_HOME/hub/models--${1//\//--} commit=0123456789abcdef0123456789abcdef01234567
  mkdir -p "$folder/refs" "$folder/snapshots"
  printf %s "$commit" >"$folder/refs/main"
  body "$folder/snapshots/$commit" "$2"
}
body models/all-MiniLM-L6-v2 6
cached google-bert/bert-base-uncased 12
cached google/bert_uncased_L-4_H-256_A-4 4
cached sentence-transformers/paraphrase-MiniLM-L3-v2 3

# Data, and configurations that the documents name without showing them.
mkdir -p data/glue models
if [[ -d $shared/data ]]; then
  ln -s "$(realpath "$shared")"/data/glue/* data/glue/
  ln -s "$(realpath "$shared")/data/ag_news" data/ag_news
  ln -s "$(realpath "$shared")/models/paraphrase-MiniLM-L3-v2" models/
  for task in cola mnli rte; do
    sed "s|\"output_dir\": \"teacher\"|\"output_dir\": \"runs/$task\"|; s|\"name\": \"sst-2\"|\"name\": \"$task\"|
      s|\"data_dir\": \"data/SST-2\"|\"data_dir\": \"data/glue\"|; s|\"max_steps\": 60|\"max_steps\": 1|" \
      teacher.json >"$task.json"
    quietly "$mate_kd" teacher-finetune --config "$task.json"
  done
else
  ln -s ../SST-2 data/glue/SST-2
  body models/paraphrase-MiniLM-L3-v2 3
fi
python3 - "$shared" <<'PYTHON'
import csv, json, pathlib, random, sys

source = pathlib.Path(sys.argv[1]) / "data/ag_news/test.csv"
topics = ["world", "sports", "business", "sci-tech"]
if source.exists():
    with open(source, newline="", encoding="utf-8") as file:
        rows = [[topics[int(row[0]) - 1], *row[1:]] for row in csv.reader(file)][:400]
else:
    draw = random.Random(1)
    lines = pathlib.Path("data/corpus.txt").read_text().splitlines()
    rows = [[topics[i % 4], draw.choice(lines), f"{topics[i % 4]} {draw.choice(lines)}"]
            for i in range(400)]
for name, some in [("news.csv", rows), ("new-texts.csv", [[row[1], row[2]] for row in rows[:20]])]:
    with open(name, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["topic", "title", "description"][3 - len(some[0]):]] + some)
config = json.load(open("kd.json")) | {"output_dir": "runs/sst2"}
json.dump(config, open("sst2.json", "w"))
base = {key: config[key] for key in config if key not in ("output_dir", "method", "generator")}
base["train"] = {"max_steps": 2, "per_device_train_batch_size": 8}
task = base.pop("task")
json.dump({"output_dir": "runs/study", "seeds": [1], "bootstrap": {"resamples": 50}, "base": base,
           "tasks": {"films": {"task": task}},
           "methods": {"none": {"method": {"name": "none"}}, "kd": {"method": {"name": "kd"}}}},
          open("study.json", "w"))
json.dump({"output_dir": "runs/sweep", "samples": 2, "strategy": "random",
           "base": base | {"task": task, "method": {"name": "kd"}},
           "parameters": {"train.learning_rate": {"range": [1e-4, 1e-2], "scale": "log"}}},
          open("sweep.json", "w"))
PYTHON
quietly "$mate_kd" compare --config study.json
quietly "$mate_kd" sweep --config sweep.json
for name in configs scripts Sources Examples; do ln -s "$root/$name" .; done
cp -r "$root/docs" .

# The programs that the commands call.
cat >"$work/bin/mate-kd" <<'STANDIN'
#!/usr/bin/env bash
# The options of the block go to the commands that begin runs. The stand-ins know nothing.
set -f
case ${1:-} in
  teacher-finetune | pretrain) options=($BLOCK_OPTIONS) ;;
  distill) options=($BLOCK_OPTIONS --set allow_weak_teacher=true) ;;
  compare) options=(${BLOCK_OPTIONS//train./base.train.} --set base.allow_weak_teacher=true) ;;
  *) options=() ;;
esac
exec "$PROGRAM" "$@" "${options[@]}"
STANDIN
cat >"$work/bin/swift" <<'STANDIN'
#!/usr/bin/env bash
[[ " $* " == *" --show-bin-path "* ]] || { echo "nothing is built here: swift $*" >&2; exit 1; }
dirname "$0"
STANDIN
cat >"$work/bin/hf" <<'STANDIN'
#!/usr/bin/env bash
[[ $1 == download && -d $HF_HOME/hub/models--${2//\//--} ]] || { echo "hf $*" >&2; exit 1; }
STANDIN
chmod +x "$work"/bin/*
export PROGRAM=$mate_kd

python3 - "$root" "$work" "$([[ -d $shared/data ]] && echo yes || echo no)" "$@" <<'PYTHON'
import os, pathlib, re, shlex, shutil, signal, subprocess, sys, time

root, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
has_shared, wanted = sys.argv[3] == "yes", sys.argv[4:]
program = os.environ["PROGRAM"]
problems = []

def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))

def output(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True).stdout

help_text = output("--help")
commands = re.findall(r"^  ([a-z][a-z-]+)  ", help_text[help_text.index("SUBCOMMANDS:"):], re.M)
assert len(commands) > 12, commands
known = {name: options(output("help", name)) | {"--help"} for name in commands}
anywhere = set().union(*known.values()) | {"--version"}
scripts = {}
for path in [*root.glob("scripts/**/*"), *root.glob(".ci/*"), *root.glob("Benchmarks/**/*.swift")]:
    if path.is_file() and path.suffix in ("", ".sh", ".py", ".swift"):
        scripts[str(path.relative_to(root))] = path.read_text()
        anywhere |= options(scripts[str(path.relative_to(root))])
# Of other programs, named in the documents.
anywhere |= {"--logdir", "--mca", "--show-bin-path", "--product", "--traits", "--bind-to",
             "--oversubscribe", "--map-by", "--signal", "--array"}

def check(place, words):
    """Looks at one command."""
    words = [word for word in words if word]
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if not words:
        return
    name = words[0].rsplit("/", 1)[-1]
    given = {word.split("=")[0] for word in words[1:] if re.match(r"--[a-z]", word)}
    if name in ("mate-kd", "$mate_kd") and len(words) > 1 and not words[1].startswith("-"):
        if words[1] == "help":
            words = words[1:]
        if len(words) > 1 and re.fullmatch(r"[a-z-]+", words[1]):
            if words[1] not in known:
                problems.append(f"{place}: there is no subcommand {words[1]}")
            else:
                problems.extend(f"{place}: {words[1]} has no option {option}"
                                for option in sorted(given - known[words[1]]))
    elif words[0].startswith("scripts/") or words[0].startswith(".ci/"):
        if not (root / words[0]).exists():
            problems.append(f"{place}: there is no {words[0]}")
        elif words[0] in scripts:
            problems.extend(f"{place}: {words[0]} has no option {option}"
                            for option in sorted(given - options(scripts[words[0]])))

def split(line):
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()

documents = wanted or ["README.md", "CONTRIBUTING.md", *sorted(
    str(path.relative_to(root)) for path in root.glob("docs/**/*.md"))]
counts = {"run": 0, "not run": 0, "skipped": 0, "inline": 0}
for document in documents:
    if document.endswith(".template.md"):
        continue
    text = (root / document).read_text()
    copy = None
    for block in re.finditer(r"(?:<!-- test: ([^>]*?) -->\n+)?^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        mark, kind, body = block.groups()
        if kind != "sh":
            continue
        line = text[:block.start(3)].count("\n") + 1
        place = f"{document}:{line}"
        joined = body.replace("\\\n", " ")
        for number, command in enumerate(joined.split("\n")):
            for part in re.split(r"[;|]", command):
                part = re.sub(r"^\s*(do|then)\s", "", part)
                check(place, split(part))
        mark = " ".join((mark or "run").split())
        if mark.startswith("not run: ") and len(mark) > 20:
            counts["not run"] += 1
            print(f"documents: {place}: {mark}")
            continue
        if mark == "run where ../shared is":
            if not has_shared:
                counts["skipped"] += 1
                print(f"documents: {place}: skipped: ../shared is not here")
                continue
            mark = "run"
        if mark != "run" and not mark.startswith("run with "):
            problems.append(f"{place}: what does \"{mark}\" mean?")
            continue
        if copy is None:
            copy = work / "here" / document.replace("/", "-")
            shutil.copytree(work / "world", copy, symlinks=True)
        began = time.monotonic()
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", body], cwd=copy, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"PATH": f"{work}/bin:{os.environ['PATH']}",
                              "MATE_KD": f"{work}/bin/mate-kd",
                              "BLOCK_OPTIONS": mark.removeprefix("run").removeprefix(" with ")})
        try:
            said, code = process.communicate(timeout=300)[0], process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, code = process.communicate()[0], "a timeout"
        counts["run"] += 1
        print(f"documents: {place}: {mark}: {time.monotonic() - began:.1f} s")
        if code != 0:
            problems.append(f"{place}: ends with {code}:\n" + "\n".join(
                f"    {line}" for line in (body + said).splitlines()[-40:]))
        for made in re.findall(r"--output (\S+)", joined):
            if made != "-" and not made.startswith("$") and not (copy / made).exists():
                problems.append(f"{place}: {made} was not written")
        for made in re.findall(r"# → (\S+)$", joined, re.M):
            if not (copy / made).exists():
                problems.append(f"{place}: {made} was not written")
    # Regenerated files are what they were.
    if copy is not None:
        for path in (root / "docs").glob("**/*"):
            if path.is_file() and (copy / path.relative_to(root)).read_bytes() != path.read_bytes():
                problems.append(f"{document}: its commands change {path.relative_to(root)}")
        shutil.rmtree(copy)
    # Inline code.
    prose = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    for code in re.finditer(r"`([^`]+)`", prose):
        place = f"{document}:{prose[:code.start()].count(chr(10)) + 1}"
        words = split(" ".join(code[1].split()))
        if not words:
            continue
        if words[0] in known and len(words) > 1 and any(word.startswith("--") for word in words):
            words = ["mate-kd", *words]
        counts["inline"] += 1
        check(place, words)
        if words[0] not in ("mate-kd",) and not words[0].startswith("scripts/"):
            problems.extend(f"{place}: nothing has an option {option}"
                            for option in sorted(options(" ".join(words)) - anywhere))

for problem in problems:
    print(f"FAILED: {problem}", file=sys.stderr)
print(f"documents: {counts['run']} blocks run, {counts['not run']} not run, {counts['skipped']} "
      f"skipped, {counts['inline']} inline, {len(problems)} problems")
if not wanted and counts["run"] < 5:
    sys.exit("documents: hardly a block was run")
sys.exit(bool(problems))
PYTHON
