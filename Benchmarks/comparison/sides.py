"""Programs that stay alive and run a pass when they are told to."""
import itertools
import json
import os
import select
import subprocess
import sys
import time

# A start with its import and models, or a warm-up, takes no longer than this.
START_SECONDS = 900
# A pass that takes this many times as long as the warm-up, batch for batch, will not end.
PATIENCE = 10


class Unavailable(Exception):
    """A side that this machine or build does not have, or no longer has."""


def has_bfloat16(cpuinfo=None):
    """Whether the processor multiplies bfloat16; without, both sides would emulate it or refuse."""
    if cpuinfo is None:
        with open("/proc/cpuinfo") as file:
            cpuinfo = file.read()
    for line in cpuinfo.splitlines():
        name, _, features = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return bool({"avx512_bf16", "bf16"} & set(features.split()))
    return False


def busy_seconds():
    """CPU seconds that all processes of the machine have used."""
    with open("/proc/stat") as file:
        v = [int(x) for x in file.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


class Side:
    """A served program: a line in, a pass, a JSON line out.

    The first pass is the warm-up. Later ones get ten times as long a batch, and at least `least`
    seconds; a program that takes longer is ended. That, and a program that ends by itself, are
    Unavailable, with the reason.
    """

    def __init__(self, name, command, environment=None, log=None, least=60):
        self.name, self.least = name, least
        self.warm = None
        self._rest = b""
        self.log = open(log, "w+") if log else None
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log or subprocess.DEVNULL, env=dict(os.environ, **(environment or {})))
        try:
            self.facts = self._read(START_SECONDS, "its start")
        except Unavailable:
            self.close()
            raise

    def _read(self, limit, what):
        deadline = time.monotonic() + limit
        output = self.process.stdout.fileno()
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                self.process.kill()
                self.process.wait()
                raise Unavailable(f"{self.name} was ended: {what} took over {limit:.0f} s")
            piece = os.read(output, 65536)
            if not piece:
                raise Unavailable(self._complaint())
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)

    def _complaint(self):
        code = self.process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        lines = []
        if self.log:
            self.log.seek(0)
            lines = [line.strip() for line in self.log.read().splitlines() if line.strip()]
        return f"{self.name} ended with {how}" + (f": {lines[-1]}" if lines else "")

    def _own_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, line):
        """A pass; its record has the cores that other processes took meanwhile as `others`."""
        if self.process.poll() is not None:
            raise Unavailable(self._complaint())
        count = int(line.split()[2])
        limit, what = START_SECONDS, "its warm-up"
        if self.warm is not None:
            limit = max(self.least, PATIENCE * self.warm * count)
            what = f"a pass of {count}, whose warm-up took {self.warm:.3g} s a batch,"
        busy, own, start = busy_seconds(), self._own_seconds(), time.monotonic()
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Unavailable(self._complaint()) from None
        record = self._read(limit, what)
        if self.warm is None:
            self.warm = (time.monotonic() - start) / max(1, count)
        own = self._own_seconds() - own
        busy = busy_seconds() - busy
        seconds = max(record["seconds"], 1e-9)
        record["cores"] = round(own / seconds, 3)
        record["others"] = round(max(0.0, busy - own) / seconds, 3)
        return record

    def close(self):
        """Ends the program; it may have ended before."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        if self.log:
            self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Programs:
    """How the two sides are started."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.peer_script = os.path.join(os.path.dirname(__file__), "peer.py")
        self._logs = itertools.count()

    def ours(self, kind, **keys):
        command = [self.args.benchmark, kind, f"threads={self.args.threads}", "rounds=stdin"]
        command += [f"{key}={value}" for key, value in keys.items() if value]
        return self._side(f"mate-kd {kind}", command)

    def peer(self, script, batches, *arguments):
        """One of the peer's scripts, on our batches, with the allocator that is best for it."""
        command = [sys.executable, self.peer_script, self.args.peers, script, batches, *arguments,
                   "--threads", str(self.args.threads)]
        environment = {"LD_PRELOAD": self.args.preload} if self.args.preload else {}
        return self._side(f"peer {script}", command, environment)

    def tokenizers(self, vocabulary, text):
        command = [sys.executable, self.peer_script, "tokenizers", vocabulary, text]
        environment = {"TOKENIZERS_PARALLELISM": "true",
                       "RAYON_NUM_THREADS": str(self.args.threads)}
        if self.args.preload:
            environment["LD_PRELOAD"] = self.args.preload
        return self._side("tokenizers", command, environment)

    def _side(self, name, command, environment=None):
        # Two sides of one kind live side by side, so a name is not enough for the log.
        log = os.path.join(self.folder, f"side-{next(self._logs)}.log")
        return Side(name, command, environment, log, self.args.patience)
