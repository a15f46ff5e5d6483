extension TaskDescription {
  /// Multi-Genre Natural Language Inference. 392,702 rows to train on; 9,815 rows of the same genres
  /// (matched) and 9,832 of others (mismatched) to validate, both measured in a run.
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

  /// MNLI with the mismatched genres alone as validation and test data.
  public static let mnliMismatched = TaskDescription(
    name: "mnli-mm", folder: "MNLI", labels: inferenceLabels, metrics: [.accuracy],
    files: [
      .train: inference("train.tsv"), .validation: inference("dev_mismatched.tsv"),
      .test: unlabelled("test_mismatched.tsv"),
    ])

  /// GLUE's diagnostic set, for MNLI models. 1,104 rows without labels; the authors' file with
  /// labels is the validation split, judged as the server does by Matthews' coefficient.
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

  /// A file of SNLI's and MNLI's layout, whose columns differ in number from file to file.
  static func inference(_ name: String) -> File {
    File(name: name, textColumns: ["sentence1", "sentence2"], labelColumn: "gold_label")
      .with { $0.undecidedLabel = "-" }
  }

  private static func unlabelled(_ name: String) -> File {
    File(name: name, textColumns: ["sentence1", "sentence2"], labelColumn: nil)
  }
}
