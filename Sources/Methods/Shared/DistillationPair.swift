import Autograd
import Kernels
import Models
import Trainers

/// A student and its teacher with the losses of their kind of head, for methods that change what the
/// models read and not what is asked of them.
struct DistillationPair: Sendable {
  /// Logits on a shard's texts: word embeddings in place of the ids unless nil; true for training.
  typealias Logits = @Sendable (Shard, Tape, Tensor?, Bool) -> Tensor

  let student: any Model
  let teacher: any Model
  /// What the student says.
  let studentLogits: Logits
  /// What the teacher says; of the texts themselves `teacherCache` tells it.
  let teacherLogits: Logits
  let teacherCache: TeacherCache
  /// Loss of the student's logits against the gold labels, summed over the shard's texts.
  let supervisedLoss: @Sendable (Tape, Tensor, Shard, _ weight: Float) -> Double
  /// Divergence of the student's logits from the teacher's, summed over the shard's texts.
  let divergence:
    @Sendable (
      Tape, Kernel.Divergence, _ student: Tensor, _ teacher: Tensor, Shard, _ temperature: Float,
      _ weight: Float
    ) -> Double
}

extension DistillationPair {
  /// Two classifiers or regressors.
  init(_ setup: DistillationSetup) {
    let (student, teacher) = (setup.student, setup.teacher)
    let labels = student.labels
    let smoothing = setup.labelSmoothing
    self.init(
      student: student, teacher: teacher,
      studentLogits: { student.logits($0.tokens, tape: $1, training: $3, vectors: $2) },
      teacherLogits: { teacher.logits($0.tokens, tape: $1, training: $3, vectors: $2) },
      teacherCache: setup.teacherCache,
      supervisedLoss: { tape, logits, shard, weight in
        tape.supervisedLoss(
          logits, shard: shard, labels: labels, smoothing: smoothing, weight: weight)
      },
      divergence: { tape, kind, student, teacher, _, temperature, weight in
        tape.outputDivergence(
          kind, student: student, teacher: teacher, labels: labels, temperature: temperature,
          weight: weight)
      })
  }
  /// Two models that find answers: means over an answer's first and last token.
  init(_ setup: SpanDistillationSetup) {
    let (student, teacher) = (setup.student, setup.teacher)
    let smoothing = setup.labelSmoothing
    self.init(
      student: student, teacher: teacher,
      studentLogits: { student.logits($0.tokens, tape: $1, training: $3, vectors: $2) },
      teacherLogits: { teacher.logits($0.tokens, tape: $1, training: $3, vectors: $2) },
      teacherCache: setup.teacherCache,
      supervisedLoss: { tape, logits, shard, weight in
        tape.spanLoss(logits, shard: shard, smoothing: smoothing, weight: weight)
      },
      divergence: { tape, kind, student, teacher, shard, temperature, weight in
        tape.spanDivergence(
          kind, student: student, teacher: teacher, shard: shard, temperature: temperature,
          weight: weight)
      })
  }
}
