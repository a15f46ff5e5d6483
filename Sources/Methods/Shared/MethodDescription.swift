import Configuration
import Trainers

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
///   try section.finish()
///   return { try LastState($0, terms: terms, states: states) }
/// }
/// ```
public struct MethodDescription: Sendable {
  /// Reads the section `method`, before any file is opened, and returns what makes the objective.
  public typealias Configure<Setup> =
    @Sendable (ConfigSection) throws -> @Sendable (Setup) throws -> any Objective

  /// Its name in configurations, such as `mate-kd`.
  public let name: String
  /// One sentence and the paper.
  public let summary: String
  /// True if it needs a generator.
  public let needsGenerator: Bool
  /// True if its losses are defined for texts that may have several labels.
  public let takesSeveralLabels: Bool
  /// Reads from the same section how the method makes its own training texts; nil if it learns from
  /// the training rows of the task.
  public let texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)?
  /// False if it opens no training file.
  public var needsTrainingData: Bool { texts == nil }
  /// The method for classes and scores.
  public let configure: Configure<DistillationSetup>
  /// The method for models that find answers; nil if it has no form for them.
  public let configureSpans: Configure<SpanDistillationSetup>?

  /// A method.
  public init(
    name: String, summary: String, needsGenerator: Bool = false, takesSeveralLabels: Bool = false,
    texts: (@Sendable (ConfigSection) throws -> SyntheticTexts)? = nil,
    configure: @escaping Configure<DistillationSetup>,
    configureSpans: Configure<SpanDistillationSetup>? = nil
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
