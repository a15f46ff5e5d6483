/// A part of a data set, by Hugging Face's names.
public enum Split: String, Sendable, CaseIterable {
  /// What a model learns from.
  case train
  /// What it is measured on; `dev.tsv` in GLUE.
  case validation
  /// Rows without labels.
  case test
}
