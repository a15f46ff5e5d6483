"""The measurements: one JSON object per line, so that an interrupted run can be continued."""
import json
import os
import statistics


class Records:
    """Measurements by work. A finished work is marked as done."""

    def __init__(self, path, resume=False):
        self.path = path
        self.rows = []
        if resume and os.path.exists(path):
            with open(path) as file:
                rows = [json.loads(line) for line in file if line.strip().endswith("}")]
            finished = {r["work"] for r in rows if r.get("done")}
            # An interrupted work is measured again from its beginning.
            self.rows = [r for r in rows if r.get("work") in finished or "machine" in r]
        with open(path, "w") as file:
            for row in self.rows:
                file.write(json.dumps(row) + "\n")

    def add(self, **row):
        self.rows.append(row)
        with open(self.path, "a") as file:
            file.write(json.dumps(row) + "\n")

    def is_done(self, work):
        return any(r.get("work") == work and r.get("done") for r in self.rows)

    def of(self, work, **fields):
        return [r for r in self.rows
                if r.get("work") == work and all(r.get(k) == v for k, v in fields.items())]

    def fact(self, work, name):
        """The last value of a field of a work, or None."""
        values = [r[name] for r in self.of(work) if name in r]
        return values[-1] if values else None

    def machine(self):
        machines = [r["machine"] for r in self.rows if "machine" in r]
        return machines[-1] if machines else {}

    def by_round(self, work, side, turn="student"):
        """Seconds per step, by round."""
        return {r["round"]: r["seconds"] / r["steps"]
                for r in self.of(work, side=side, turn=turn) if "seconds" in r}

    def cycle(self, work, side):
        """Seconds per step of a cycle of 10 generator and 100 student steps, by round. The time of
        a generator step is the median of the rounds that had one."""
        generator = self.by_round(work, side, "generator")
        if not generator:
            return {}
        g = statistics.median(generator.values())
        return {r: (10 * g + 100 * s) / 110 for r, s in self.by_round(work, side).items()}

    def rss(self, work, side):
        """Peak resident size in MB after the first round, before a hungrier flavour of the same
        process has had its turn."""
        rounds = [r for r in self.of(work, side=side) if "rss_mb" in r]
        return max((r["rss_mb"] for r in rounds if r["round"] == 0), default=None)

    def disturbed(self, limit=0.15):
        return [r for r in self.rows if r.get("others", 0) > limit]
