"""Runs the cases of the other files of this folder; see scripts/bad-input.sh."""
import concurrent.futures
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world  # noqa: E402
from cases import CASES  # noqa: E402
import commands, configurations, data, models, studies  # noqa: E402,F401  (each adds its cases)

SECONDS, BYTES = 10, 1 << 30
# Line ends apart, no control character of ASCII or of ISO 6429 reaches a terminal.
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def limit():
    os.setsid()
    # What goes wrong must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, case, folder):
    """Exit code, seconds, peak memory, standard output and error of a case."""
    where = os.path.join(folder, f"{case.number}")
    shutil.copytree(os.path.join(folder, "world"), where, symlinks=True)
    case.spoil(where)
    command = [program if part == "mate-kd" else part for part in case.command]
    if case.shell:
        command = ["bash", "-c", case.shell.replace("mate-kd", program)]
    start = time.monotonic()
    stdin = open(os.path.join(where, case.stdin), "rb") if case.stdin else subprocess.DEVNULL
    # Pipes, because a case may not be allowed to write to files.
    process = subprocess.Popen(
        command, cwd=where, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=limit)
    late = threading.Event()

    def stop():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)
    timer = threading.Timer(SECONDS, stop)
    timer.start()
    texts = {}
    readers = [threading.Thread(target=lambda name=name, stream=stream: texts.update(
        {name: stream.read()})) for name, stream in [("out", process.stdout), ("err", process.stderr)]]
    for reader in readers:
        reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    for reader in readers:
        reader.join()
    timer.cancel()
    shutil.rmtree(where, ignore_errors=True)
    return (process.returncode, late.is_set(), seconds, usage.ru_maxrss * 1024, texts["out"],
            texts["err"])


def complaints(is_good, code, late, memory, output, errors):
    if is_good and code != 0:
        yield "fails, though nothing is wrong"
    elif is_good:
        return
    elif late:
        yield f"still running after {SECONDS} s"
    elif code < 0 or code > 128:
        yield f"ended by signal {-code if code < 0 else code - 128}"
    elif code == 0:
        yield "exits with 0"
    if memory > BYTES:
        yield f"takes {memory >> 20} MiB"
    for name, text in [("output", output), ("error", errors)]:
        if found := CONTROL.search(text):
            yield f"writes the control character {found.group()!r} to standard {name}"
    if not errors.strip() and code != 0 and not late:
        yield "says nothing"


def main():
    program, names = sys.argv[1], sys.argv[2:]
    chosen = [case for case in CASES
              if case.is_good or not names or any(name in case.name for name in names)]
    for number, case in enumerate(chosen):
        case.number = number
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.mkdir(os.path.join(folder, "world"))
        os.chdir(os.path.join(folder, "world"))
        world.write_all()
        os.chdir(here)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(run, program, case, folder) for case in chosen]
            for case, future in zip(chosen, futures):
                result = future.result()
                code, late, _, memory, output, errors = result
                found = list(complaints(case.is_good, code, late, memory, output, errors))
                failed += bool(found)
                lines = result[5].decode(errors="replace").strip().splitlines() or [""]
                message = CONTROL.sub(b"?", lines[-1].encode()).decode(errors="replace")
                print(f"{result[0]:4}  {result[2]:5.2f} s  {result[3] >> 20:4} MiB  {case.name}: {message[:300]}")
                for complaint in found:
                    print(f"      FAILED: {case.name}: {complaint}")
                sys.stdout.flush()
    print(f"bad input: {len(chosen)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


main()
