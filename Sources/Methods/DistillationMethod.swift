import Autograd
import Configuration
import Data
import Kernels
import Models
import Trainers

/// What a distillation method is built from.
public struct DistillationSetup: Sendable {
  /// The model to train.
  public let student: SequenceClassifier
  /// The fine-tuned model to learn from; never changed.
  public let teacher: SequenceClassifier
  /// The masked language model that writes adversarial text; nil if the run has none.
  public let generator: MaskedLanguageModel?
  /// Index of the [MASK] token.
  public let maskID: Int32
  /// The teacher's logits on the training data.
  public let teacherCache: TeacherCache
  /// The student's optimiser and schedule.
  public let studentTraining: TrainedModel
  /// Updates of the student that are planned.
  public let totalSteps: Int
  /// `label_smoothing_factor`.
  public let labelSmoothing: Float
  /// Rows of the training data.
  public let trainingRows: Int
  /// Class of each of them; empty where a row has no one class.
  public let trainingClasses: [Int32]
  /// Batches in a pass over the training data.
  public let batchesPerEpoch: Int
  /// Seed of the run, for weights that a method adds.
  public let seed: UInt64
  /// The tokenizer of all models; nil only outside of runs.
  public let tokenizer: (any Tokenizer)?

  /// What a method needs.
  public init(
    student: SequenceClassifier, teacher: SequenceClassifier, generator: MaskedLanguageModel?,
    maskID: Int32, teacherCache: TeacherCache, studentTraining: TrainedModel, totalSteps: Int,
    labelSmoothing: Float, trainingRows: Int = 0, trainingClasses: [Int32] = [],
    batchesPerEpoch: Int = 1, seed: UInt64 = 42,
    tokenizer: (any Tokenizer)? = nil
  ) {
    self.student = student
    self.teacher = teacher
    self.generator = generator
    self.maskID = maskID
    self.teacherCache = teacherCache
    self.studentTraining = studentTraining
    self.totalSteps = totalSteps
    self.labelSmoothing = labelSmoothing
    self.trainingRows = trainingRows
    self.trainingClasses = trainingClasses
    self.batchesPerEpoch = batchesPerEpoch
    self.seed = seed
    self.tokenizer = tokenizer
  }

  /// The generator of a method that cannot do without.
  /// - Throws: `MismatchError` if the run has none.
  func requiredGenerator(of method: String) throws -> MaskedLanguageModel {
    if let generator { return generator }
    throw MismatchError(
      .method,
      "method \(method) needs a generator: add a section \"generator\" with a masked language model "
        + "(mate-kd pretrain makes one)")
  }
}

/// A distillation method as the registry knows it.
public struct MethodDescription: Sendable {
  /// Its name in configurations, such as `mate-kd`.
  public let name: String
  /// One sentence and the paper.
  public let summary: String
  /// True if it needs a generator.
  public let needsGenerator: Bool
  /// True if its losses are defined for texts that may have several labels.
  public let takesSeveralLabels: Bool
  /// Reads from the same section how it makes its own training texts; nil for methods that learn from
  /// the task's training rows.
  public let texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)?
  /// False if it opens no training file.
  public var needsTrainingData: Bool { texts == nil }
  /// Reads its section of the configuration, before any file is opened.
  public let configure:
    @Sendable (ConfigSection) throws -> @Sendable (DistillationSetup) throws -> any Objective
  /// The same for models that find answers; nil if the method has no form for them.
  public let configureSpans:
    (@Sendable (ConfigSection) throws -> @Sendable (SpanDistillationSetup) throws -> any Objective)?

  /// A method.
  public init(
    name: String, summary: String, needsGenerator: Bool = false, takesSeveralLabels: Bool = false,
    texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)? = nil,
    configure:
      @escaping @Sendable (ConfigSection) throws ->
      @Sendable (DistillationSetup) throws ->
      any Objective,
    configureSpans: (
      @Sendable (ConfigSection) throws ->
        @Sendable (SpanDistillationSetup) throws -> any Objective
    )? = nil
  ) {
    self.name = name
    self.summary = summary
    self.needsGenerator = needsGenerator
    self.takesSeveralLabels = takesSeveralLabels
    self.texts = texts
    self.configure = configure
    self.configureSpans = configureSpans
  }
}

/// All methods. A new one is one file beside this one and one line here.
public enum MethodRegistry {
  /// The methods in the order in which they are listed.
  public static let all: [MethodDescription] = [
    LabelsOnly.description,
    KnowledgeDistillation.description,
    MATEKD.description,
    AnnealingKD.description,
    ContinuationKD.description,
    ComKD.description,
    CILDA.description,
    RAILKD.description,
    CoDIR.description,
    PKD.description,
    DistilBERT.description,
    TinyBERT.description,
    TinyBERTAugmentation.description,
    MiniLM.description,
    MiniLMv2.description,
    ASDFD.description,
    ZSKT.description,
    ZSKD.description,
    RandomText.description,
    TextSmoothing.description,
    FreeLB.description,
    FreeLBKD.description,
  ]

  /// The method with a name.
  public static func named(_ name: String) -> MethodDescription? { all.first { $0.name == name } }

  /// Checks that a method is defined for the labels of a task.
  ///
  /// - Throws: `MismatchError`.
  package static func check(_ method: MethodDescription, fits task: TaskDescription) throws {
    guard task.isMultiLabel, !method.takesSeveralLabels else { return }
    throw MismatchError(
      .method,
      "method \(method.name) is for texts with one label each, but those of task \(task.name) may "
        + "have several; the methods for them are "
        + all.filter(\.takesSeveralLabels).map(\.name).joined(separator: ", "))
  }
}

extension Tape {
  /// Cross-entropy against the gold classes, that of each label for itself where a text may have
  /// several, or squared error against the gold scores, summed over the shard's texts.
  func supervisedLoss(
    _ logits: Tensor, shard: Shard, labels: LabelSet, smoothing: Float, weight: Float
  ) -> Double {
    if labels.isRegression {
      let scores = constant(Matrix(shard.targets.scores, rows: shard.count, columns: 1))
      return squaredError(logits, scores, weight: weight)
    }
    if labels.isMultiLabel {
      let targets = Matrix(shard.targets.labelSets, rows: shard.count, columns: labels.count)
      return binaryCrossEntropy(logits, targets: targets, weight: weight)
    }
    return crossEntropy(logits, labels: shard.targets.classes, smoothing: smoothing, weight: weight)
  }

  /// Divergence of the student's outputs from the teacher's, summed over texts: `kind` for
  /// classification, of each label for itself where a text may have several, squared error for
  /// regression.
  func outputDivergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, labels: LabelSet,
    temperature: Float, weight: Float
  ) -> Double {
    if labels.isRegression { return squaredError(student, teacher, weight: weight) }
    if labels.isMultiLabel {
      return binaryDivergence(
        kind, student: student, teacher: teacher, temperature: temperature, weight: weight)
    }
    return divergence(
      kind, student: student, teacher: teacher, temperature: temperature, weight: weight)
  }
}
