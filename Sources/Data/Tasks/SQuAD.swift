extension TaskDescription {
  /// Stanford Question Answering Dataset 1.1: a part of a text answers each question. 87,599
  /// questions to train on, 10,570 to validate.
  public static let squad = TaskDescription(questions: .v1_1)

  /// Stanford Question Answering Dataset 2.0: some questions have no answer in their text. 130,319
  /// questions to train on, 11,873 to validate.
  public static let squad2 = TaskDescription(questions: .v2_0)

  private init(questions version: SQuADVersion) {
    self.init(
      name: version.rawValue, folder: version.rawValue, labels: [], metrics: [.f1], files: [:])
    questions = version
  }
}

/// Which of the two Stanford Question Answering Datasets.
public enum SQuADVersion: String, Sendable, CaseIterable {
  /// Version 1.1: every question has an answer.
  case v1_1 = "squad"
  /// Version 2.0: half of the questions have none.
  case v2_0 = "squad2"

  /// The possible names of a split's file, the usual one first; empty for splits that were never
  /// published.
  public func fileNames(_ split: Split) -> [String] {
    let number = self == .v1_1 ? "v1.1" : "v2.0"
    switch split {
    case .train: return ["train-\(number).json"]
    case .validation: return ["dev-\(number).json", "dev-subset-\(number).json"]
    default: return []
    }
  }

  /// The metrics by which a model can be selected, the usual one first.
  public var metricNames: [String] {
    switch self {
    case .v1_1: ["f1", "exact_match"]
    case .v2_0:
      [
        "f1", "exact", "best_f1", "best_exact", "HasAns_f1", "HasAns_exact", "NoAns_f1",
        "NoAns_exact",
      ]
    }
  }
}
