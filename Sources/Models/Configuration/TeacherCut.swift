import Configuration

/// The section `from_teacher`: the student is the teacher with fewer layers, narrower states, fewer
/// heads and fewer units. What is not named stays as it is.
public struct TeacherCut: Sendable, Equatable {
  /// How the coordinates of narrower states are found.
  public enum Basis: String, Sendable, CaseIterable {
    /// The directions in which the teacher's states vary most.
    case pca
    /// Those of the teacher's own coordinates from which the others follow best.
    case select
  }

  /// `layers`: those to keep, from 0; nil for all.
  public var layers: [Int]?
  /// `hidden_size`; nil for the teacher's.
  public var hiddenSize: Int?
  /// `embedding_size`: width of the embeddings, whose tables are factorised; nil for the teacher's.
  public var embeddingSize: Int?
  /// `num_attention_heads`; nil for as many as fit with the teacher's size of a head.
  public var attentionHeads: Int?
  /// `intermediate_size`; nil for the teacher's.
  public var intermediateSize: Int?
  /// `init`.
  public var basis: Basis
  /// `samples`: texts on which the teacher's states are looked at.
  public var samples: Int

  /// A cut; see the properties.
  public init(
    layers: [Int]? = nil, hiddenSize: Int? = nil, attentionHeads: Int? = nil,
    intermediateSize: Int? = nil, embeddingSize: Int? = nil, basis: Basis = .pca,
    samples: Int = 512
  ) {
    self.embeddingSize = embeddingSize
    self.layers = layers
    self.hiddenSize = hiddenSize
    self.attentionHeads = attentionHeads
    self.intermediateSize = intermediateSize
    self.basis = basis
    self.samples = samples
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    func size(_ key: String, _ range: ClosedRange<Int>, _ meaning: String) throws -> Int? {
      try section.optionalInt(
        key, in: .between(Double(range.lowerBound), Double(range.upperBound)), meaning)
    }
    self.init(
      layers: try ModelSource.layers(
        section, "layers", "The teacher's layers to keep, from 0; by default all."),
      hiddenSize: try size(
        "hidden_size", SizeLimits.hiddenSize,
        "Width of the student's states, at most the teacher's; by default the teacher's."),
      attentionHeads: try size(
        "num_attention_heads", SizeLimits.hiddenSize,
        "The student's heads: their size is the teacher's or a multiple of it; by default the "
          + "teacher's."),
      intermediateSize: try size(
        "intermediate_size", SizeLimits.intermediateSize,
        "Width of the student's feed-forward layer, at most the teacher's; by default the "
          + "teacher's."),
      embeddingSize: try size(
        "embedding_size", SizeLimits.hiddenSize,
        "Width of the student's embeddings, at most the teacher's, for ELECTRA: its tables are the "
          + "teacher's, factorised by singular values; by default the teacher's."),
      basis: try section.choice(
        "init", default: .pca,
        "What narrower states are made of: principal directions of the teacher's, or a selection "
          + "of its coordinates."),
      samples: try section.int(
        "samples", default: 512, in: 1...1_000_000,
        "Training texts on which the teacher's states are looked at, drawn by the seed."))
    try section.finish()
  }

  /// The shape of the student.
  ///
  /// - Throws: `MismatchError` if it is no part of the teacher's.
  package func shape(of teacher: EncoderConfiguration) throws -> EncoderConfiguration {
    var shape = teacher
    let layers = layers ?? Array(0..<teacher.layers)
    if let wrong = layers.first(where: { $0 >= teacher.layers }) {
      throw MismatchError(
        .shape,
        "student.from_teacher.layers names layer \(wrong), but the teacher has layers 0 to "
          + "\(teacher.layers - 1)")
    }
    shape.layers = layers.count
    shape.hiddenSize = try Self.atMost(teacher.hiddenSize, hiddenSize, "hidden_size")
    shape.intermediateSize = try Self.atMost(
      teacher.intermediateSize, intermediateSize, "intermediate_size")
    shape.embeddingSize = try embeddings(of: teacher, states: shape.hiddenSize)
    let size = teacher.hiddenSize / max(1, teacher.attentionHeads)
    shape.attentionHeads = attentionHeads ?? max(1, shape.hiddenSize / max(1, size))
    let heads = shape.attentionHeads
    guard shape.hiddenSize % heads == 0, shape.hiddenSize / heads % max(1, size) == 0 else {
      throw MismatchError(
        .shape,
        "student.from_teacher: num_attention_heads \(heads) does not fit hidden_size "
          + "\(shape.hiddenSize); heads are kept whole or joined, so their number times the "
          + "teacher's \(size), or a multiple of it, has to be the width")
    }
    return shape
  }

  /// The width of the student's embeddings; nil for that of its states.
  private func embeddings(of teacher: EncoderConfiguration, states: Int) throws -> Int? {
    if let embeddingSize, teacher.family.description.keys.embeddingSize == nil {
      throw MismatchError(
        .shape,
        "student.from_teacher.embedding_size is \(embeddingSize), but the teacher's family "
          + "\(teacher.family.rawValue) has no embeddings of another width than its states; leave "
          + "it out")
    }
    let hasLayer = teacher.wordWidth != teacher.hiddenSize
    guard let embeddingSize else {
      guard !hasLayer || teacher.wordWidth != states else {
        throw MismatchError(
          .shape,
          "student.from_teacher.hidden_size is \(states), the width of the teacher's "
            + "embeddings, which would leave no place for the layer between them; take another "
            + "width"
        )
      }
      return teacher.embeddingSize
    }
    let words = try Self.atMost(teacher.wordWidth, embeddingSize, "embedding_size")
    let isWhole = words == teacher.wordWidth
    if isWhole, !hasLayer, states == words { return nil }
    guard words != states, hasLayer || !isWhole else {
      throw MismatchError(
        .shape,
        "student.from_teacher.embedding_size is \(words) and the states are \(states) wide, where "
          + "the teacher has \(teacher.wordWidth) and \(teacher.hiddenSize): factorised embeddings "
          + "need a layer between them and the states, so take a smaller embedding_size")
    }
    guard isWhole || words > 1 else {
      throw MismatchError(
        .shape,
        "student.from_teacher.embedding_size is 1, of which LayerNorm leaves nothing; take 2 or "
          + "more"
      )
    }
    return words
  }

  private static func atMost(_ limit: Int, _ wanted: Int?, _ key: String) throws -> Int {
    guard let wanted, wanted > limit else { return wanted ?? limit }
    throw MismatchError(
      .shape,
      "student.from_teacher.\(key) is \(wanted), but the teacher has only \(limit); a student cut "
        + "from it cannot have more")
  }
}
