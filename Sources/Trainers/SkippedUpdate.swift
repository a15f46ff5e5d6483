import Autograd
import Data
import Kernels
import StrictJSON

/// An update that was not made because its loss or its gradient is not finite.
public struct SkippedUpdate: Sendable {
  /// The number of the batch, from 1; in a run that trains one model, the number of the update.
  public let batch: Int
  /// The model whose update it was; empty for the main model.
  public let model: String
  /// The loss and the other scalars, and the gradient norm.
  public let scalars: Scalars
  /// The first weight or gradient that is not finite, as a piece of a sentence; nil if only the
  /// loss is not.
  public let tensor: String?
  /// The rows of the batch in the training data, each with its token ids.
  public let rows: [(row: Int, ids: [Int32])]

  /// The beginning of the names of these files.
  package static let filePrefix = "nonfinite-"
  /// The name of the file that a run writes about it.
  public var fileName: String { "\(Self.filePrefix)\(batch).json" }

  /// What was not finite first, as a piece of a sentence.
  var first: String { tensor ?? "the loss" }

  /// What the user is told.
  var sentence: String {
    "update \(batch) was skipped: \(first) is not finite (loss \(scalars["loss"]), gradient norm "
      + "\(scalars["grad_norm"])); its batch is in \(fileName)"
  }

  /// For inspection. Numbers that are not finite are strings.
  public var json: JSONValue {
    .object([
      ("batch", .int(batch)), ("model", .string(model.isEmpty ? "main" : model)),
      ("first_not_finite", tensor.map(JSONValue.string) ?? .null),
      (
        "scalars",
        .object(
          scalars.entries.map { name, value in
            (name, value.isFinite ? .double(value) : .string("\(value)"))
          })
      ),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("row", .int(row.row)), ("token_ids", .array(row.ids.map { .int(Int($0)) })),
            ])
          })
      ),
    ])
  }
}

extension SkippedUpdate {
  /// Finds the first weight of some models that is not finite; otherwise the gradient that went
  /// first.
  ///
  /// Backward passes run from the last weight to the first, and a gradient that is not finite makes
  /// all later ones so.
  ///
  /// - Parameters:
  ///   - trained: what the gradients are of, in their order.
  ///   - gradients: the sum of all lanes.
  static func firstNotFinite(
    weights: [Parameters], trained: [Parameters], gradients: Buffer
  ) -> String? {
    if let name = notFiniteWeight(weights) { return name }
    var offset = trained.reduce(0) { $0 + $1.count }
    for parameters in trained.reversed() {
      offset -= parameters.count
      for entry in parameters.entries.reversed() {
        let slot = entry.slot
        let gradient = Matrix(
          gradients, offset: offset + slot.offset, rows: slot.rows, columns: slot.columns)
        if !gradient.isFinite { return "the gradient of \(entry.name)" }
      }
    }
    return nil
  }

  /// The first weight that is not finite, as a piece of a sentence.
  static func notFiniteWeight(_ models: [Parameters]) -> String? {
    for parameters in models {
      for entry in parameters.entries where !parameters.matrix(entry.slot).isFinite {
        return "the weight \(entry.name)"
      }
    }
    return nil
  }
}
