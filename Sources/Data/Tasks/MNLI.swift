extension TaskDescription {
  /// Multi-Genre Natural Language Inference. 392,702 rows to train on. To validate, 9,815 rows of
  /// the same genres (matched) and 9,832 of other genres (mismatched); a run measures both.
  public static let mnli = TaskDescription(
    name: "mnli", folder: "MNLI", labels: inferenceLabels, metrics: [.accuracy],
    files: [
      .train: inference("train.tsv"), .validation: inference("dev_matched.tsv"),
      .validationMismatched: inference("dev_mismatched.tsv"),
      .test: unlabelled("test_matched.tsv"), .testMismatched: unlabelled("test_mismatched.tsv"),
    ],
    alternatives: [
      .train: [inference("multinli_1.0_train.txt")],
      .validation: [inference("multinli_1.0_dev_matched.txt")],
      .validationMismatched: [inference("multinli_1.0_dev_mismatched.txt")],
    ])

  /// MNLI with only the mismatched genres as validation and test data.
  public static let mnliMismatched = TaskDescription(
    name: "mnli-mm", folder: "MNLI", labels: inferenceLabels, metrics: [.accuracy],
    files: [
      .train: inference("train.tsv"), .validation: inference("dev_mismatched.tsv"),
      .test: unlabelled("test_mismatched.tsv"),
    ])

  /// GLUE's diagnostic set, for MNLI models. 1,104 rows without labels. The authors' file with
  /// labels is the validation split. It is judged by Matthews' coefficient, as on the server.
  public static let ax = TaskDescription(
    name: "ax", folder: "diagnostic", labels: inferenceLabels, metrics: [.matthews, .accuracy],
    files: [
      .validation: File(
        name: "diagnostic-full.tsv", textColumns: ["Premise", "Hypothesis"], labelColumn: "Label"),
      .test: unlabelled("diagnostic.tsv"),
    ],
    alternatives: [.test: [unlabelled("AX.tsv"), unlabelled("test.tsv")]])

  /// The three labels of natural language inference.
  static let inferenceLabels = [Label("entailment"), Label("neutral"), Label("contradiction")]

  /// A file in the layout of SNLI and MNLI, in which the number of columns differs from file to
  /// file.
  static func inference(_ name: String) -> File {
    File(name: name, textColumns: ["sentence1", "sentence2"], labelColumn: "gold_label")
      .with { $0.undecidedLabel = "-" }
  }

  private static func unlabelled(_ name: String) -> File {
    File(name: name, textColumns: ["sentence1", "sentence2"], labelColumn: nil)
  }
}
