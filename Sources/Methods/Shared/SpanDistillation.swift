import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// What a method that trains a model to find answers is built from.
public struct SpanDistillationSetup: Sendable {
  /// The model to train.
  public let student: SpanClassifier
  /// The fine-tuned model to learn from; never changed.
  public let teacher: SpanClassifier
  /// The masked language model of methods that need one; nil if the run has none.
  public let generator: MaskedLanguageModel?
  /// The teacher's logits on the training windows.
  public let teacherCache: TeacherCache
  /// The student's optimiser and schedule.
  public let studentTraining: TrainedModel
  /// `label_smoothing_factor`.
  public let labelSmoothing: Float

  /// What a method needs.
  public init(
    student: SpanClassifier, teacher: SpanClassifier, generator: MaskedLanguageModel? = nil,
    teacherCache: TeacherCache, studentTraining: TrainedModel, labelSmoothing: Float = 0
  ) {
    self.student = student
    self.teacher = teacher
    self.generator = generator
    self.teacherCache = teacherCache
    self.studentTraining = studentTraining
    self.labelSmoothing = labelSmoothing
  }
}

/// Training of a model that finds answers: by the annotators' answers, and by a teacher's logits
/// where there is one.
///
/// L = w_ce CE + w_kd T^2 D, each averaged over windows and, within one, over its two distributions
/// over tokens, the answer's first and its last: CE(S(x), place), and D(softmax(T(x)/T),
/// softmax(S(x)/T)). Source: Devlin et al. 2019, section 4.2, and Hinton et al. 2015; the mean of
/// both ends as in transformers' `BertForQuestionAnswering` and `run_squad_w_distillation.py`.
public struct SpanDistillation: Objective {
  /// The model.
  public let trainedModels: [TrainedModel]
  private let model: SpanClassifier
  private let teacher: (logits: TeacherCache, settings: KnowledgeDistillation.Settings)?
  private let labelSmoothing: Float

  /// Supervised training.
  public init(_ model: SpanClassifier, training: TrainedModel, labelSmoothing: Float = 0) {
    self.model = model
    self.labelSmoothing = labelSmoothing
    trainedModels = [training]
    teacher = nil
  }

  /// Supervised training with a teacher.
  init(_ setup: SpanDistillationSetup, settings: KnowledgeDistillation.Settings) {
    model = setup.student
    labelSmoothing = setup.labelSmoothing
    trainedModels = [setup.studentTraining]
    teacher = (setup.teacherCache, settings)
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let weight = step.share / Double(step.count)
    return try step.forEachShard { shard, tape in
      let logits = model.logits(shard.tokens, tape: tape, training: true)
      var scalars = Scalars()
      if let (cache, settings) = teacher {
        let ce = tape.spanLoss(
          logits, shard: shard, smoothing: labelSmoothing,
          weight: Float(settings.weights.ce * weight))
        let kd = tape.spanDivergence(
          settings.divergence, student: logits, teacher: cache.logits(for: shard, tape: tape),
          shard: shard, temperature: settings.temperature,
          weight: Float(settings.divergenceWeight * weight))
        scalars["loss"] =
          (settings.weights.ce * ce + settings.divergenceWeight * kd) / Double(step.count)
        scalars["ce_loss"] = ce / Double(step.count)
        scalars["kd_loss"] = kd / Double(step.count)
      } else {
        scalars["loss"] =
          tape.spanLoss(logits, shard: shard, smoothing: labelSmoothing, weight: Float(weight))
          / Double(step.count)
      }
      tape.backward()
      return scalars
    }
  }
}

/// Losses of logits with a row per token, column 0 for the first token of the answer, 1 for the
/// last. They do not ask where the logits come from: from token ids or from any embeddings.
extension Tape {
  /// Cross-entropy against the places of the answer, the mean of first and last token, summed over
  /// the shard's texts.
  func spanLoss(_ logits: Tensor, shard: Shard, smoothing: Float = 0, weight: Float) -> Double {
    var sum = 0.0
    for (text, span) in shard.targets.spans.enumerated() {
      sum += crossEntropy(
        transposed(logits, rows: shard.tokens.range(text)),
        labels: [Int32(span.start), Int32(span.end)], smoothing: smoothing, weight: weight / 2)
    }
    return sum / 2
  }

  /// Divergence of the student's distributions over tokens from the teacher's, the mean of first and
  /// last token, summed over the shard's texts.
  func spanDivergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, shard: Shard, temperature: Float,
    weight: Float
  ) -> Double {
    var sum = 0.0
    for text in 0..<shard.count {
      let rows = shard.tokens.range(text)
      sum += divergence(
        kind, student: transposed(student, rows: rows), teacher: transposed(teacher, rows: rows),
        temperature: temperature, weight: weight / 2)
    }
    return sum / 2
  }
}
