"""The comparison of Benchmarks/ with stand-ins for both sides: a side that ends or takes too long
is noted and costs neither the rest of its work nor the other works, and bfloat16 is left out on a
processor without it. Standard library only; run by bench-peers.test.sh."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Benchmarks"))

from comparison import sides, works  # noqa: E402
from comparison.batches import Pool  # noqa: E402
from comparison.records import Records  # noqa: E402

# The protocol of step-benchmark and peer.py. Arguments: what happens, and in which pass.
STAND_IN = textwrap.dedent("""\
    import json, os, sys, time
    what, when = sys.argv[1], int(sys.argv[2])
    def happen(number):
        if number != when: return
        if what == "end": sys.exit("out of luck")
        if what == "kill": os.kill(os.getpid(), 9)
        if what == "stall": time.sleep(600)
        if what == "nonsense": print("no JSON", flush=True)
    happen(-1)
    print(json.dumps({"ready": True, "rows": 1}), flush=True)
    for number, line in enumerate(sys.stdin):
        turn, first, count, *words = line.split()
        happen(number)
        print(json.dumps({"seconds": 0.001, "steps": int(count), "rss_mb": 1}), flush=True)
    """)


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.stand_in = self.write("stand_in.py", STAND_IN)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def side(self, what="nothing", when=-2, least=60):
        return sides.Side("stand-in", [sys.executable, self.stand_in, what, str(when)],
                          log=os.path.join(self.folder, "log"), least=least)


class Sides(Folder):
    def test_a_pass(self):
        with self.side() as side:
            self.assertEqual(side.facts["rows"], 1)
            self.assertEqual(side.run("student 0 4")["steps"], 4)
            self.assertGreater(side.warm, 0)

    def test_an_end_is_told(self):
        with self.side("end", 1) as side:
            side.run("student 0 1")
            with self.assertRaisesRegex(sides.Unavailable, "exit code 1: out of luck"):
                side.run("student 0 1")
            with self.assertRaisesRegex(sides.Unavailable, "exit code 1"):
                side.run("student 0 1")

    def test_a_signal_is_told(self):
        with self.side("kill", 0) as side:
            with self.assertRaisesRegex(sides.Unavailable, "ended with signal 9"):
                side.run("student 0 1")

    def test_an_end_at_the_start(self):
        with self.assertRaisesRegex(sides.Unavailable, "out of luck"):
            self.side("end", -1)

    def test_a_stall_is_ended(self):
        with self.side("stall", 1, least=0.2) as side:
            side.run("student 0 1")
            with self.assertRaisesRegex(sides.Unavailable, "was ended: a pass of 1"):
                side.run("student 0 1")
            self.assertEqual(side.process.returncode, -9)

    def test_patience_is_ten_warm_ups_a_batch(self):
        with self.side(least=0) as side:
            side.run("student 0 1")
            side.warm = 3
            seen = []
            side._read = lambda limit, what: seen.append(limit) or {"seconds": 1, "steps": 4}
            side.run("student 0 4")
            self.assertEqual(seen, [120])

    def test_bfloat16(self):
        self.assertFalse(sides.has_bfloat16("model name\t: x\nflags\t\t: avx2 fma\n"))
        self.assertTrue(sides.has_bfloat16("flags\t\t: avx2 avx512_bf16\n"))
        self.assertTrue(sides.has_bfloat16("Features\t: fp asimd bf16\n"))
        # A name in another line is no feature.
        self.assertFalse(sides.has_bfloat16("bugs\t\t: bf16\nflags\t\t: avx2\n"))


class Works(Folder):
    def run_work(self, peer, has_bfloat16=True, rounds=2):
        """A work as of finetune-sst2; gives its records."""
        def context_note(text):
            self.notes.append(text)

        self.notes, started = [], []

        def start(name, *what):
            def begin(*_):
                started.append(name)
                # Long enough for a pass of a stand-in on a busy machine.
                return self.side(*what, least=5 if "stall" in what else 60)
            return begin

        context = argparse.Namespace(
            args=argparse.Namespace(quick=False, rounds=rounds), folder=self.folder, programs=None,
            has_bfloat16=has_bfloat16, note=context_note,
            records=Records(os.path.join(self.folder, "records.jsonl")))
        works.Work(
            "w", lambda _: Pool([[4, 5]] * 4),
            {"ours": start("ours"), "peer": start("peer", *peer), "ours-bf16": start("ours-bf16")},
            [works.Variant("ours", "ours"), works.Variant("eager", "peer", "float32"),
             works.Variant("ours-bf16", "ours-bf16"), works.Variant("bf16", "peer", "bf16")],
            count=2).run(context)
        self.started = started
        return context.records

    def passes(self, records, side):
        return len(records.of("w", side=side))

    def left_out(self, records):
        return [r["unavailable"] for r in records.rows if "unavailable" in r]

    def test_all_well(self):
        records = self.run_work(("nothing", -2))
        for side in ("ours", "eager", "ours-bf16", "bf16"):
            self.assertEqual(self.passes(records, side), 2, side)
        self.assertEqual(self.left_out(records), [])

    def test_no_bfloat16(self):
        records = self.run_work(("nothing", -2), has_bfloat16=False)
        self.assertEqual(self.left_out(records), ["ours-bf16", "bf16"])
        self.assertEqual(self.started, ["ours", "peer"])
        self.assertEqual(self.passes(records, "bf16"), 0)
        self.assertEqual(self.passes(records, "eager"), 2)

    def test_the_peer_ends_or_stalls_in_a_round(self):
        for what in ("end", "kill", "stall"):
            with self.subTest(what):
                # Pass 0 is the warm-up, 1 and 2 are round 0, 3 is the first of round 1.
                records = self.run_work((what, 3))
                self.assertEqual(self.left_out(records), ["peer"])
                self.assertEqual(records.fact("w", "from_round"), 1)
                self.assertEqual(self.passes(records, "ours"), 2)
                self.assertEqual(self.passes(records, "eager"), 1)

    def test_the_peer_ends_in_its_warm_up(self):
        records = self.run_work(("end", 0))
        self.assertEqual(self.left_out(records), ["peer"])
        self.assertEqual(self.passes(records, "ours"), 2)


class Comparison(Folder):
    """compare.py itself, with the peer's own runner peer.py on stand-ins of what it imports."""

    def test_other_works_go_on(self):
        self.write("torch.py", "__version__ = '0'\n")
        self.write("transformers.py", "__version__ = '0'\n")
        self.write("common.py", "")
        self.write("lengths.json", json.dumps({"SST-2": [4, 5, 6], "MNLI": [4, 5], "QQP": [7, 8]}))
        self.write("train_step.py", textwrap.dedent("""\
            import common, sys, types
            common.Batches.current = types.SimpleNamespace(select=lambda first: None)
            passes = 0
            def step():
                global passes
                passes += 1
                if passes == 2 and "MNLI" in sys.argv: sys.exit("no memory left")
            common.measure(step)
            """))
        ours = self.write("ours", f"#!{sys.executable}\n" + STAND_IN.replace(
            "what, when = sys.argv[1], int(sys.argv[2])",
            # Of the three works, ours writes nonsense in that with the teacher.
            "what, when = 'nonsense' if sys.argv[1] == 'kd' else '', 1"))
        os.chmod(ours, 0o755)
        output = os.path.join(self.folder, "out.jsonl")
        done = subprocess.run(
            [sys.executable, os.path.join(ROOT, "Benchmarks", "compare.py"), "--peers",
             self.folder, "--benchmark", ours, "--program", ours, "--quick", "--output", output,
             "--patience", "20", "finetune-mnli", "kd-sst2", "finetune-qqp"],
            capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        with open(output) as file:
            rows = [json.loads(line) for line in file]
        self.assertEqual({r["work"] for r in rows if r.get("done")},
                         {"finetune-mnli", "finetune-qqp"})
        self.assertIn("finetune-mnli: peer left out from round 0 on: peer train_step.py ended with "
                      "exit code 1: no memory left", done.stdout)
        self.assertIn("kd-sst2 failed: JSONDecodeError", done.stdout)
        self.assertIn("| fine-tune 6x768, QQP |", done.stdout)
        self.assertNotIn("| fine-tune 6x768, MNLI |", done.stdout)


if __name__ == "__main__":
    unittest.main()
