/// A part of a data set, by Hugging Face's names.
public enum Split: String, Sendable, CaseIterable {
  /// The rows from which a model learns.
  case train
  /// The rows on which it is measured: `dev.tsv` in GLUE, and the matched genres of MNLI.
  case validation
  /// The genres of MNLI that are not in its training data.
  case validationMismatched = "validation_mismatched"
  /// Rows without labels in GLUE; some other sets do have labels here.
  case test
  /// The unlabelled rows of MNLI's other genres.
  case testMismatched = "test_mismatched"
}
