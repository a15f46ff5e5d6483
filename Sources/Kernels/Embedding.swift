extension Kernel {
  /// out[i] = words[ids[i]] + positions[positionIDs[i]] + types[typeIDs[i]].
  ///
  /// - Parameters:
  ///   - words: [vocabulary, H]. positions: [maximum length, H]. types: [type vocabulary, H] or
  ///     nil.
  ///   - ids: one per row of `out`, all within their tables.
  ///   - positionIDs: one per row of `out`, all within their tables.
  ///   - typeIDs: one per row of `out`, all within their tables.
  public static func embed(
    words: Matrix, ids: [Int32], positions: Matrix, positionIDs: [Int32], types: Matrix?,
    typeIDs: [Int32], into out: Matrix
  ) {
    precondition(ids.count == out.rows && positionIDs.count == out.rows)
    precondition(words.columns == out.columns && positions.columns == out.columns)
    shareRows(out.rows, .embedding, bytes: (types == nil ? 12 : 16) * out.columns) { rows in
      for i in rows {
        precondition(ids[i] >= 0 && ids[i] < words.rows && positionIDs[i] < positions.rows)
        let w = words.pointer + Int(ids[i]) * words.stride
        let p = positions.pointer + Int(positionIDs[i]) * positions.stride
        let o = out.pointer + i * out.stride
        if let types {
          precondition(typeIDs[i] >= 0 && typeIDs[i] < types.rows)
          let t = types.pointer + Int(typeIDs[i]) * types.stride
          vectors(out.columns) { j, n in
            // The order of transformers' BertEmbeddings, for equal rounding.
            store(load(w + j, n) + load(t + j, n) + load(p + j, n), o + j, n)
          }
        } else {
          vectors(out.columns) { j, n in store(load(w + j, n) + load(p + j, n), o + j, n) }
        }
      }
    }
  }

  /// table[ids[i]] += dOut[i] for all i, in order: the gradient of an embedding look-up.
  public static func embedGradient(_ dOut: Matrix, ids: [Int32], into table: Matrix) {
    precondition(ids.count == dOut.rows && table.columns == dOut.columns)
    precondition(ids.allSatisfy { $0 >= 0 && $0 < table.rows })
    shareColumns(dOut.columns, .embeddingGradient, bytes: 12 * dOut.rows) { columns in
      for i in 0..<dOut.rows {
        let p = dOut.pointer + i * dOut.stride + columns.lowerBound
        let q = table.pointer + Int(ids[i]) * table.stride + columns.lowerBound
        vectors(columns.count) { j, n in store(load(q + j, n) + load(p + j, n), q + j, n) }
      }
    }
  }
}
