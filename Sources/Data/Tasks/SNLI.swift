extension TaskDescription {
  /// Stanford Natural Language Inference: captions of pictures. MNLI models have the same labels.
  /// 549,367 rows to train on, 9,842 to validate, 9,824 to test, not counting undecided ones.
  public static let snli = TaskDescription(
    name: "snli", folder: "snli", labels: inferenceLabels, metrics: [.accuracy],
    files: [
      .train: inference("train.tsv"), .validation: inference("dev.tsv"),
      .test: inference("test.tsv"),
    ],
    alternatives: [
      .train: [inference("snli_1.0_train.txt")], .validation: [inference("snli_1.0_dev.txt")],
      .test: [inference("snli_1.0_test.txt")],
    ])

  /// SciTail: premises from the web and hypotheses from science exams, in the authors' `tsv_format`
  /// (premise, hypothesis, label; no header). For an MNLI model, contradiction counts as neutral.
  /// 23,596 rows to train on, 1,304 to validate, 2,126 to test.
  public static let scitail = TaskDescription(
    name: "scitail", folder: "tsv_format",
    labels: [Label("entails"), Label("neutral")], metrics: [.accuracy],
    files: [
      .train: scitail("train"), .validation: scitail("dev"), .test: scitail("test"),
    ],
    foldings: [.entailmentOrNot("entails", "neutral")])

  private static func scitail(_ part: String) -> File {
    File(name: "scitail_1.0_\(part).tsv", textColumns: [0, 1], labelColumn: 2)
  }
}
