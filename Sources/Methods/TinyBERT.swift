import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// TinyBERT's task stage: first the student learns the teacher's attention and states layer by
/// layer, then its logits.
///
/// Step 1: L = w_att sum_m MSE(A^S_m, A^T_g(m)) + w_hid sum_m MSE(W H^S_m, H^T_g(m)), with
/// attention scores A before the softmax, the embedding output as layer 0, and one linear map W for
/// all layers. Step 2: L = w_kd D(T(x), S(x)) + w_ce CE(S(x), y). Both steps are one run: the last
/// `prediction_steps_fraction` of the student's updates are step 2. The texts of step 1, or of
/// both, may have replaced words (`TextAugmentation`), as the official ones have. Source: Jiao et
/// al. 2020 (arXiv 1909.10351), eq. 6 to 11, and the authors' `task_distill.py`;
/// docs/methods/tinybert.md lists every difference.
public struct TinyBERT: Objective {
  static let description = MethodDescription(
    name: "tinybert",
    summary: "attention scores and states of all layers, then logits (Jiao et al. 2020)",
    generatorUse: {
      ($0.value(of: "augmentation")?.string ?? "none") == "none" ? .nothing : .needed
    },
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: TinyBERT.init(_:settings:))

  /// When the student's states go through the map W.
  package enum WidthMap: String, CaseIterable, Sendable {
    /// Only if the models' widths differ.
    case ifWidthsDiffer = "if-widths-differ"
    /// Always, as in the official code.
    case always
  }

  /// What the student reads.
  package enum Texts: String, CaseIterable, Sendable {
    /// The training texts.
    case none
    /// Texts with replaced words.
    case joint, official
  }

  /// What step 2 of a regression learns.
  package enum RegressionTarget: String, CaseIterable, Sendable {
    /// The gold scores, as in the official code.
    case gold
    /// The teacher's scores.
    case teacher
  }

  /// The method's constants; the defaults are the official code's where it has them.
  package struct Settings: Sendable {
    /// w_att (eq. 7) and w_hid (eq. 8).
    package var attention = 1.0
    package var hidden = 1.0
    /// Step 2 (eq. 10): the paper's cross-entropy without gold labels, without the factor T^2.
    package var terms = {
      var terms = LogitTerms(ce: 0, kd: 1)
      terms.divergence = .ce
      terms.squaredTemperature = false
      return terms
    }()
    /// Share of the student's updates that belong to step 2. With 0 or 1 there is only one step.
    /// The official epochs on SST-2, 10 and 3, make 0.23.
    package var predictionFraction = 0.25
    /// g as the index of a layer for each of the student's layers; nil for uniform blocks.
    package var teacherLayers: [Int]?
    package var widthMap = WidthMap.ifWidthsDiffer
    package var regressionTarget = RegressionTarget.gold
    /// Nil for the training texts as they are.
    package var augmentation: TextAugmentation.Settings?
    /// Whether step 2, too, reads augmented texts, as in the official runs.
    package var augmentsPrediction = false
    /// Where W begins.
    package var projectionStart = ProjectionStart.random

    package init() {}

    package init(_ section: ConfigSection) throws {
      predictionFraction = try section.number(
        "prediction_steps_fraction", default: 0.25, in: 0...1,
        "Share of the student's updates, the last ones, that learn outputs rather than layers.")
      teacherLayers = try section.optionalIntArray(
        "teacher_layers", in: .atLeast(0),
        "The teacher's layer for each of the student's, from 0; by default evenly spread.")
      widthMap = try section.choice(
        "width_map", default: .ifWidthsDiffer,
        "When the student's states go through a linear map before they are compared.")
      projectionStart = try ProjectionStart(section)
      regressionTarget = try section.choice(
        "regression_target", default: .gold,
        "What outputs learn in a regression: gold scores or the teacher's.")
      let texts: Texts = try section.choice(
        "augmentation", default: Texts.none,
        "Whether step 1 reads texts with replaced words, and how these are made: as in "
          + "tinybert-augmentation.")
      if let form = TextAugmentation.Form(rawValue: texts.rawValue) {
        augmentation = try TextAugmentation.Settings(section, form: form)
        augmentsPrediction = try section.bool(
          "augment_prediction", default: false,
          "Whether step 2 reads texts with replaced words, too, as in the official runs.")
      }
      try section.lossWeights { weights in
        attention = try weights.number(
          "attention", default: 1, in: 0...1e6, "Weight of the distance of attention scores.")
        hidden = try weights.number(
          "hidden", default: 1, in: 0...1e6, "Weight of the distance of hidden states.")
        terms = try terms.reading(section, weights: weights)
      }
    }
  }

