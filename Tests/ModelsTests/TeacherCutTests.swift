import Autograd
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// Students that are a part of their teacher (`student.from_teacher`).
@Suite struct TeacherCutTests {
  private func logits(_ model: SequenceClassifier, _ tokens: PackedTokens) -> [Float] {
    model.logits(tokens, tape: Tape(pool: poisonedPool()), training: false).value.values
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Double { deviation(a, b.map(Double.init)) }

  private func golden() throws -> JSONValue {
    let path = TestFiles.golden("teacher-cut.json")
    return try StrictJSON.parse(TestFiles.bytes(path), file: path)
  }

  /// Against a second implementation (scripts/goldens/teacher_cut.py).
  ///
  /// The golden's sensitivity is what one rounding in every weight changes. Each of the roundings
  /// on a way through the teacher, the factorisations (LinearAlgebraTests) and the student changes
  /// no more.
  @Test func logitsOfStudents() throws {
    let golden = try ModelGolden("bert-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    let cases = try self.golden()["cases"]?.array ?? []
    #expect(cases.count == 5)
    for one in cases {
      let cut = TeacherCut(
        hiddenSize: one["hidden_size"]?.int, attentionHeads: one["num_attention_heads"]?.int,
        intermediateSize: one["intermediate_size"]?.int,
        basis: try #require(TeacherCut.Basis(rawValue: one["init"]?.string ?? "")))
      let (student, missing) = try teacher.cut(
        cut, make: { SequenceClassifier($0, labels: teacher.labels) }, sample: { [tokens] })
      #expect(missing.isEmpty)
      let expected = one["logits"]?.numbers("values") ?? []
      let roundings = Double(2 * Network.ofFamilies.forward + 10 * 36 * 36)
      let error = deviation(logits(student, tokens), expected)
      #expect(error <= roundings * one.number("sensitivity"), "\(cut): \(error)")
      #expect(distance(logits(teacher, tokens), expected.map { Float($0) }) > error)
    }
  }

  /// Whole batches and single texts are the same sample.
  @Test func batchesDoNotMatter() throws {
    let golden = try ModelGolden("bert-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    func student(_ sample: [PackedTokens]) throws -> [Float] {
      let cut = TeacherCut(hiddenSize: 24, basis: .select)
      let made = try teacher.cut(
        cut, make: { SequenceClassifier($0, labels: teacher.labels) }, sample: { sample })
      return logits(made.model, tokens)
    }
    let cases = try self.golden()["cases"]?.array ?? []
    let sensitivity =
      cases.first { $0["init"]?.string == "select" }?.number("sensitivity") ?? .nan
    let (whole, split) = (
      try student([tokens]), try student((0..<tokens.count).map { tokens.texts(at: [$0]) })
    )
    #expect(
      distance(whole, split)
        <= 2 * Double(2 * Network.ofFamilies.forward + 10 * 36 * 36) * sensitivity)
    #expect(whole == (try student([tokens])))
  }

  /// A basis has no signs of its own: the largest number of each direction is positive, so that the
  /// same states give the same student whatever LAPACK answers.
  @Test func directionsHaveTheirSigns() throws {
    let golden = try ModelGolden("bert-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    let (student, _) = try teacher.cut(
      TeacherCut(hiddenSize: 24), make: { SequenceClassifier($0, labels: teacher.labels) },
      sample: { [tokens] })
    // The student's table is T E^T, and T has full rank.
    let basis = try Kernel.leastSquares(
      teacher.parameters.matrix(teacher.encoder.words),
      student.parameters.matrix(student.encoder.words))
    for direction in 0..<24 {
      let numbers = (0..<basis.rows).map { basis[$0, direction] }
      #expect((numbers.max { abs($0) < abs($1) } ?? 0) > 0, "\(direction)")
    }
  }

  /// Where nothing gets narrower, weights are copied to the bit.
  @Test(arguments: ModelFamily.allCases)
  func nothingIsCut(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let (student, missing) = try teacher.cut(
      TeacherCut(), make: { SequenceClassifier($0, labels: teacher.labels) },
      sample: {
        Issue.record("no texts are needed")
        return []
      })
    #expect(missing.isEmpty && student.encoder.configuration == teacher.encoder.configuration)
    #expect(
      student.parameters.buffer.withFloats(Array.init)
        == teacher.parameters.buffer.withFloats(Array.init))
  }

  /// The whole way, with nothing cut. Every fitted LayerNorm is off by at most the error of the
  /// states that it is fitted to, whose spread is 1 before its gain.
  @Test(arguments: ModelFamily.allCases)
  func narrowingByNothing(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    for basis in TeacherCut.Basis.allCases {
      let same = SequenceClassifier(teacher.encoder.configuration, labels: teacher.labels)
      try teacher.narrow(into: same, basis: basis, sample: [tokens])
      let norms = 2 * teacher.encoder.configuration.layers + 2
      let error = distance(logits(same, tokens), logits(teacher, tokens))
      #expect(error <= Double(norms) * Network.ofFamilies.values(evaluations: 2), "\(error)")
    }
  }

  /// Half the teacher is closer to it than a model that always says the mean.
  @Test(arguments: ModelFamily.allCases)
  func narrowStudentsFollowTheirTeacher(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-qa")
    let (teacher, _) = try ModelFolder(golden.folder).spanClassifier(seed: 1)
    let tokens = try golden.tokens()
    func logits(_ model: SpanClassifier) -> [Double] {
      model.logits(tokens, tape: Tape(pool: poisonedPool()), training: false).value.values
        .map(Double.init)
    }
    let c = teacher.encoder.configuration
    let size = c.hiddenSize / c.attentionHeads
    for basis in TeacherCut.Basis.allCases {
      let cut = TeacherCut(
        hiddenSize: c.hiddenSize - size, intermediateSize: c.intermediateSize / 2, basis: basis)
      let (student, missing) = try teacher.cut(
        cut, make: SpanClassifier.init, sample: { [tokens] })
      #expect(missing.isEmpty)
      #expect(student.encoder.configuration.attentionHeads == c.attentionHeads - 1)
      #expect(student.encoder.configuration.embeddingSize == c.embeddingSize)
      let (found, wanted) = (logits(student), logits(teacher))
      let mean = wanted.reduce(0, +) / Double(wanted.count)
      let rest = zip(found, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      #expect(rest < wanted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }, "\(basis)")
    }
  }

  static let misfits: [(TeacherCut, String)] = [
    (
      TeacherCut(layers: [0, 3]),
      "student.from_teacher.layers names layer 3, but the teacher has layers 0 to 2"
    ),
    (
      TeacherCut(hiddenSize: 48),
      "student.from_teacher.hidden_size is 48, but the teacher has only 36; a student cut from it "
        + "cannot have more"
    ),
    (
      TeacherCut(intermediateSize: 73),
      "student.from_teacher.intermediate_size is 73, but the teacher has only 72; a student cut "
        + "from it cannot have more"
    ),
    (
      TeacherCut(hiddenSize: 18),
      "student.from_teacher: num_attention_heads 1 does not fit hidden_size 18; heads are kept "
        + "whole or joined, so their number times the teacher's 12, or a multiple of it, has to be "
        + "the width"
    ),
    (
      TeacherCut(hiddenSize: 24, attentionHeads: 4),
      "student.from_teacher: num_attention_heads 4 does not fit hidden_size 24; heads are kept "
        + "whole or joined, so their number times the teacher's 12, or a multiple of it, has to be "
        + "the width"
    ),
  ]

  @Test(arguments: 0..<misfits.count)
  func whatIsNoPartOfTheTeacher(_ number: Int) throws {
    let (cut, message) = Self.misfits[number]
    let golden = try ModelGolden("bert-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    #expect {
      try teacher.cut(
        cut, make: { SequenceClassifier($0, labels: teacher.labels) }, sample: { [] })
    } throws: { "\($0)" == message }
  }

  @Test func embeddingsNeedAPlaceOfTheirOwn() throws {
    let golden = try ModelGolden("electra-classifier")
    let shape = try ModelFolder(golden.folder).classifier(seed: 1).0.encoder.configuration
    #expect(throws: MismatchError.self) {
      try TeacherCut(hiddenSize: shape.wordWidth).shape(of: shape)
    }
  }

  /// ELECTRA's tables factorised, against numpy and transformers (scripts/goldens/factorised.py).
  ///
  /// The golden's sensitivity is what one rounding in every weight changes. The factorisation of
  /// tables of width E makes at most 10 E^2 (LinearAlgebraTests), and three products more.
  @Test func factorisedEmbeddings() throws {
    let golden = try ModelGolden("electra-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    let path = TestFiles.golden("factorised.json")
    let json = try StrictJSON.parse(TestFiles.bytes(path), file: path)
    let cases = try #require(json["cases"]?.array)
    #expect(cases.count == 4)
    let wide = teacher.encoder.configuration.wordWidth
    let whole = logits(teacher, tokens)
    for one in cases {
      let width = try #require(one["embedding_size"]?.int)
      var shape = teacher.encoder.configuration
      shape.embeddingSize = width
      let student = SequenceClassifier(shape, labels: teacher.labels)
      try teacher.factoriseEmbeddings(into: student)
      let expected = one["logits"]?.numbers("values") ?? []
      let roundings = Double(Network.ofFamilies.forward + 10 * wide * wide + 3 * wide)
      let bound = roundings * one.number("sensitivity")
      let error = deviation(logits(student, tokens), expected)
      #expect(error <= bound, "\(width): \(error)")
      // With all directions, and only then, the student is the teacher.
      #expect((distance(logits(student, tokens), whole) <= 2 * bound) == (width == wide))
      // The whole way, which copies what is not cut.
      let (cut, missing) = try teacher.cut(
        TeacherCut(embeddingSize: width),
        make: { SequenceClassifier($0, labels: teacher.labels) }, sample: { [] })
      #expect(missing.isEmpty && cut.encoder.configuration == shape)
      #expect(logits(cut, tokens) == (width == wide ? whole : logits(student, tokens)))
    }
  }

  /// A teacher without a layer behind its embeddings: with tables of a low rank nothing is lost.
  @Test func embeddingsAsWideAsTheStates() throws {
    var shape = EncoderConfiguration(
      family: .electra, vocabularySize: 40, hiddenSize: 24, layers: 1, attentionHeads: 2,
      intermediateSize: 30)
    shape.maximumPositions = 12
    let labels = LabelSet(names: ["a", "b"])
    let teacher = SequenceClassifier(shape, labels: labels)
    teacher.initialize(seed: 3)
    // Rows of five directions, scaled up so that LayerNorm's epsilon is nothing beside them.
    let directions = Matrix(zeros: 5, 24)
    Kernel.fillNormal(directions, standardDeviation: 1, seed: 4, site: .projection(0))
    for (index, name) in ["word", "position", "token_type"].enumerated() {
      let entry = try #require(
        teacher.parameters.entry(named: "electra.embeddings.\(name)_embeddings.weight"))
      let table = teacher.parameters.matrix(entry.slot)
      let factors = Matrix(zeros: table.rows, 5)
      Kernel.fillNormal(factors, standardDeviation: 1, seed: 5, site: .projection(index))
      Kernel.gemm(factors, .none, directions, .none, into: table)
    }
    for name in ["weight", "bias"] {
      let entry = try #require(
        teacher.parameters.entry(named: "electra.embeddings.LayerNorm.\(name)"))
      Kernel.fillNormal(
        teacher.parameters.matrix(entry.slot), standardDeviation: 1, seed: 6, site: .projection(0))
    }
    let tokens = PackedTokens(
      ids: [2, 7, 30, 3, 2, 9, 3], typeIDs: [0, 0, 1, 1, 0, 0, 0], offsets: [0, 4, 7])
    func student(_ width: Int) throws -> SequenceClassifier {
      try teacher.cut(
        TeacherCut(embeddingSize: width), make: { SequenceClassifier($0, labels: labels) },
        sample: { [] }
      ).model
    }
    let whole = logits(teacher, tokens)
    // Five directions and one for the mean.
    let (enough, less) = (try student(6), try student(5))
    #expect(enough.encoder.configuration.embeddingSize == 6)
    // The directions are found to within 10 E^2 roundings of the largest of five singular values,
    // and the smallest is at least a tenth of it.
    let bound = Roundings.gamma(10 * (Network.ofFamilies.forward + 10 * 24 * 24), evaluations: 2)
    let error = distance(logits(enough, tokens), whole)
    #expect(error <= bound, "\(error) \(bound)")
    #expect(distance(logits(less, tokens), whole) > 100 * error)
  }

