"""The works that are timed on both sides in turn."""
import os

from . import batches
from .sides import Unavailable

SHAPES = {
    "base": "12x768x12x3072",
    "distil": "6x768x12x3072",
    "minilm": "6x384x12x1536",
    "mini": "4x256x4x1024",
    "tiny": "2x128x2x512",
}


class Variant:
    """One of the things to compare: a process, and the words at the end of its pass commands."""

    def __init__(self, name, process, words="", rounds=None, turns=("student", "generator"),
                 count=None):
        self.name, self.process, self.words = name, process, words
        self.needs_bfloat16 = name.endswith("bf16")
        self.rounds, self.turns, self.count = rounds, turns, count


class Work:
    """A kind of step on some batches.

    processes: name -> function(programs, batches file) that starts it
    variants:  in the order in which a round runs them
    count:     batches per round for the student's steps
    generator_steps: the same for the generator's steps, in generator_rounds (None: in all)
    fills:     variants whose warm-up covers all batches, so that the teacher is cached
    """

    def __init__(self, name, pool, processes, variants, count, generator_steps=0,
                 generator_rounds=None, fills=(), minutes=1.0):
        self.name, self.pool, self.processes, self.variants = name, pool, processes, variants
        self.count, self.generator_steps = count, generator_steps
        self.generator_rounds, self.fills, self.minutes = generator_rounds, fills, minutes

    def run(self, context):
        quick = context.args.quick
        pool = self.pool(context)
        path = pool.write(os.path.join(context.folder, f"{self.name}.json"))
        context.records.add(work=self.name, batches=len(pool.batches), tokens=batches.real(
            pool.batches), waste=round(pool.waste, 3), long_run=round(pool.long_run, 3),
            lengths=pool.batches)
        variants = self._possible(context)
        alive = {}
        try:
            for name in dict.fromkeys(v.process for v in variants):
                try:
                    alive[name] = self.processes[name](context.programs, path)
                except Unavailable as reason:
                    self._leave_out(context, name, reason)
            self._warm_up(context, variants, alive, len(pool.batches))
            for number in range(context.args.rounds):
                self._round(context, number, variants, alive, quick)
        finally:
            for side in alive.values():
                side.close()

    def _possible(self, context):
        """The variants without those that the processor has no instructions for."""
        if context.has_bfloat16:
            return self.variants
        for variant in self.variants:
            if variant.needs_bfloat16:
                self._leave_out(context, variant.name, "the processor has no bfloat16 products")
        return [v for v in self.variants if not v.needs_bfloat16]

    def _leave_out(self, context, name, reason, **where):
        context.records.add(work=self.name, unavailable=name, reason=str(reason), **where)
        context.note(f"{self.name}: {name} left out: {reason}")

    def _pass(self, context, alive, variant, line, **where):
        """A pass of a side; None, and the work goes on without the side, if it did not survive."""
        try:
            return alive[variant.process].run(line)
        except Unavailable as reason:
            alive.pop(variant.process).close()
            self._leave_out(context, variant.process, f"{reason} ({variant.name})", **where)
            return None

    def _warm_up(self, context, variants, alive, total):
        warmed = set()
        for variant in variants:
            if variant.process in warmed or variant.process not in alive:
                continue
            warmed.add(variant.process)
            count = total if variant.name in self.fills else 1
            self._pass(context, alive, variant, f"student 0 {count} {variant.words}")
        context.note(f"{self.name}: warm")

    def _round(self, context, number, variants, alive, quick):
        for variant in variants:
            count = 1 if quick else variant.count or self.count
            if variant.rounds is not None and number not in variant.rounds:
                continue
            passes = [("student", number * count, count)]
            if self.generator_steps and (quick or self.generator_rounds is None
                                   or number in self.generator_rounds):
                passes.append(("generator", number * self.generator_steps,
                               1 if quick else self.generator_steps))
            for turn, first, steps in passes:
                if turn not in variant.turns or variant.process not in alive:
                    continue
                record = self._pass(context, alive, variant,
                                    f"{turn} {first} {steps} {variant.words}", from_round=number)
                if record is None:
                    continue
                context.records.add(
                    work=self.name, round=number, side=variant.name, turn=turn, **record)
                context.note(
                    f"{self.name} round {number}: {variant.name} {turn} "
                    f"{record['seconds'] / record['steps']:.4f} s a step, others "
                    f"{record['others']:.2f}")


def _ours(kind, precision=None, **models):
    shapes = {role: SHAPES[name] for role, name in models.items()}
    return lambda programs, path: programs.ours(
        kind, batches=path, precision=precision, **shapes)


def _peer(kind, data, **models):
    arguments = [kind, "--data", data]
    for role, name in models.items():
        arguments += [f"--{role}", name]
    return lambda programs, path: programs.peer("train_step.py", path, *arguments)


