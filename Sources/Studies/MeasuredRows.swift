import Files
import Inference

/// Makes sure that cells were measured on the same rows, without which scores cannot be compared.
struct MeasuredRows {
  private var first: (predictions: ValidationPredictions, file: String)?

  /// Compares the rows of a cell with those of the cells before.
  ///
  /// - Parameters:
  ///   - predictions: nil if they are not known, which is no error.
  ///   - file: where they come from.
  /// - Throws: `FileError` if the rows are others.
  mutating func check(_ predictions: ValidationPredictions?, file: String) throws {
    guard let predictions else { return }
    guard let first else {
      self.first = (predictions, file)
      return
    }
    guard !predictions.hasSameReferences(as: first.predictions) else { return }
    throw FileError(
      file: file,
      problem: "the cell was measured on other rows than \(first.file); the data have changed, so "
        + "remove the folder of the cells that saw the old ones and run them again.")
  }
}
