"""The tables."""
import statistics

from . import flops


def markdown(records):
    parts = [_machine(records), _ratios(records), _peak_share(records), _memory(records),
             _absolute(records), _notes(records)]
    return "\n\n".join(part for part in parts if part)


def _machine(records):
    facts = records.machine()
    lines = [f"Measured {facts.get('date', '?')} on {facts.get('processor', '?')}, "
             f"{facts.get('processors', '?')} processors, {facts.get('threads')} threads each "
             f"side, {facts.get('rounds')} rounds; commit {facts.get('commit')}; peer's allocator "
             f"{facts.get('preload') or 'default'}."]
    if facts.get("quick"):
        lines.append("**A quick run of short texts: these numbers mean nothing.**")
    return " ".join(lines)


def _seconds(value):
    return "–" if value is None else f"{value:.3g}" if value < 1 else f"{value:.2f}"


def _table(header, rows):
    if not rows:
        return ""
    align = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, align, *rows])


def _verdict(value, floor, at_least=True):
    if floor is None:
        return "–"
    return "met" if (value >= floor if at_least else value <= floor) else "**missed**"


class Ratio:
    """A row of the table of ratios: the peer's seconds divided by ours, round by round."""

    def __init__(self, title, ours, peer, floor=None, prototype=None):
        self.title, self.ours, self.peer = title, ours, peer
        self.floor, self.prototype = floor, prototype

    def cells(self):
        rounds = sorted(set(self.ours) & set(self.peer))
        if not rounds:
            return None
        ratios = [self.peer[r] / self.ours[r] for r in rounds]
        median = statistics.median(ratios)
        return [
            self.title, _seconds(statistics.mean(self.ours[r] for r in rounds)),
            _seconds(statistics.mean(self.peer[r] for r in rounds)), f"{median:.2f}",
            f"{min(ratios):.2f}–{max(ratios):.2f}",
            f"{self.floor}" if self.floor else "–", self.prototype or "–",
            _verdict(median, self.floor)]


def _ratios(records):
    one = records.by_round

    def steps(title, work, floor, prototype=None, ours="ours", peer="eager"):
        return Ratio(title, one(work, ours), one(work, peer), floor, prototype)

    def cycle(title, work, peer, floor, prototype=None):
        return Ratio(
            title, records.cycle(work, "ours"), records.cycle(work, peer), floor, prototype)

    def later(title, work, peer):
        # Generator steps are those of the first epoch: they need no clean logits of the teacher.
        generator = one(work, "ours", "generator")
        if not generator:
            return Ratio(title, {}, {})
        g = statistics.median(generator.values())
        ours = {r: (10 * g + 100 * s) / 110 for r, s in one(work, "ours-later").items()}
        return Ratio(title, ours, records.cycle(work, peer))

    padded_ref = records.cycle("mate-128", "ref")
    rows = [
        steps("fine-tune 6x768, 128 tokens", "finetune-128", 1.3, "1.37"),
        steps("fine-tune 6x768, SST-2", "finetune-sst2", 3.2, "3.4"),
        steps("fine-tune 6x384, SST-2", "finetune-sst2-6x384", 3.4, "3.7"),
        steps("fine-tune 2x128, SST-2", "finetune-sst2-2x128", 3.5, "3.7"),
        steps("fine-tune 6x768, MNLI", "finetune-mnli", 2.3),
        steps("fine-tune 6x768, QQP", "finetune-qqp", 2.3),
        steps("both grouped by length: 6x768, SST-2", "grouped-sst2", 1.3),
        steps("both grouped by length: 6x768, MNLI", "grouped-mnli", 1.3),
        cycle("MATE-KD cycle, 128 tokens, first epoch, against tuned", "mate-128", "tuned", 1.9,
              "2.0"),
        cycle("– against masked", "mate-128", "masked", 1.6, "1.7"),
        cycle("– against the authors' recipe (ref)", "mate-128", "ref", 3, "3.0"),
        later("– later epochs, against tuned", "mate-128", "tuned"),
        later("– later epochs, against masked", "mate-128", "masked"),
        later("– later epochs, against ref", "mate-128", "ref"),
        cycle("MATE-KD cycle, SST-2, first epoch, against tuned", "mate-sst2", "tuned", 3.6, "3.7"),
        cycle("– against masked", "mate-sst2", "masked", 3.2, "3.3"),
        Ratio("– against ref padded to 128 (its seconds at 128 tokens)",
              records.cycle("mate-sst2", "ours"), padded_ref, 22, "21"),
        cycle("– ours float32 against masked in bf16", "mate-sst2", "masked-bf16", 2),
        later("– later epochs, against tuned", "mate-sst2", "tuned"),
        later("– later epochs, against masked", "mate-sst2", "masked"),
        cycle("MATE-KD cycle 6x384 to 4x256, SST-2, first epoch, against masked", "mate-small",
              "masked", 3.5),
        later("– later epochs", "mate-small", "masked"),
        steps("KD with the teacher cached, base to 6x768, SST-2", "kd-sst2", 5),
        steps("evaluate BERT-base, SST-2, against ONNX Runtime", "evaluate", 2.6, "2.8",
              peer="ort"),
        steps("evaluate BERT-base, SST-2, against PyTorch", "evaluate", 2.9, "3.1", peer="torch"),
        steps("ours bf16 over ours float32, fine-tune 6x768, 128 tokens", "finetune-128", 1.5,
              "1.65", ours="ours-bf16", peer="ours"),
        steps("bf16 both, fine-tune 6x768, SST-2", "finetune-sst2", 3, "3.3", ours="ours-bf16",
              peer="bf16"),
        steps("tokenizing SST-2's training texts, against tokenizers", "tokenizing", 1.5,
              peer="tokenizers"),
    ]
    cells = [row.cells() for row in rows]
    return _table(
        ["work", "ours, s", "peer, s", "ratio", "min–max", "at least", "prototype", ""],
        [c for c in cells if c])


