#!/usr/bin/env bash
# What the program shows and how it ends, as a terminal sees it: no control character of a file or
# of the command line arrives raw, results that cannot be written end with 74, and signals are
# answered. Expects the release build; MATE_KD names another program.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
mate_kd=${MATE_KD:-$(swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "terminal.test.sh: no $mate_kd" >&2; exit 1; }
mate_kd=$(realpath "$mate_kd")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

failures=0
fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# Runs a command and checks its exit code, and that nothing raw reaches either stream.
hostile=$'a\e]0;owned\a\nerror: forged\u009b\u202eb'
shown='a\\u001b]0;owned\\u0007\\nerror: forged\\u009b\\u202eb'
escapes() {
  local what=$1 right=$2 code
  shift 2
  "$mate_kd" "$@" >shown.txt 2>&1
  code=$?
  [[ $code == "$right" ]] || fail "$what: exit code $code instead of $right: $(cat -v shown.txt)"
  grep -q "$shown" shown.txt || fail "$what is not shown: $(cat -v shown.txt)"
  ! LC_ALL=C grep -qP '[\x01-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' shown.txt \
    || fail "$what arrives raw: $(cat -v shown.txt)"
  ! grep -q '^error: forged' shown.txt || fail "$what forges a line: $(cat -v shown.txt)"
}

json='a\u001b]0;owned\u0007\nerror: forged\u009b\u202eb'
# A label may not have a line break.
label=${json/\\n/ }
cat >task.json <<TASK
{"name": "own", "data_dir": "data", "format": "jsonl", "text": "text", "label": "label",
 "labels": ["$label", "other"], "files": {"train": "train.jsonl"}}
TASK
sed "s/^{/{\"${json//\\/\\\\}\": 1, /" task.json >key.json
sed "s/^ \"labels\": \[/&\"${json//\\/\\\\}\", /" task.json >line.json
mkdir data
echo "{\"text\": \"a b\", \"label\": \"$label\"}" >data/train.jsonl
"$mate_kd" synthesize --output made --train-rows 20 --dev-rows 10 --corpus-rows 10 >/dev/null \
  || exit 1
cat >body.json <<BODY
{"output_dir": "model", "corpus": {"files": ["made/corpus.txt"]}, "train": {"max_steps": 1},
 "model": {"vocab": "made/vocab.txt", "config": {"hidden_size": 8, "num_hidden_layers": 1,
 "num_attention_heads": 2, "intermediate_size": 8}}}
BODY
"$mate_kd" pretrain --config body.json --quiet >out.txt 2>&1 || fail "no model: $(cat out.txt)"
# A tensor that the architecture does not have.
python3 - "$hostile" <<'PYTHON'
import json, struct, sys
path = "model/model.safetensors"
data = open(path, "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header, body = json.loads(data[8:8 + size]), data[8 + size:]
header[sys.argv[1]] = {"dtype": "F32", "shape": [1], "data_offsets": [len(body), len(body) + 4]}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(path, "wb").write(struct.pack("<Q", len(text)) + text + body + b"\0\0\0\0")
PYTHON

escapes "an option" 64 evaluate --model m --data d "--$hostile"
escapes "a command" 64 "$hostile"
escapes "a value" 64 evaluate --model m --data d --split "$hostile"
escapes "a path" 66 inspect --model "$hostile"
escapes "a task" 64 evaluate --model model --data made --task "$hostile"
escapes "a key" 78 inspect --task-config key.json --data data
escapes "an assignment" 78 pretrain --config body.json --set "$hostile=1"
escapes "a label with a line break" 78 inspect --task-config line.json --data data
shown=${shown/\\\\n/ }
escapes "a label" 0 inspect --task-config task.json --data data
escapes "a label in JSON" 0 inspect --task-config task.json --data data --json
shown='a\\u001b]0;owned\\u0007\\nerror: forged\\u009b\\u202eb'
escapes "a tensor" 0 inspect --model model

# Results that cannot be written.
for command in "doctor" "doctor --json" "methods" "methods kd" "schema" "--help" "--version" \
  "inspect --model model" "inspect --model model --json" \
  "inspect --task sst-2 --data made --json" \
  "pretrain --config body.json --dry-run --output-dir new"; do
  for target in '>/dev/full' '>&-' '| true'; do
    # shellcheck disable=SC2086
    case $target in
      '>/dev/full') "$mate_kd" $command >/dev/full 2>err.txt; code=$? ;;
      '>&-') "$mate_kd" $command >&- 2>err.txt; code=$? ;;
      *)
        # The reader is gone before anything is written.
        (sleep 0.3; exec "$mate_kd" $command 2>err.txt) | true
        code=${PIPESTATUS[0]}
        ;;
    esac
    [[ $code == 74 ]] && grep -q '^error: standard output cannot be written' err.txt \
      || fail "$command $target: exit code $code: $(cat err.txt)"
  done