def _fixed(count):
    # Quick runs test the mechanics; their numbers mean nothing.
    return lambda context: batches.fixed(8, 2) if context.args.quick else batches.fixed(128, count)


def _task(task, count, make=batches.drawn):
    def pool(context):
        lengths = batches.lengths_of(context.args.peers, task)
        return make(lengths, 2 if context.args.quick else count, context.args.rounds)
    return pool


def _finetune(name, student, pool, data, count, minutes, bf16=False):
    processes = {"ours": _ours("finetune", student=student),
                 "peer": _peer("finetune", data, student=student)}
    variants = [Variant("ours", "ours"), Variant("eager", "peer", "float32" if bf16 else "")]
    if bf16:
        processes["ours-bf16"] = _ours("finetune", precision="bf16", student=student)
        variants.append(Variant("ours-bf16", "ours-bf16"))
        if data != "fixed128":  # there, our bf16 is compared with our float32
            variants.append(Variant("bf16", "peer", "bf16"))
    return Work(name, pool, processes, variants, count, minutes=minutes)


def _mate(name, pool, data, teacher, student, generator, peers, **keys):
    models = dict(teacher=teacher, student=student, generator=generator)
    # Rows are new to the teacher's cache in the first pass, and known in the second pass over them.
    variants = [Variant("ours", "ours", "new"), Variant("ours-later", "ours", turns=("student",))]
    variants += [Variant(peer, "peer", f"flavour={words}") for peer, words in peers.items()]
    return Work(name, pool, {"ours": _ours("mate", **models),
                             "peer": _peer("mate-cycle", data, **models)}, variants, **keys)


def all_works():
    """All works in the order in which they run, the most important first."""
    masked, tuned = {"masked": "masked float32"}, {"tuned": "tuned float32"}
    return [
        _finetune("finetune-128", "distil", _fixed(16), "fixed128", 4, 5.5, bf16=True),
        _finetune("finetune-sst2", "distil", _task("SST-2", 20), "SST-2", 4, 2, bf16=True),
        _finetune("finetune-sst2-6x384", "minilm", _task("SST-2", 20), "SST-2", 20, 1.5),
        _finetune("finetune-sst2-2x128", "tiny", _task("SST-2", 20), "SST-2", 60, 0.5),
        _finetune("finetune-mnli", "distil", _task("MNLI", 20), "MNLI", 4, 2.5),
        _finetune("finetune-qqp", "distil", _task("QQP", 20), "QQP", 4, 2),
        _finetune("grouped-sst2", "distil", _task("SST-2", 20, batches.grouped), "SST-2", 4, 0.8),
        _finetune("grouped-mnli", "distil", _task("MNLI", 20, batches.grouped), "MNLI", 4, 1.8),
        Work("kd-sst2", _task("SST-2", 20),
             {"ours": _ours("kd", teacher="base", student="distil"),
              "peer": _peer("kd", "SST-2", teacher="base", student="distil")},
             [Variant("ours", "ours"), Variant("eager", "peer")], 4, fills=("ours",),
             minutes=2),
        Work("evaluate", _task("SST-2", 20),
             {"ours": _ours("inference", student="base"),
              "torch": lambda p, path: p.peer("infer.py", path, "eager", "--data", "SST-2"),
              "ort": lambda p, path: p.peer("infer.py", path, "ort", "--data", "SST-2")},
             # Ours takes all batches in every round: a few are too few for an even load.
             [Variant("ours", "ours", count=20), Variant("torch", "torch"),
              Variant("ort", "ort")], 4, minutes=2.2),
        _mate("mate-small", _task("SST-2", 16), "SST-2", "minilm", "mini", "mini",
              masked, count=16, generator_steps=4, minutes=2.6),
        _mate("mate-sst2", _task("SST-2", 20), "SST-2", "base", "distil", "distil",
              {**masked, **tuned, "masked-bf16": "masked bf16"},
              count=4, generator_steps=1, minutes=11.5),
        # The hungriest flavour comes last, so that the first round gives the peak memory of each.
        # The cost of a step does not depend on its content, so one batch is enough.
        _mate("mate-128", _fixed(1), "fixed128", "base", "distil", "distil",
              {**masked, **tuned, "ref": "ref float32"},
              count=1, generator_steps=1, generator_rounds=(0, 3), minutes=17),
        Work("memory-base", _fixed(2),
             {"ours": _ours("finetune", student="base"),
              "peer": _peer("finetune", "fixed128", student="base")},
             [Variant("ours", "ours", rounds=(0,)), Variant("eager", "peer", rounds=(0,))], 1,
             minutes=1),
    ]