def _peak_share(records):
    """Operations per second, compared with the processor's FMA peak."""
    peak = records.fact("peak", "float32")
    if not peak:
        return ""
    rows = []

    def add(title, gflop, seconds, floor=None):
        if gflop is None or not seconds:
            return
        s = statistics.mean(seconds.values())
        share = 100 * gflop / s / peak
        rows.append([title, f"{gflop:.0f}", _seconds(s), f"{gflop / s:.0f}", f"{share:.0f} %",
                     f"{floor} %" if floor else "–", _verdict(share, floor)])

    def mean(work, operations):
        pool = records.fact(work, "lengths")
        return sum(map(operations, pool)) / len(pool) / 1e9 if pool else None

    nominal = mean("finetune-128", lambda b: flops.training(flops.forward("distil", b)))
    add("fine-tune 6x768, 128 tokens: operations really done",
        mean("finetune-128", lambda b: flops.training(flops.forward_done("distil", b))),
        records.by_round("finetune-128", "ours"), 78)
    add("– operations of the full step", nominal, records.by_round("finetune-128", "ours"))
    add("– PyTorch", nominal, records.by_round("finetune-128", "eager"))
    add("– bertstep.c", nominal, records.by_round("prototype", "finetune-128"))
    for title, work in (("SST-2", "finetune-sst2"), ("MNLI", "finetune-mnli"),
                        ("QQP", "finetune-qqp")):
        add(f"fine-tune 6x768, {title}: really done",
            mean(work, lambda b: flops.training(flops.forward_done("distil", b))),
            records.by_round(work, "ours"))
    for title, work in (("128 tokens", "mate-128"), ("SST-2", "mate-sst2")):
        for turn in ("student", "generator"):
            add(f"MATE-KD {turn} step, {title}, first epoch: really done",
                mean(work, lambda b, turn=turn: flops.mate(turn, "base", "distil", "distil", b)),
                records.by_round(work, "ours", turn))
    add("evaluate BERT-base, SST-2: really done",
        mean("evaluate", lambda b: flops.forward_done("base", b)),
        records.by_round("evaluate", "ours"))
    table = _table([f"share of the peak, {peak:.0f} GFLOP/s", "GFLOP", "s", "GFLOP/s", "of peak",
                    "at least", ""], rows)
    return "\n\n".join(part for part in (table, _prototype(records)) if part)


