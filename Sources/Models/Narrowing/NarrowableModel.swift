import Autograd
import Kernels

/// A model that can be cut in width.
package protocol NarrowableModel: Model {
  /// Fills a narrower model whose shape is a part of this one's.
  ///
  /// - Parameters:
  ///   - narrow: has as many layers.
  ///   - sample: texts in batches, on which this model's states are looked at.
  /// - Throws: `LAPACKError` if the states are not finite.
  func narrow(
    into narrow: Self, basis: TeacherCut.Basis, sample: [PackedTokens]
  ) throws(LAPACKError)
}

extension NarrowableModel {
  /// A model that is a part of this one; see `TeacherCut`.
  ///
  /// With the width of everything unchanged, the weights of the layers are copied.
  ///
  /// - Parameters:
  ///   - cut: which part.
  ///   - make: makes a model of a shape.
  ///   - sample: texts in batches; asked for only if something gets narrower.
  /// - Returns: the model, and the names of weights for which this one has no values.
  /// - Throws: `MismatchError` if it is no part of this model, or if this model's states are not
  ///   finite; what `sample` throws.
  package func cut(
    _ cut: TeacherCut, make: (EncoderConfiguration) -> Self, sample: () throws -> [PackedTokens]
  ) throws -> (model: Self, missing: [String]) {
    let own = encoder.configuration
    let shape = try cut.shape(of: own)
    var shallow = own
    shallow.layers = shape.layers
    // Shallow first: the states that a student of fewer layers has are those to look at.
    var wide = make(shallow)
    let missing = wide.copyWeights(from: self, layers: cut.layers ?? Array(0..<own.layers))
    guard shape != shallow else { return (wide, missing) }
    do {
      // Then the embeddings: factorised, they keep their width whatever the states become.
      if let words = cut.embeddingSize, words < own.wordWidth {
        try checkFactorisation()
        shallow.embeddingSize = words
        let factorised = make(shallow)
        try wide.factoriseEmbeddings(into: factorised)
        wide = factorised
      }
      guard shape != shallow else { return (wide, missing) }
      let narrow = make(shape)
      try wide.narrow(into: narrow, basis: cut.basis, sample: sample())
      return (narrow, missing)
    } catch let error as LAPACKError {
      let what = error.routine == "sgesdd" ? "embeddings" : "states on the training texts"
      throw MismatchError(
        .training,
        "student.from_teacher: the teacher's \(what) cannot be factorised (\(error)); look for "
          + "weights that are not finite")
    }
  }

  /// Compares what the factorisation of the embeddings takes with what there is.
  ///
  /// - Throws: `MemoryShortage`.
  private func checkFactorisation() throws {
    let c = encoder.configuration
    let rows = Double(c.vocabularySize + c.maximumPositions + c.typeVocabularySize)
    let width = Double(c.wordWidth)
    // Centred and stacked tables, the copy that is overwritten, the left vectors and a workspace;
    // and three models, each as large as the teacher at most.
    _ = try MemoryShortage.check(
      4 * (4 * rows * width + 5 * width * width + 3 * Double(parameters.count)),
      for: "factorising the teacher's embeddings",
      advice: "leave out student.from_teacher.embedding_size")
  }
}

extension SpanClassifier: NarrowableModel {
  package func narrow(
    into narrow: SpanClassifier, basis: TeacherCut.Basis, sample: [PackedTokens]
  ) throws(LAPACKError) {
    let made = try NarrowedEncoder(self, into: narrow, basis: basis, sample: sample)
    let reading = try made.reading()
    let (w, b) = (parameters.matrix(weight), parameters.matrix(bias))
    narrow.parameters.matrix(narrow.weight).copy(from: reading.weights(w))
    narrow.parameters.matrix(narrow.bias).setRow(reading.bias(b, weights: w))
  }
}

extension SequenceClassifier: NarrowableModel {
  /// The units of the dense layer are kept by what the outputs read of them.
  package func narrow(
    into narrow: SequenceClassifier, basis: TeacherCut.Basis, sample: [PackedTokens]
  ) throws(LAPACKError) {
    let made = try NarrowedEncoder(self, into: narrow, basis: basis, sample: sample)
    let c = encoder.configuration
    let units = Moments(columns: c.hiddenSize)
    let pool = BufferPool()
    for (tokens, states) in zip(sample, made.states) {
      let tape = Tape(pool: pool)
      let first = tape.gatherRows(tape.constant(states), tokens.firstTokens)
      units.add(denseUnits(first, tape: tape).value)
    }
    let (outputs, outputBias) = (parameters.matrix(weight), parameters.matrix(bias))
    let kept = Cut.largest(
      narrow.encoder.configuration.hiddenSize,
      of: NarrowedEncoder.sizes(of: units, written: outputs))
    let (reading, unitReading) = (try made.reading(), try Reading(kept, of: units))
    let (dense, denseBias) = (parameters.matrix(denseWeight), parameters.matrix(denseBias))
    let target = narrow.parameters
    target.matrix(narrow.denseWeight).copy(from: kept.rows(of: reading.weights(dense)))
    target.matrix(narrow.denseBias).setRow(
      kept.rows(of: reading.bias(denseBias, weights: dense)))
    target.matrix(narrow.weight).copy(from: unitReading.weights(outputs))
    target.matrix(narrow.bias).setRow(unitReading.bias(outputBias, weights: outputs))
  }
}

extension Matrix {
  /// Copies a column into this row.
  fileprivate func setRow(_ column: Matrix) {
    for i in 0..<column.rows { self[0, i] = column[i, 0] }
  }
}
