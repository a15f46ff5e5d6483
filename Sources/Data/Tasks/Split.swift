/// A part of a data set, by Hugging Face's names.
public enum Split: String, Sendable, CaseIterable {
  /// What a model learns from.
  case train
  /// What it is measured on; `dev.tsv` in GLUE, and the matched genres of MNLI.
  case validation
  /// The genres of MNLI that its training data lack.
  case validationMismatched = "validation_mismatched"
  /// Rows without labels in GLUE; some other sets give them.
  case test
  /// The unlabelled rows of MNLI's other genres.
  case testMismatched = "test_mismatched"
}