def _prototype(records):
    c = records.of("prototype", side="finetune-sst2")
    ours = records.of("finetune-sst2", side="ours", turn="student")
    if not c or not ours:
        return ""
    theirs = sum(r["tokens"] * r["steps"] for r in c) / sum(r["seconds"] for r in c)
    mean = records.fact("finetune-sst2", "tokens") / records.fact("finetune-sst2", "batches")
    mine = mean * sum(r["steps"] for r in ours) / sum(r["seconds"] for r in ours)
    return (f"Fine-tune 6x768, SST-2: ours {mine:.0f} tokens a second, bertstep.c {theirs:.0f} "
            f"(ours : prototype {mine / theirs:.2f}; it has no embeddings, pooler or head).")


def _memory(records):
    rows = []
    for title, work, peers, limit in (
            ("fine-tune BERT-base, 128 tokens", "memory-base", ["eager"], 3.2),
            ("MATE-KD cycle, 128 tokens", "mate-128", ["masked", "tuned", "ref"], 4.5)):
        ours = records.rss(work, "ours")
        if ours is None:
            continue
        theirs = [f"{name} {records.rss(work, name) / 1000:.1f}" for name in peers
                  if records.rss(work, name)]
        rows.append([title, f"{ours / 1000:.2f}", ", ".join(theirs), f"{limit}",
                     _verdict(ours / 1000, limit, at_least=False)])
    return _table(["peak memory, GB", "ours", "peer", "at most", ""], rows)


def _absolute(records):
    rows = []
    for title, work, limit in (("start to first step, BERT-base", "start", 0.5),
                               ("mate-kd --help", "help", 0.03)):
        values = sorted(records.by_round(work, "ours").values())
        if values:
            median = statistics.median(values)
            rows.append([title, f"{median * 1000:.0f} ms",
                         f"{values[0] * 1000:.0f}–{values[-1] * 1000:.0f}",
                         f"{limit * 1000:.0f} ms",
                         _verdict(median, limit, at_least=False)])
    start = _table(["", "median", "min–max", "at most", ""], rows)
    return "\n\n".join(part for part in (start, _growth(records)) if part)


def _growth(records):
    sizes = [r for r in records.of("growth") if "data_bytes" in r]
    rows = []
    base = None
    for size in sizes:
        steps = records.by_round("growth", str(size["rows"]))
        if not steps:
            continue
        base = base or steps
        change = 100 * (statistics.median(steps[r] / base[r] for r in steps if r in base) - 1)
        per_token = size["data_bytes"] / size["tokens"]
        peak = size["data_peak_bytes"] / size["tokens"]
        # With few tokens, most of the pages are those that the process takes anyway.
        many = size["tokens"] > 1_000_000
        met = _verdict(change, 3, False) if not many else (
            _verdict(max(change / 3, per_token / 40), 1, False))
        rows.append([f"{size['rows']:,}", f"{statistics.median(steps.values()) / 32 * 1e6:.1f}",
                     f"{change:+.1f} %", f"{per_token:.1f}" if many else "–",
                     f"{peak:.1f}" if many else "–", met])
    return _table(["rows (fine-tune 2x128)", "microseconds a sample", "against the smallest",
                   "bytes a token", "at most while reading", "flat within 3 %, under 40 bytes"],
                  rows)


def _notes(records):
    lines = []
    for row in records.rows:
        if row.get("long_run", 0) > 1 and row["waste"] > 1:
            lines.append(
                f"- {row['work']}: {row['batches']} batches; padding to the longest text "
                f"multiplies tokens by {row['waste']:.2f} (long run {row['long_run']:.2f})")
        if "unavailable" in row:
            after = f" from round {row['from_round']} on" if "from_round" in row else ""
            lines.append(f"- {row['work']}: {row['unavailable']} left out{after}: {row['reason']}")
        if "failed" in row:
            lines.append(f"- {row['work']} failed: {row['failed']}")
    disturbed = records.disturbed()
    if disturbed:
        lines.append(
            f"- **{len(disturbed)} passes were disturbed** (other processes took more than 0.15 "
            "cores): " + ", ".join(sorted({f"{r['work']} round {r['round']} {r['side']}"
                                           for r in disturbed})))
    return "\n".join(lines)
