#!/usr/bin/env bash
# A model that huggingface_hub itself puts into its cache, from a server on loopback, is found by
# its name. Skipped where Python lacks huggingface_hub. Expects the release build; MATE_KD names
# another.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "hub-cache.test.sh: no $mate_kd" >&2; exit 1; }
python=${PYTHON:-python3}
if ! "$python" -c 'import huggingface_hub' 2>/dev/null; then
  echo "hub-cache: skipped: $python has no package huggingface_hub"
  exit 0
fi
work=$(mktemp -d)
server=
stop() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

"$mate_kd" synthesize --output data --train-rows 40 --dev-rows 20 --corpus-rows 40
cat >body.json <<'JSON'
{
  "output_dir": "served", "corpus": {"files": ["data/corpus.txt"]},
  "model": {
    "config": {
      "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
      "max_position_embeddings": 128
    },
    "vocab": "data/vocab.txt"
  },
  "train": {"max_steps": 1, "save_strategy": "no"}
}
JSON
"$mate_kd" pretrain --config body.json --quiet >/dev/null
cat >run.json <<'JSON'
{
  "output_dir": "run", "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 64},
  "model": {"model_name_or_path": "some-org/tiny"}, "train": {"max_steps": 1}
}
JSON

export HF_HOME=$work/hf
unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE XDG_CACHE_HOME
code=0
"$mate_kd" teacher-finetune --config run.json --dry-run 2>message || code=$?
[[ $code -eq 78 ]] || fail "a model that is nowhere ends with $code"
grep -q 'get it by: hf download some-org/tiny' message || fail "no advice: $(cat message)"

for command in inspect tokenize export evaluate predict; do
  more=()
  case $command in
    export) more=(--output model.onnx) ;;
    evaluate) more=(--task sst-2 --data data) ;;
    predict) more=(--task sst-2 --input data/SST-2/test.tsv --output predictions.jsonl) ;;
  esac
  code=0
  "$mate_kd" $command --model some-org/tiny "${more[@]}" 2>message </dev/null || code=$?
  [[ $code -eq 66 ]] || fail "$command with a model that is nowhere ends with $code"
  grep -q 'get it by: hf download some-org/tiny' message || fail "$command: $(cat message)"
done

# The part of the Hub's interface that a download needs.
cat >server.py <<'PYTHON'
import hashlib, http.server, json, pathlib, sys

files = {p.name: p.read_bytes() for p in pathlib.Path("served").iterdir() if p.is_file()}
files = {n: files[n] for n in ["config.json", "model.safetensors", "vocab.txt",
                               "tokenizer_config.json"] if n in files}
commit = "0123456789abcdef0123456789abcdef01234567"

class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, **headers):
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), "X-Repo-Commit": commit,
                            **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        name = path.rsplit("/", 1)[-1]
        if path.startswith("/api/models/some-org/tiny"):
            info = {"id": "some-org/tiny", "modelId": "some-org/tiny", "sha": commit,
                    "siblings": [{"rfilename": n} for n in files], "private": False,
                    "tags": [], "downloads": 0, "likes": 0}
            tree = [{"type": "file", "path": n, "size": len(b), "oid": "0" * 40}
                    for n, b in files.items()]
            body = tree if "/tree/" in path else info
            self.answer(json.dumps(body).encode(), **{"Content-Type": "application/json"})
        elif "/resolve/" in path and name in files:
            digest = hashlib.sha256(files[name]).hexdigest()
            self.answer(files[name], ETag=f'"{digest}"')
        else:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
"$python" server.py >port &
server=$!
for _ in $(seq 100); do
  [[ -s port ]] && break
  sleep 0.1
done
HF_ENDPOINT=http://127.0.0.1:$(cat port) NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
  HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_TELEMETRY=1 "$python" - >snapshot <<'PYTHON'
from huggingface_hub import snapshot_download
print(snapshot_download("some-org/tiny"))
PYTHON
kill "$server"
server=
[[ -L $(cat snapshot)/model.safetensors ]] || fail "the library made no links; the test shows little"

"$mate_kd" teacher-finetune --config run.json --quiet >/dev/null
grep -q "\"$(cat snapshot)\"" run/run.json || fail "run.json does not name the snapshot"
"$mate_kd" inspect --model "$(cat snapshot)" --json >by-folder
"$mate_kd" inspect --model some-org/tiny --json | cmp - by-folder || fail "inspect found another model"
[[ $(echo 'a film' | "$mate_kd" tokenize --model some-org/tiny) == "$(
  echo 'a film' | "$mate_kd" tokenize --model served)" ]] || fail "tokenize found another model"
HF_HUB_CACHE=$HF_HOME/hub HF_HOME=/nowhere "$mate_kd" teacher-finetune --config run.json --quiet \
  --output-dir run2 >/dev/null
cmp run/model.safetensors run2/model.safetensors
# A folder of that name goes first.
mkdir -p some-org
cp -r served some-org/tiny
"$mate_kd" teacher-finetune --config run.json --quiet --output-dir run3 >/dev/null
grep -q '"some-org/tiny"' run3/run.json || fail "the folder did not go first"
echo "hub-cache: a model of huggingface_hub's own cache is found by its name"
