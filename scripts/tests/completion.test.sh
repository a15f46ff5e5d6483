#!/usr/bin/env bash
# Completion in the shells themselves, with the Tab key: bash, and zsh and fish where they are
# installed. Expects the release build; MATE_KD names another program.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "completion.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin models
ln -s "$mate_kd" bin/mate-kd
PATH=$work/bin:$PATH
touch run.json notes.txt
for shell in bash zsh fish; do mate-kd --generate-completion-script "$shell" >"completion.$shell"; done

"${PYTHON:-python3}" - <<'PYTHON'
import os, pty, re, select, shutil, signal, sys, time

STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "bind 'set enable-bracketed-paste off'; PS1='ready> '; source ./completion.bash"),
    "zsh": (["zsh", "-f", "-i"],
            "autoload -Uz compinit; compinit -u -d ./dump; PS1='ready> '; source ./completion.zsh"),
    "fish": (["fish", "--no-config", "-i"],
             "function fish_prompt; echo 'ready> '; end; source ./completion.fish"),
}
CASES = [
    ("mate-kd ", ["distill", "predict"]),
    ("mate-kd distill --config ", ["run.json"]),
    ("mate-kd evaluate --model ", ["models"]),
    ("mate-kd distill --precision ", ["float32", "bf16"]),
    ("mate-kd evaluate --task ", ["sst-2", "mnli"]),
    ("mate-kd methods ", ["tinybert", "pkd"]),
    ("mate-kd help ", ["distill", "predict"]),
    ("mate-kd help teacher", ["teacher-finetune"]),
]

def read_until(terminal, wanted, seconds):
    text, end = "", time.monotonic() + seconds
    while time.monotonic() < end and not all(word in text for word in wanted):
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                text += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
        # What a terminal answers when it is asked for its kind and the cursor's place.
        if text.endswith("\x1b[c"):
            os.write(terminal, b"\x1b[?62c")
        if text.endswith("\x1b[6n"):
            os.write(terminal, b"\x1b[1;1R")
    return text

failed = False
for shell, (command, start) in STARTS.items():
    if not shutil.which(shell):
        print(f"completion: {shell} is skipped: not here")
        continue
    for line, wanted in CASES:
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm", COLUMNS="200", LINES="60", HOME=os.getcwd())
            os.execvp(command[0], command)
        read_until(terminal, ["\0"], 0.5)
        os.write(terminal, (start + "\n").encode())
        read_until(terminal, ["ready> ", "ready> "], 10)
        read_until(terminal, ["\0"], 0.5)
        os.write(terminal, (line + "\t\t").encode())
        shown = read_until(terminal, wanted, 20)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
        missing = [word for word in wanted if word not in shown]
        if missing:
            failed = True
            print(f"FAILED: {shell}: \"{line}\" does not offer {missing}: {shown!r}", file=sys.stderr)
    print(f"completion: {shell} was tried")
sys.exit(failed)
PYTHON
