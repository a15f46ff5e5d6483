import Configuration
import Trainers

/// What a method asks of its teacher.
public enum TeacherUse: Sendable {
  /// Nothing. The teacher is only measured.
  case nothing
  /// Its logits on the training texts. Any teacher will do.
  case logits
  /// What only a model can tell that reads texts made of the student's tokens as text: its answers
  /// to them, but no gradients.
  case decodedTexts
  /// What only a model that reads the student's tokens can tell: its states, its gradients, or its
  /// answers to texts that are made of tokens.
  case model
}

/// What a method asks of the section `generator`.
public enum GeneratorUse: Sendable {
  /// Nothing. The section is ignored.
  case nothing
  /// It trains without one, and reports more with one.
  case optional
  /// It cannot train without one.
  case needed
}

/// Whether a method can learn from texts without labels. If it can, its losses with labels must be
/// those of `MethodSetup.supervisedLoss`, to which such texts add nothing.
public enum UnlabelledTexts: Sendable {
  /// It cannot.
  case none
  /// It can, beside labelled ones: some of its updates learn from labels alone.
  case besideLabelled
  /// It can, and needs no others.
  case alone
}

/// A distillation method as the registry knows it.
///
/// The method of `Examples/own-method` describes itself like this:
///
/// ```swift
/// public static let description = MethodDescription(
///   name: "last-state", summary: "logits and the last layer's states through a learned map",
///   takesSeveralLabels: true
/// ) { section in
///   let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
///   let terms = try LogitTerms(ce: 0.5, kd: 0.5).reading(section, weights: weights)
///   let states = try weights.number(
///     "states", default: 1, in: 0...1e6, "The weight of the last layer's states.")
///   try weights.finish()
///   return { try LastState($0, terms: terms, states: states) }
/// }
/// ```
public struct MethodDescription: Sendable {
  /// Reads the section `method`, before any file is opened, and returns what makes the objective.
  /// The description itself finishes the section.
  public typealias Configure<Setup> =
    @Sendable (ConfigSection) throws -> @Sendable (Setup) throws -> any Objective

  /// Its name in configurations, such as `mate-kd`.
  public let name: String
  /// One sentence and the paper.
  public let summary: String
  /// True if it needs a generator, unless its keys say otherwise.
  public let needsGenerator: Bool
  /// What it asks of a generator with the keys of a section; nil if no key changes that.
  private let generatorUse: (@Sendable (ConfigSection) -> GeneratorUse)?
  /// True if its losses are defined for texts that may have several labels.
  public let takesSeveralLabels: Bool
  /// What it asks of its teacher, whatever its keys say.
  public let teacherUse: TeacherUse
  /// True for a configuration with which the teacher reads decoded texts; nil if there is none.
  private let readsDecodedTexts: (@Sendable (ConfigSection) -> Bool)?
  /// Whether it can learn from texts without labels.
  public let unlabelledTexts: UnlabelledTexts
  /// Reads from the same section how the method makes its own training texts; nil if it learns from
  /// the training rows of the task.
  public let texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)?
  /// False if it opens no training file.
  public var needsTrainingData: Bool { texts == nil }
  /// The method for classes and scores.
  public let configure: Configure<DistillationSetup>
  /// The method for models that find answers; nil if it has no form for them.
  public let configureSpans: Configure<SpanDistillationSetup>?

  /// A method whose closure reads its keys.
  public init(
    name: String, summary: String, needsGenerator: Bool = false,
    generatorUse: (@Sendable (ConfigSection) -> GeneratorUse)? = nil,
    takesSeveralLabels: Bool = false,
    teacherUse: TeacherUse = .model,
    readsDecodedTexts: (@Sendable (ConfigSection) -> Bool)? = nil,
    unlabelledTexts: UnlabelledTexts = .none,
    texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)? = nil,
    configure: @escaping Configure<DistillationSetup>,
    configureSpans: Configure<SpanDistillationSetup>? = nil
  ) {
    func whole<Setup>(_ configure: @escaping Configure<Setup>) -> Configure<Setup> {
      { section in
        _ = try texts?(section)
        let makeObjective = try configure(section)
        try section.finish()
        return makeObjective
      }
    }
    self.name = name
    self.summary = summary
    self.needsGenerator = needsGenerator
    self.generatorUse = generatorUse
    self.takesSeveralLabels = takesSeveralLabels
    self.teacherUse = teacherUse
    self.readsDecodedTexts = readsDecodedTexts
    self.unlabelledTexts = unlabelledTexts
    self.texts = texts
    self.configure = whole(configure)
    self.configureSpans = configureSpans.map(whole)
  }

  /// A method that keeps what its keys say in a value of its own.
  ///
  /// - Parameters:
  ///   - generatorUse: what is asked of a generator with the keys of a section; nil if no key
  ///     changes what `needsGenerator` says.
  ///   - readsDecodedTexts: true for a section with which the teacher reads decoded texts.
  ///   - settings: reads the keys.
  ///   - objective: makes the method for classes and scores.
  ///   - spanObjective: makes the form for models that find answers; nil if there is none.
  public init<Settings: Sendable>(
    name: String, summary: String, needsGenerator: Bool = false,
    generatorUse: (@Sendable (ConfigSection) -> GeneratorUse)? = nil,
    takesSeveralLabels: Bool = false,
    teacherUse: TeacherUse = .model,
    readsDecodedTexts: (@Sendable (ConfigSection) -> Bool)? = nil,
    unlabelledTexts: UnlabelledTexts = .none,
    texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)? = nil,
    settings: @escaping @Sendable (ConfigSection) throws -> Settings,
    objective: @escaping @Sendable (DistillationSetup, Settings) throws -> any Objective,
    spanObjective: (@Sendable (SpanDistillationSetup, Settings) throws -> any Objective)? = nil
  ) {
    func configure<Setup>(
      _ objective: @escaping @Sendable (Setup, Settings) throws -> any Objective
    ) -> Configure<Setup> {
      { section in
        let settings = try settings(section)
        return { try objective($0, settings) }
      }
    }
    self.init(
      name: name, summary: summary, needsGenerator: needsGenerator,
      generatorUse: generatorUse, takesSeveralLabels: takesSeveralLabels,
      teacherUse: teacherUse, readsDecodedTexts: readsDecodedTexts,
      unlabelledTexts: unlabelledTexts, texts: texts,
      configure: configure(objective), configureSpans: spanObjective.map(configure))
  }

  /// Whether keys of the method change what it asks of a generator.
  package var generatorUseVaries: Bool { generatorUse != nil }

  /// What the method asks of a generator with the keys of a section.
  package func generatorUse(_ section: ConfigSection) -> GeneratorUse {
    generatorUse?(section) ?? (needsGenerator ? .needed : .nothing)
  }

  /// What the method asks of its teacher with the keys of a section.
  package func teacherUse(_ section: ConfigSection) -> TeacherUse {
    readsDecodedTexts?(section) == true ? .decodedTexts : teacherUse
  }

  /// Whether there is a configuration with which the teacher reads decoded texts.
  package var canReadDecodedTexts: Bool { readsDecodedTexts != nil }
}
