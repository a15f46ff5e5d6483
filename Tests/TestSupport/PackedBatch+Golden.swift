import Data
import Kernels
import StrictJSON

extension PackedTokens {
  /// A golden's texts.
  package init(golden: JSONValue?) {
    self.init(
      ids: (golden?.integers("ids") ?? []).map { Int32($0) },
      typeIDs: (golden?.integers("types") ?? []).map { Int32($0) },
      offsets: (golden?.integers("lengths") ?? []).reduce(into: [0]) {
        $0.append(($0.last ?? 0) + $1)
      })
  }

  /// Some of the texts.
  package func texts(at places: [Int]) -> PackedTokens {
    var result = PackedTokens(ids: [], typeIDs: [], offsets: [0])
    for place in places {
      let rows = range(place)
      result.ids += ids[rows]
      result.typeIDs += typeIDs[rows]
      result.offsets.append(result.ids.count)
    }
    return result
  }
}

extension PackedBatch {
  /// A golden's batch; rows are numbered from `firstRow`.
  package init(_ golden: JSONValue?, scores: [Float] = [], firstRow: Int = 0) {
    self.init()
    tokens = PackedTokens(golden: golden)
    // The goldens' vocabularies begin [PAD], [UNK], [CLS], [SEP], [MASK].
    isSpecial = tokens.ids.map { $0 < 5 }
    rows = Array(firstRow..<firstRow + count)
    let labels = (golden?.integers("labels") ?? []).map { Int32($0) }
    targets = scores.isEmpty ? labels.isEmpty ? .none : .classes(labels) : .scores(scores)
  }

  package var tokenIDs: [Int32] { tokens.ids }
  package var typeIDs: [Int32] { tokens.typeIDs }
  package var offsets: [Int] { tokens.offsets }
  package var tokenCount: Int { tokens.ids.count }

  /// Some of the texts.
  package func selecting(_ places: [Int]) -> PackedBatch {
    var result = PackedBatch()
    for place in places { result.isSpecial += isSpecial[tokens.range(place)] }
    result.tokens = tokens.texts(at: places)
    result.rows = places.map { rows[$0] }
    result.targets = targets.selecting(places)
    return result
  }
}
