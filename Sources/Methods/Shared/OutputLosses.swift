import Autograd
import Data
import Kernels
import Models
import Trainers

/// A model whose outputs can be compared with gold labels and with those of a teacher.
///
/// Both losses are sums over the texts of a shard. As with all losses of a tape, `weight` reaches
/// the gradient alone; `LossTerms` brings it into the logged number.
public protocol DistillableModel: Model {
  /// True if outputs are scores, which are compared by their squared distance.
  var isRegression: Bool { get }

  /// The logits of some texts.
  ///
  /// - Parameters:
  ///   - training: true switches dropout on.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - vectors: word embeddings in place of those of the ids, [tokens, H].
  func logits(
    _ tokens: PackedTokens, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)?, vectors: Tensor?
  ) -> Tensor

  /// The loss of logits against gold labels. A text without one adds nothing.
  func supervisedLoss(
    _ logits: Tensor, of shard: Shard, smoothing: Float, on tape: Tape, weight: Float
  ) -> Double

  /// The divergence of the student's logits from the teacher's, without the factor T^2.
  func divergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, of shard: Shard,
    temperature: Float, on tape: Tape, weight: Float
  ) -> Double
}

extension DistillableModel {
  /// The logits of some texts, with word embeddings to use in place of the ids unless nil.
  public func logits(
    _ tokens: PackedTokens, tape: Tape, training: Bool, vectors: Tensor? = nil
  ) -> Tensor {
    logits(tokens, tape: tape, training: training, sample: nil, vectors: vectors)
  }

  /// The factor T^2 of a divergence at temperature T, which keeps the size of its gradient.
  ///
  /// A squared distance of scores has no temperature, so its factor is 1.
  /// - Parameter squared: `multiply_by_temperature_squared`; false makes the factor 1.
  public func temperatureFactor(_ temperature: Float, squared: Bool) -> Double {
    isRegression || !squared ? 1 : Double(temperature) * Double(temperature)
  }
}

extension SequenceClassifier: DistillableModel {
  /// True if outputs are scores.
  public var isRegression: Bool { labels.isRegression }

  /// Cross-entropy against classes, or squared error against scores. If texts may have several
  /// labels, the binary cross-entropy of each label.
  public func supervisedLoss(
    _ logits: Tensor, of shard: Shard, smoothing: Float, on tape: Tape, weight: Float
  ) -> Double {
    guard let known = shard.targets.knownRows else {
      return supervisedLoss(
        logits, targets: shard.targets, smoothing: smoothing, on: tape, weight: weight)
    }
    guard !known.isEmpty else { return 0 }
    return supervisedLoss(
      tape.gatherRows(logits, known), targets: shard.targets.selecting(known),
      smoothing: smoothing, on: tape, weight: weight)
  }

  private func supervisedLoss(
    _ logits: Tensor, targets: Targets, smoothing: Float, on tape: Tape, weight: Float
  ) -> Double {
    switch labels.problem {
    case .oneClass:
      return tape.crossEntropy(
        logits, labels: targets.classes, smoothing: smoothing, weight: weight)
    case .severalLabels:
      let sets = Matrix(targets.labelSets, rows: logits.rows, columns: labels.count)
      return tape.binaryCrossEntropy(logits, targets: sets, weight: weight)
    case .regression:
      let scores = tape.constant(Matrix(targets.scores, rows: logits.rows, columns: 1))
      return tape.squaredError(logits, scores, weight: weight)
    }
  }

  /// `kind` for classes, and for each label if texts may have several; squared error for scores.
  public func divergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, of shard: Shard,
    temperature: Float, on tape: Tape, weight: Float
  ) -> Double {
    divergence(
      kind, student: student, teacher: teacher, temperature: temperature, on: tape, weight: weight)
  }

  /// The same without a shard: these losses depend on the logits alone.
  func divergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, temperature: Float, on tape: Tape,
    weight: Float
  ) -> Double {
    switch labels.problem {
    case .oneClass:
      tape.divergence(
        kind, student: student, teacher: teacher, temperature: temperature, weight: weight)
    case .severalLabels:
      tape.binaryDivergence(
        kind, student: student, teacher: teacher, temperature: temperature, weight: weight)
    case .regression:
      tape.squaredError(student, teacher, weight: weight)
    }
  }
}

/// Logits have a row for each token: column 0 scores it as the first token of the answer, column 1
/// as the last. Every loss is the mean of both columns.
///
/// Source: Devlin et al. 2019, section 4.2; the mean as in transformers'
/// `BertForQuestionAnswering` and `run_squad_w_distillation.py`.
extension SpanClassifier: DistillableModel {
  /// False.
  public var isRegression: Bool { false }

  /// Cross-entropy against the places of the answer.
  public func supervisedLoss(
    _ logits: Tensor, of shard: Shard, smoothing: Float, on tape: Tape, weight: Float
  ) -> Double {
    var sum = 0.0
    for (text, span) in shard.targets.spans.enumerated() {
      sum += tape.crossEntropy(
        tape.transposed(logits, rows: shard.tokens.range(text)),
        labels: [Int32(span.start), Int32(span.end)], smoothing: smoothing, weight: weight / 2)
    }
    return sum / 2
  }

  /// Divergence of the student's distributions over the tokens of a text from the teacher's.
  public func divergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, of shard: Shard,
    temperature: Float, on tape: Tape, weight: Float
  ) -> Double {
    var sum = 0.0
    for text in 0..<shard.count {
      let rows = shard.tokens.range(text)
      sum += tape.divergence(
        kind, student: tape.transposed(student, rows: rows),
        teacher: tape.transposed(teacher, rows: rows), temperature: temperature,
        weight: weight / 2)
    }
    return sum / 2
  }
}

extension MethodSetup {
  /// The loss of the student's logits against gold labels, smoothed as the run asks.
  public func supervisedLoss(
    _ logits: Tensor, of shard: Shard, on tape: Tape, weight: Float
  ) -> Double {
    student.supervisedLoss(logits, of: shard, smoothing: labelSmoothing, on: tape, weight: weight)
  }
}
