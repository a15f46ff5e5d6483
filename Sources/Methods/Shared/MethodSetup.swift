import Data
import Kernels
import Models
import Trainers

/// What a distillation method is built from.
///
/// A method checks that the models suit it and adds weights of its own where it needs some:
///
/// ```swift
/// init(_ setup: DistillationSetup, terms: LogitTerms, states: Double) throws {
///   try setup.requireLayers(method: "last-state")
///   self.setup = setup
///   self.terms = terms
///   self.states = states
///   let (teacher, student) = setup.shapes
///   map = Projections(
///     [("map", inputs: student.hiddenSize, outputs: teacher.hiddenSize)], seed: setup.seed)
///   var training = setup.studentTraining
///   training.companions = map.parameters
///   trainedModels = [training]
/// }
/// ```
public struct MethodSetup<Head: DistillableModel>: Sendable {
  /// The model to train.
  public let student: Head
  private let teacherModel: Head?
  /// The masked language model of methods that need one; nil if the run has none.
  public let generator: MaskedLanguageModel?
  /// Index of the [MASK] token.
  public let maskID: Int32
  /// The teacher's logits on the training data.
  public let teacherCache: TeacherCache
  /// The student's optimiser and schedule.
  public let studentTraining: TrainedModel
  /// Planned updates of the student.
  public let totalSteps: Int
  /// `label_smoothing_factor`.
  public let labelSmoothing: Float
  /// Number of rows of the training data.
  public let trainingRows: Int
  /// The class of each training row; empty if rows do not have exactly one class each.
  public let trainingClasses: [Int32]
  /// Batches in one pass over the training data.
  public let batchesPerEpoch: Int
  /// Seed of the run, for weights that a method adds.
  public let seed: UInt64
  /// The tokenizer of the student's tokens; nil only outside of runs.
  public let tokenizer: (any Tokenizer)?
  /// How the teacher reads texts made of the student's tokens, if it reads them as text; otherwise
  /// nil.
  package let decodedTexts: DecodedTexts?
  /// The training data, for methods that count words; nil only outside of runs.
  public let trainingTexts: TokenizedDataset?
  /// Texts on which a method measures itself; nil only outside of runs.
  public let probe: ProbeTexts?
  /// Some of the training texts in batches, at most as many as asked for: always the same ones.
  /// None outside of runs.
  public let sampleTexts: @Sendable (_ count: Int) -> [PackedTokens]

  /// The fine-tuned model to learn from, which reads the student's tokens, or texts that are made
  /// of them as `decodedTexts` has it. It is never changed.
  ///
  /// Only methods that describe themselves as users of the `model` (`TeacherUse`) may ask for it:
  /// for the others the teacher may be something else.
  public var teacher: Head {
    guard let teacherModel else {
      preconditionFailure("a method that asks for the teacher's model must say so")
    }
    return teacherModel
  }

  /// Everything that a method can ask for.
  ///
  /// - Parameter teacher: nil if the teacher is not a model that reads the student's tokens.
  public init(
    student: Head, teacher: Head?, generator: MaskedLanguageModel?,
    maskID: Int32, teacherCache: TeacherCache, studentTraining: TrainedModel, totalSteps: Int,
    labelSmoothing: Float, trainingRows: Int = 0, trainingClasses: [Int32] = [],
    batchesPerEpoch: Int = 1, seed: UInt64 = 42,
    tokenizer: (any Tokenizer)? = nil, trainingTexts: TokenizedDataset? = nil,
    probe: ProbeTexts? = nil,
    sampleTexts: @escaping @Sendable (_ count: Int) -> [PackedTokens] = { _ in [] }
  ) {
    self.init(
      student: student, teacher: teacher, generator: generator, maskID: maskID,
      teacherCache: teacherCache, studentTraining: studentTraining, totalSteps: totalSteps,
      labelSmoothing: labelSmoothing, trainingRows: trainingRows, trainingClasses: trainingClasses,
      batchesPerEpoch: batchesPerEpoch, seed: seed, tokenizer: tokenizer, decodedTexts: nil,
      trainingTexts: trainingTexts, probe: probe, sampleTexts: sampleTexts)
  }

