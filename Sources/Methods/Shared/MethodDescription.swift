import Configuration
import Trainers

/// A distillation method as the registry knows it.
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