  /// Narrower embeddings and narrower states.
  @Test func factorisedAndNarrow() throws {
    let golden = try ModelGolden("electra-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    let (student, missing) = try teacher.cut(
      TeacherCut(layers: [0, 2], hiddenSize: 24, embeddingSize: 10),
      make: { SequenceClassifier($0, labels: teacher.labels) }, sample: { [tokens] })
    let shape = student.encoder.configuration
    #expect(missing.isEmpty && shape.hiddenSize == 24 && shape.wordWidth == 10)
    let allAreFinite = logits(student, tokens).allSatisfy { $0.isFinite }
    #expect(allAreFinite)
  }

  static let embeddingMisfits: [(family: ModelFamily, TeacherCut, String)] = [
    (.bert, TeacherCut(embeddingSize: 8), "family bert has no embeddings of another width"),
    (.electra, TeacherCut(embeddingSize: 21), "is 21, but the teacher has only 20"),
    (.electra, TeacherCut(embeddingSize: 1), "is 1, of which LayerNorm leaves nothing"),
    (
      .electra, TeacherCut(hiddenSize: 12, embeddingSize: 12),
      "embedding_size is 12 and the states are 12 wide, where the teacher has 20 and 36"
    ),
  ]

  @Test(arguments: 0..<embeddingMisfits.count)
  func embeddingsThatCannotBeFactorised(_ number: Int) throws {
    let (family, cut, message) = Self.embeddingMisfits[number]
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let shape = try ModelFolder(golden.folder).classifier(seed: 1).0.encoder.configuration
    #expect { try cut.shape(of: shape) } throws: { "\($0)".contains(message) }
  }

  @Test func embeddingsThatAreNotFinite() throws {
    let golden = try ModelGolden("electra-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    teacher.parameters.matrix(teacher.encoder.words)[3, 0] = .nan
    #expect {
      try teacher.cut(
        TeacherCut(embeddingSize: 8), make: { SequenceClassifier($0, labels: teacher.labels) },
        sample: { [] })
    } throws: { "\($0)".contains("embeddings cannot be factorised (sgesdd: the matrix has a ") }
  }

  @Test func statesThatAreNotFinite() throws {
    let golden = try ModelGolden("bert-classifier")
    let (teacher, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let tokens = try golden.tokens()
    teacher.parameters.buffer.withFloats { $0[0] = .infinity }
    let word = PackedTokens(ids: [0, 1], typeIDs: [0, 0], offsets: [0, 2])
    #expect {
      try teacher.cut(
        TeacherCut(hiddenSize: 24), make: { SequenceClassifier($0, labels: teacher.labels) },
        sample: { [tokens, word] })
    } throws: { "\($0)".contains("(ssyevd: the matrix has a number that is NaN or infinite)") }
  }
}