  /// The same with decoded texts.
  ///
  /// - Parameters:
  ///   - teacher: nil if the teacher is not a model that reads the student's tokens or, with
  ///     `decodedTexts`, texts made of them.
  package init(
    student: Head, teacher: Head?, generator: MaskedLanguageModel?,
    maskID: Int32, teacherCache: TeacherCache, studentTraining: TrainedModel, totalSteps: Int,
    labelSmoothing: Float, trainingRows: Int = 0, trainingClasses: [Int32] = [],
    batchesPerEpoch: Int = 1, seed: UInt64 = 42, tokenizer: (any Tokenizer)? = nil,
    decodedTexts: DecodedTexts?, trainingTexts: TokenizedDataset? = nil, probe: ProbeTexts? = nil,
    sampleTexts: @escaping @Sendable (_ count: Int) -> [PackedTokens] = { _ in [] }
  ) {
    self.decodedTexts = decodedTexts
    self.student = student
    teacherModel = teacher
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
    self.trainingTexts = trainingTexts
    self.probe = probe
    self.sampleTexts = sampleTexts
  }
}

/// The setup of methods for classes and scores.
public typealias DistillationSetup = MethodSetup<SequenceClassifier>

/// The setup of methods for models that find answers.
public typealias SpanDistillationSetup = MethodSetup<SpanClassifier>

extension MethodSetup where Head == SpanClassifier {
  /// The setup of a run on questions. Methods with a form for them mask nothing and need no plan.
  public init(
    student: SpanClassifier, teacher: SpanClassifier, generator: MaskedLanguageModel? = nil,
    teacherCache: TeacherCache, studentTraining: TrainedModel, labelSmoothing: Float = 0
  ) {
    self.init(
      student: student, teacher: teacher, generator: generator, maskID: -1,
      teacherCache: teacherCache, studentTraining: studentTraining, totalSteps: 0,
      labelSmoothing: labelSmoothing)
  }
}

extension MethodSetup {
  /// The architectures of teacher and student.
  public var shapes: (teacher: EncoderConfiguration, student: EncoderConfiguration) {
    (teacher.encoder.configuration, student.encoder.configuration)
  }

  /// The generator of a method that cannot do without one.
  ///
  /// - Throws: `MismatchError` if the run has none.
  public func requiredGenerator(of method: String) throws -> MaskedLanguageModel {
    if let generator { return generator }
    throw MismatchError(
      .method,
      "method \(method) needs a generator: add a section \"generator\" with a masked language "
        + "model (mate-kd pretrain makes one)")
  }

  /// Checks that both models have a layer to compare.
  ///
  /// - Throws: `MismatchError`.
  public func requireLayers(method: String) throws {
    guard shapes.teacher.layers > 0, shapes.student.layers > 0 else {
      throw MismatchError(
        .shape,
        "method \(method) compares layers, but the teacher has \(shapes.teacher.layers) and the "
          + "student \(shapes.student.layers); give each at least one")
    }
  }

  /// Checks that states can be compared number by number.
  ///
  /// - Parameter compares: what is compared, for the message, such as "states number by number".
  /// - Throws: `MismatchError`.
  public func requireEqualWidths(method: String, compares: String) throws {
    let (t, s) = shapes
    guard t.hiddenSize == s.hiddenSize else {
      throw MismatchError(
        .shape,
        "method \(method) compares \(compares), but the teacher is \(t.hiddenSize) wide and the "
          + "student \(s.hiddenSize); take a student of the teacher's width, such as "
          + "student.from_teacher_layers, or method tinybert")
    }
  }

  /// Checks that attention can be compared head by head.
  ///
  /// - Throws: `MismatchError`.
  public func requireEqualHeads(method: String, remedy: String) throws {
    let (t, s) = shapes
    guard t.attentionHeads == s.attentionHeads else {
      throw MismatchError(
        .shape,
        "method \(method) compares attention head by head, but the teacher has \(t.attentionHeads) "
          + "heads and the student \(s.attentionHeads); \(remedy)")
    }
  }
}
