/// What to do with a row that cannot be used.
public enum BadRows: String, Sendable, CaseIterable {
  /// Throw the first one as an error.
  case stop
  /// Leave them out and list them in `TextDataset.rejections`.
  case skip
}