done

# Standard error does not matter, and its number is not given to a file.
for closed in '2>&-' '2>/dev/full'; do
  rm -rf new
  bash -c '"$0" pretrain --config body.json --output-dir new >out.txt '"$closed" "$mate_kd"
  code=$?
  [[ $code == 0 && -s new/all_results.json ]] || fail "pretrain $closed: exit code $code"
  cmp -s new/log.jsonl model/log.jsonl \
    || fail "pretrain $closed: another log: $(head -c 300 new/log.jsonl)"
done

# Signals: at once where nothing is to be saved, after the update where something is.
signal() {
  local signal=$1 right=$2 said=$3 pid code
  shift 3
  rm -f err.txt
  env --default-signal "$mate_kd" "$@" >out.txt 2>err.txt &
  pid=$!
  until grep -qs "$wait_for" err.txt; do
    kill -0 "$pid" 2>/dev/null || { fail "$1 ended before SIG$signal: $(cat err.txt)"; return; }
    sleep 0.01
  done
  kill "-$signal" "$pid"
  wait "$pid"
  code=$?
  [[ $code == "$right" ]] || fail "SIG$signal: exit code $code instead of $right: $(cat err.txt)"
  grep -q "^mate-kd: SIG$signal: $said" err.txt || fail "SIG$signal is not answered: $(cat err.txt)"
}
wait_for='^step 2 '
for name in INT:130 TERM:75 USR1:75 HUP:75; do
  rm -rf new
  signal "${name%:*}" "${name#*:}" 'stopping after this update' \
    pretrain --config body.json --output-dir new --set train.max_steps=1000000 \
    --set train.logging_steps=1
  grep -q -- "continue with: .*pretrain --config body.json .* --resume$" err.txt \
    || fail "SIG${name%:*}: the last line does not continue: $(tail -1 err.txt)"
  grep -q '"interrupted": true' new/all_results.json || fail "all_results.json does not say it"
done
# What the last line says is true.
resume=$(sed -n 's/.*continue with: //p' err.txt)
steps=$(sed -n 's/.*"global_step": \([0-9]*\).*/\1/p' new/all_results.json)
eval "${resume/max_steps=1000000/max_steps=$((steps + 1))}" >out.txt 2>err.txt
[[ $? == 78 ]] || fail "other settings are not refused: $(cat err.txt)"
rm err.txt
eval "exec $resume" >out.txt 2>err.txt &
pid=$!
until grep -qs "^step $((steps + 1)) " err.txt || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -TERM $pid
wait $pid
code=$?
[[ $code == 75 ]] && grep -q "going on after update $steps" err.txt \
  || fail "not resumed: exit code $code: $(head -20 err.txt)"
# nohup says that SIGHUP does not count.
rm -rf new err.txt
(trap '' HUP; exec "$mate_kd" pretrain --config body.json --output-dir new \
  --set train.max_steps=1000000 --set train.logging_steps=1 >out.txt 2>err.txt) &
pid=$!
until grep -qs '^step 2 ' err.txt; do sleep 0.01; done
kill -HUP $pid
sleep 0.2
kill -0 $pid 2>/dev/null || fail "SIGHUP ends a run under nohup: $(tail -1 err.txt)"
kill -TERM $pid
wait $pid

((failures == 0)) || exit 1
echo "terminal: control characters, standard streams and signals are as they should be"
