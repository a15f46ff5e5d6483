import Files
import StrictJSON

/// What `mate-kd inspect --compare --json` has printed: how alike the layers of two models are.
package struct SimilarityRecord: Sendable {
  private let models: (String, String)
  private let texts: Int
  /// Linear CKA, a row for each layer of the first model.
  private let cka: [[Double]]
  /// No model has more; a larger table could not be read either.
  private static let mostLayers = 200

  /// Reads a file with the JSON.
  ///
  /// - Throws: `FileError` or `JSONError`.
  init(file: String) throws {
    let json = try StrictJSON.read(file)
    let models = json["models"]?.array?.compactMap(\.string) ?? []
    let cka = (json["cka"]?.array ?? []).map { $0.array?.compactMap(\.double) ?? [] }
    guard models.count == 2, let columns = cka.first?.count, columns > 0,
      cka.allSatisfy({ $0.count == columns }), max(cka.count, columns) <= Self.mostLayers
    else {
      throw FileError(
        file: file,
        problem: "this is not what mate-kd inspect --compare --json prints.")
    }
    self.models = (models[0], models[1])
    self.cka = cka
    texts = json["texts"]?.int ?? 0
  }

  /// The map: a table whose cells are the darker the more alike the layers are.
  var html: HTML {
    func name(_ place: Int) -> String { place == 0 ? "embeddings" : "layer \(place - 1)" }
    var table = Table(
      "\(models.0) (rows) beside \(models.1) (columns): linear CKA of the states of "
        + "\(NumberFormat.count(Double(texts))) texts",
      [.init(title: "layer")]
        + (cka.first ?? []).indices.map { .init(title: name($0), isNumeric: true) })
    for (row, values) in cka.enumerated() {
      let cells = values.map { value in
        let step = Int((min(max(value, 0), 1) * 10).rounded())
        return HTML.element(
          "span", [("class", "count right share\(step)")], NumberFormat.fixed(value, 2))
      }
      table.add([.text(name(row))] + cells)
    }
    return table.html
  }
}