  /// The student, with the map if there is one.
  public let trainedModels: [TrainedModel]
  /// Updates of step 1.
  package let intermediateSteps: Int
  /// W.
  package let map: Projections?
  /// g.
  package let layers: [Int]
  private let setup: DistillationSetup
  private let settings: Settings
  private let augmentation: TextAugmentation?

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    var settings = settings
    if setup.student.labels.isRegression, settings.regressionTarget == .gold {
      settings.terms.ce += settings.terms.kd
      settings.terms.kd = 0
    }
    self.settings = settings
    augmentation = try settings.augmentation.map {
      try TextAugmentation(setup, settings: $0, method: "tinybert")
    }
    let predictionSteps = settings.predictionFraction * Double(setup.totalSteps)
    intermediateSteps = setup.totalSteps - Int(predictionSteps.rounded())
    let (teacher, student) = setup.shapes
    var training = setup.studentTraining
    var map: Projections?
    var layers: [Int] = []
    if intermediateSteps > 0 {
      layers = try Self.layers(settings, teacher: teacher.layers, student: student.layers)
      if settings.attention > 0 {
        try setup.requireEqualHeads(
          method: "tinybert", remedy: "give both equally many, or set loss_weights.attention to 0")
      }
      if settings.hidden > 0,
        settings.widthMap == .always || teacher.hiddenSize != student.hiddenSize
      {
        map = Projections(
          [("width_map", inputs: student.hiddenSize, outputs: teacher.hiddenSize)],
          seed: setup.seed)
      }
    }
    training.companions = map?.parameters
    self.map = map
    self.layers = layers
    trainedModels = [training]
    if let map {
      try setup.fit(map, settings.projectionStart) { teacher, student, _, _ in
        zip(student.hiddenStates, [0] + layers.map { $0 + 1 }).map { own, layer in
          MappedRows(map: 0, inputs: own, targets: teacher.hiddenStates[layer])
        }
      }
    }
  }

  private static func layers(_ settings: Settings, teacher: Int, student: Int) throws -> [Int] {
    if let named = settings.teacherLayers {
      try LayerMap.check(named, count: student, teacher: teacher, each: "layer of the student")
      return named
    }
    if let uniform = LayerMap.uniform(teacher: teacher, student: student) { return uniform }
    throw MismatchError(
      .method,
      "method tinybert pairs each of the student's \(student) layers with one of equally many "
        + "blocks of the teacher's \(teacher), which cannot be split evenly; name a layer for "
        + "each in method.teacher_layers")
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let isPrediction = step.batchNumber >= intermediateSteps
    guard let augmentation, !isPrediction || settings.augmentsPrediction else {
      return try step.forEachShard { shard, tape in
        isPrediction
          ? predictionLoss(step, shard, tape)
          : intermediateLoss(step, shard.tokens, tape)
      }
    }
    let sums = try step.forEachShard { shard, tape in
      let (texts, counts) = augmentation.texts(shard, step: step, tape: tape)
      var scalars =
        isPrediction
        ? predictionLoss(step, shard, tape, augmented: texts) : intermediateLoss(step, texts, tape)
      scalars.add(counts)
      return scalars
    }
    return TextAugmentation.rates(step, sums)
  }

  /// Step 2; there may be only one step.
  public func isInLastStage(batch: Int) -> Bool {
    batch >= intermediateSteps || intermediateSteps == setup.totalSteps
  }

  /// Step 1: attention scores and states.
  private func intermediateLoss(_ step: StepContext, _ tokens: PackedTokens, _ tape: Tape)
    -> Scalars
  {
    func encode(_ model: SequenceClassifier, training: Bool) -> Encoder.Output {
      model.encoder.encode(
        tokens, parameters: model.parameters, tape: tape, training: training,
        keepsHiddenStates: true)
    }
    let student = encode(setup.student, training: true)
    let teacher = encode(setup.teacher, training: false)
    var loss = LossTerms(step)
    if settings.attention > 0 {
      let layout = AttentionLayout(offsets: tokens.offsets)
      let heads = setup.shapes.student.attentionHeads
      for (own, layer) in zip(student.projections, layers) {
        loss.add("attention_loss", weight: settings.attention) {
          tape.attentionScoreError(
            student: own, teacher: teacher.projections[layer], layout: layout, heads: heads,
            weight: $0)
        }
      }
    }
    if settings.hidden > 0 {
      // The embedding output is layer 0 of both.
      for (own, layer) in zip(student.hiddenStates, [0] + layers.map { $0 + 1 }) {
        loss.add("hidden_loss", weight: settings.hidden) {
          tape.meanSquaredError(
            map?.apply(0, to: own, tape: tape) ?? own, teacher.hiddenStates[layer],
            offsets: tokens.offsets, weight: $0)
        }
      }
    }
    tape.backward()
    return loss.scalars
  }

  /// Step 2: logits.
  ///
  /// - Parameter augmented: what the models read in place of the shard's texts.
  private func predictionLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, augmented: PackedTokens? = nil
  ) -> Scalars {
    var loss = LossTerms(step)
    let teacher =
      augmented.map { setup.teacher.logits($0, tape: tape, training: false) }
      ?? setup.teacherCache.logits(for: shard, tape: tape)
    loss.add(
      settings.terms,
      student: setup.student.logits(augmented ?? shard.tokens, tape: tape, training: true),
      teacher: teacher, of: shard, on: tape, setup: setup)
    tape.backward()
    return loss.scalars
  }
}
