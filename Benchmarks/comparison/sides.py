"""Programs that stay alive and run a pass on request."""
import json
import os
import subprocess
import sys


class Unavailable(Exception):
    """A side that is not available on this machine or in this build."""


def busy_seconds():
    """CPU seconds that all processes of the machine have used."""
    with open("/proc/stat") as file:
        v = [int(x) for x in file.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


class Side:
    """A program that serves requests: it reads a line, runs a pass and writes a JSON line."""

    def __init__(self, name, command, environment=None, log=None):
        self.name = name
        self.log = open(log, "w+") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=dict(os.environ, **(environment or {})))
        self.facts = self._read()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Unavailable(self._complaint())
        return json.loads(line)

    def _complaint(self):
        if self.log == subprocess.DEVNULL:
            return f"{self.name} ended"
        self.log.seek(0)
        lines = [line for line in self.log.read().splitlines() if line.strip()]
        return lines[-1] if lines else f"{self.name} ended with {self.process.returncode}"

    def _own_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, line):
        """Runs a pass. `others` in its record is the number of cores that other processes used."""
        busy, own = busy_seconds(), self._own_seconds()
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        record = self._read()
        own = self._own_seconds() - own
        busy = busy_seconds() - busy
        seconds = max(record["seconds"], 1e-9)
        record["cores"] = round(own / seconds, 3)
        record["others"] = round(max(0.0, busy - own) / seconds, 3)
        return record

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Programs:
    """How to start the two sides."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.peer_script = os.path.join(os.path.dirname(__file__), "peer.py")

    def ours(self, kind, **keys):
        command = [self.args.benchmark, kind, f"threads={self.args.threads}", "rounds=stdin"]
        command += [f"{key}={value}" for key, value in keys.items() if value]
        return Side(f"mate-kd {kind}", command, log=self._log(f"ours-{kind}"))

    def peer(self, script, batches, *arguments):
        """One of the peer's scripts, on our batches, with the allocator that suits it best."""
        command = [sys.executable, self.peer_script, self.args.peers, script, batches, *arguments,
                   "--threads", str(self.args.threads)]
        environment = {"LD_PRELOAD": self.args.preload} if self.args.preload else {}
        return Side(f"peer {script}", command, environment, self._log(f"peer-{script}"))

    def tokenizers(self, vocabulary, text):
        command = [sys.executable, self.peer_script, "tokenizers", vocabulary, text]
        environment = {"TOKENIZERS_PARALLELISM": "true",
                       "RAYON_NUM_THREADS": str(self.args.threads)}
        if self.args.preload:
            environment["LD_PRELOAD"] = self.args.preload
        return Side("tokenizers", command, environment, self._log("tokenizers"))

    def _log(self, name):
        return os.path.join(self.folder, f"{name}.log")
