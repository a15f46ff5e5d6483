import Autograd
import Configuration
import Models
import Trainers

/// CoDIR: logit distillation plus contrastive distillation of intermediate states, with banks of
/// every training text's vectors.
///
/// L = w_ce CE(S(x), y) + w_kd T^2 KL(softmax(T(x)/T) || softmax(S(x)/T)) + w_c N(x). N is
/// noise-contrastive estimation in its binary form: the student's vector of a text has to recognise
/// the teacher's vector of the same text among those of texts with another label, and the other way
/// round. Source: Sun et al. 2020 (arXiv 2009.14167) and the authors' code for fine-tuning;
/// docs/methods/codir.md lists every difference. This is not CILDA's loss: each pair is judged on
/// its own instead of by a softmax over the batch, and it is compared with remembered vectors,
/// including its own.
public struct CoDIR: Objective {
  static let description = MethodDescription(
    name: "codir",
    summary: "logits and intermediate states by contrast with a memory bank (Sun et al. 2020)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: CoDIR.init(_:settings:))

  /// The method's constants. The defaults are those of the authors' code, except for `contrastive`.
  package struct Settings: Sendable {
    package var pooling = Pooling.first
    /// The teacher's layers, counted from 0; nil takes as many as the student has, evenly spaced
    /// from the first one on.
    package var teacherLayers: [Int]?
    /// Width of the vectors.
    package var width = 128
    /// K: false candidates of a text.
    package var negatives = 100
    /// Divides the dot products of vectors.
    package var contrastiveTemperature: Float = 0.07
    /// Share of the old vector when a bank takes a new one.
    package var momentum: Float = 0.5
    package var terms = LogitTerms(ce: 0.5, kd: 0.5)
    /// Our choice: the argument of the authors' code (`crd_weight`) is 0.0 by default, which
    /// switches the term off, and the value of their runs is not known.
    package var contrastive = 0.1

    /// Where the student's map begins.
    package var projectionStart = ProjectionStart.random

    package init() { terms.temperature = 2 }

    package init(_ section: ConfigSection) throws {
      self.init()
      pooling = try Pooling(section, default: .first)
      teacherLayers = try section.optionalIntArray(
        "teacher_layers", in: .atLeast(0),
        "The teacher's layers, from 0; by default as many as the student's, evenly spread.")
      width = try Projections.width(section)
      projectionStart = try ProjectionStart(section)
      negatives = try section.int(
        "negatives", default: 100, in: 1...1_000_000,
        "False candidates of a text, drawn from the memory bank.")
      contrastiveTemperature = Float(
        try section.number(
          "contrastive_temperature", default: 0.07, in: 0.01...1000,
          "What products of vectors are divided by in the contrastive term."))
      momentum = Float(
        try section.number(
          "bank_momentum", default: 0.5, in: 0...1,
          "Share of the old vector when the memory bank takes a new one."))
      try section.lossWeights { weights in
        terms = try terms.reading(section, weights: weights)
        contrastive = try weights.number(
          "contrastive", default: contrastive, in: 0...1e6, "Weight of the contrastive term.")
      }
    }
  }

  /// The student, and with it the two maps.
  public let trainedModels: [TrainedModel]
  /// The maps: first that of the teacher's layers, then that of the student's.
  package let projections: Projections
  /// The vectors of all training texts.
  public var memory: [any StatePart] { [banks] }
  /// The vectors of all training texts.
  package let banks: VectorBanks
  /// The teacher's layers.
  package let teacherLayers: [Int]
  private let setup: DistillationSetup
  private let settings: Settings

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    let teacher = setup.teacher.encoder.configuration
    let student = setup.student.encoder.configuration
    self.setup = setup
    self.settings = settings
    let every = max(1, teacher.layers / max(1, student.layers))
    teacherLayers =
      settings.teacherLayers
      ?? Array(stride(from: 0, to: teacher.layers, by: every).prefix(student.layers))
    if teacherLayers.isEmpty || teacherLayers.contains(where: { $0 >= teacher.layers }) {
      throw MismatchError(
        .method,
        "method.teacher_layers must name layers of the teacher, 0 to \(teacher.layers - 1)")
    }
    projections = Projections(
      [
        ("teacher", teacherLayers.count * teacher.hiddenSize, settings.width),
        ("student", student.layers * student.hiddenSize, settings.width),
      ], seed: setup.seed)
    banks = try VectorBanks(
      rows: setup.trainingRows, classes: setup.trainingClasses, width: settings.width,
      seed: setup.seed)
    var training = setup.studentTraining
    training.companions = projections.parameters
    trainedModels = [training]
    try setup.fit(projections, settings.projectionStart) { teacher, student, tokens, tape in
      [
        MappedRows(
          map: 1, inputs: tape.pooled(student, of: tokens, by: settings.pooling),
          targets: projections.apply(
            0,
            to: tape.pooled(teacher, layers: teacherLayers, of: tokens, by: settings.pooling),
            tape: tape))
      ]
    }
  }

  /// One batch; scalars as the method logs them. The banks take its vectors.
  public func loss(_ step: StepContext) throws -> Scalars {
    let rows = step.rows
    return try loss(
      step,
      candidates: rows.enumerated().map { place, row in
        [row]
          + banks.negatives(
            of: row, count: settings.negatives, seed: step.seed, draw: step.drawNumber, place: place
          )
      })
  }

  /// One batch with given candidates: rows of the data set for every text of the batch in its
  /// order, the text's own row first, then the false ones; equally many for each.
  package func loss(_ step: StepContext, candidates: [[Int]]) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        settings.terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape,
        setup: setup)
      func vectors(_ output: Encoder.Output, layers: [Int]?, map: Int) -> Tensor {
        let pooled = tape.pooled(output, layers: layers, of: shard.tokens, by: settings.pooling)
        return tape.normalizedRows(projections.apply(map, to: pooled, tape: tape))
      }
      return ShardFeatures(
        scalars: loss.scalars,
        features: [
          vectors(teacher.states, layers: teacherLayers, map: 0),
          vectors(student.states, layers: nil, map: 1),
        ])
    } joint: { tape, features in
      var loss = LossTerms(step)
      // The student's vectors search the teacher's bank, and the other way round.
      for (anchor, bank) in [
        (features[1], VectorBanks.Side.teacher), (features[0], VectorBanks.Side.student),
      ] {
        let remembered = banks.remembered(candidates.joined(), of: bank, pool: tape.pool)
        let shift = banks.shift(
          of: bank, anchors: anchor.value, candidates: remembered,
          temperature: settings.contrastiveTemperature)
        loss.add("contrastive_loss", weight: settings.contrastive, scale: 0.5) {
          tape.noiseContrastive(
            anchor, candidates: remembered, temperature: settings.contrastiveTemperature,
            shift: shift, weight: $0)
        }
      }
      banks.take(
        teacher: features[0].value, student: features[1].value, rows: candidates.map { $0[0] },
        momentum: settings.momentum)
      return loss.scalars
    }
  }
}
