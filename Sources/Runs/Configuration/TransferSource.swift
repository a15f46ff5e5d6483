import Configuration

/// The section `transfer`: texts without labels, from which a student learns the teacher's answers.
public struct TransferSource: Sendable {
  /// `files`: their texts, in any format that `mate-kd predict` reads.
  public var files: [String]
  /// `ratio`: texts that are drawn for each labelled row; nil for all of them.
  public var ratio: Double?
  /// `alone`: whether the labelled rows are left out.
  public var alone: Bool
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// A transfer set made by the program.
  public init(
    files: [String], ratio: Double? = nil, alone: Bool = false,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.files = files
    self.ratio = ratio
    self.alone = alone
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection) throws {
    origin = ConfigOrigin(section)
    files = try section.files(
      "files", "Texts without labels, in any format that `mate-kd predict` reads.")
    guard !files.isEmpty else {
      throw section.fail("files", "\(section.name("files")) must name a file.")
    }
    ratio = try section.optionalNumber(
      "ratio", in: .above(0, upTo: 1e6),
      "How many of the texts are drawn for each labelled row; by default all are taken.")
    alone = try section.bool(
      "alone", default: false,
      "Whether the labelled training rows are left out; their file need not exist then.")
    try section.finish()
    if alone, ratio != nil {
      throw section.fail(
        "ratio",
        "\(section.name("ratio")) counts labelled rows, which `alone` leaves out; keep one of them."
      )
    }
  }
}
