import Configuration

/// `predictions` and what belongs to it: answers to rows, in files.
public struct PredictionsSource: Sendable {
  /// `predictions`: for the rows of the training file.
  public var path: String
  /// `validation_predictions`: for the rows of the validation file; nil if nobody made them.
  public var validation: String?
  /// `transfer_predictions`: for the rows of each file of the transfer set.
  public var transfer: [String]
  /// `probability_floor`: what smaller probabilities count as.
  public var floor: Double
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// A source made by the program.
  public init(
    path: String, validation: String? = nil, transfer: [String] = [], floor: Double = 1e-6,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.path = path
    self.validation = validation
    self.transfer = transfer
    self.floor = floor
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    origin = ConfigOrigin(section)
    path = try section.file(
      "predictions", "A file with logits or probabilities for the training rows (docs/teachers.md)."
    )
    validation = try section.optionalFile(
      "validation_predictions", "The same for the validation rows; they are only measured.")
    transfer = try section.files(
      "transfer_predictions", default: [],
      "The same for the files of `transfer`, one for each, in their order.")
    floor = try section.number(
      "probability_floor", default: 1e-6, in: .above(0, upTo: 0.01),
      "Probabilities below this count as this, because zero has no logarithm.")
    try section.finish()
  }
}
