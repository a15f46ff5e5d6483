import Configuration
import Methods
import Models

/// The section `teacher`: what gives the logits that a student learns. It is a model, a file of
/// predictions, or an ensemble of both kinds.
public struct TeacherSource: Sendable {
  /// The three kinds.
  public indirect enum Kind: Sendable {
    /// A fine-tuned model.
    case model(ModelSource)
    /// What somebody predicted for the rows.
    case predictions(PredictionsSource)
    /// Several teachers, whose answers are averaged.
    case ensemble([Member], LogitAverage)
  }

  /// A teacher of an ensemble.
  public struct Member: Sendable {
    /// Where its answers come from; not an ensemble.
    public var source: TeacherSource
    /// Its weight in the mean; only the ratios of weights matter.
    public var weight: Double

    /// A member made by the program.
    public init(_ source: TeacherSource, weight: Double = 1) {
      self.source = source
      self.weight = weight
    }
  }

  /// What it is.
  public var kind: Kind
  /// `max_seq_length`: a model's texts are cut to so many tokens; nil for as many as the student's.
  public var maxSeqLength: Int?
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// A teacher made by the program.
  public init(_ kind: Kind, maxSeqLength: Int? = nil, origin: ConfigOrigin = ConfigOrigin()) {
    self.kind = kind
    self.maxSeqLength = maxSeqLength
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection) throws {
    origin = ConfigOrigin(section)
    guard section.has("ensemble") else {
      (kind, maxSeqLength) = try Self.single(section)
      return
    }
    try Self.refuse(
      ["model_name_or_path", "config", "predictions", "max_seq_length", "label_order"],
      beside: "ensemble", in: section)
    let sections = try section.sections(
      "ensemble", "Teachers whose answers are averaged; each is a model or a file of predictions.")
    guard sections.count <= Self.mostMembers else {
      throw section.fail(
        "ensemble",
        "\(section.name("ensemble")) has \(sections.count) teachers, more than "
          + "\(Self.mostMembers).")
    }
    let members = try sections.map { member -> Member in
      let weight = try member.number(
        "weight", default: 1, in: .above(0, upTo: 1e6),
        "The weight of this teacher in the mean; only the ratios of weights matter.")
      let (kind, length) = try Self.single(member)
      let source = TeacherSource(kind, maxSeqLength: length, origin: ConfigOrigin(member))
      return Member(source, weight: weight)
    }
    kind = .ensemble(
      members,
      try section.choice(
        "average", default: .probabilities,
        "What the mean of an ensemble is taken of: `probabilities` or `logits`."))
    try section.finish()
  }

  /// All of them are in memory at the same time.
  private static let mostMembers = 64

  /// A model or predictions.
  private static func single(
    _ section: ConfigSection
  ) throws -> (kind: Kind, maxSeqLength: Int?) {
    if section.has("predictions") {
      try refuse(
        ["model_name_or_path", "config", "max_seq_length", "label_order"], beside: "predictions",
        in: section)
      return (.predictions(try PredictionsSource(reading: section)), nil)
    }
    let length = try section.optionalInt(
      "max_seq_length", in: .atLeast(3),
      "The teacher's texts are cut to this many tokens; by default as the student's.")
    return (.model(try ModelSource(reading: section, as: .teacher)), length)
  }

  private static func refuse(
    _ keys: [String], beside kind: String, in section: ConfigSection
  ) throws {
    for key in keys where section.has(key) {
      throw section.fail(
        key, "\(section.path) has both \(kind) and \(key); keep one of them.")
    }
  }

  /// The teachers that it consists of, with their weights: one, unless it is an ensemble.
  var members: [Member] {
    if case .ensemble(let members, _) = kind { members } else { [Member(self)] }
  }

  /// The folder's section, if it is a single model.
  public var model: ModelSource? { if case .model(let model) = kind { model } else { nil } }
}
