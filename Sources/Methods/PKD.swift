import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Patient knowledge distillation: the student's inner layers learn to agree with some of the
/// teacher's.
///
/// L = (1 - a) CE(S(x), y) + a T^2 KL(T(x)/T, S(x)/T) + b PT, where PT is the mean squared
/// difference between the L2-normalised states of the first token in pairs of layers; the student's
/// last layer is in no pair. Source: Sun, Cheng, Gan and Liu 2019 (arXiv 1908.09355), eq. 4 to 7,
/// and the authors' `src/KD_loss.py`; docs/methods/pkd.md lists every difference.
public struct PKD: Objective {
  static let description = MethodDescription(
    name: "pkd", summary: "patient distillation of first-token states (Sun et al. 2019)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: PKD.init(_:settings:))

  /// The choice of the teacher's layers.
  package enum Strategy: String, CaseIterable, Sendable {
    /// Layers of the teacher at equal distances.
    case skip
    /// The layers before the teacher's last one.
    case last
  }

  /// The method's constants; the defaults are the official code's preset.
  package struct Settings: Sendable {
    /// T of both softmaxes; the term has the factor T^2 (eq. 4).
    package var temperature: Float = 10
    /// a, the share of the teacher's logits against gold labels (eq. 5).
    package var alpha = 0.7
    /// b, the factor of PT (eq. 7).
    package var beta = 500.0
    package var strategy = Strategy.skip
    /// The teacher's layer for each of the student's but the last, in place of the strategy's.
    package var teacherLayers: [Int]?
    /// The official code divides KL by the number of classes, too (`reduction='mean'`).
    package var averagesOverClasses = false

    package init() {}

    package init(_ section: ConfigSection) throws {
      temperature = Float(
        try section.number(
          "temperature", default: 10, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence; its square is a factor.")
      )
      alpha = try section.number(
        "alpha", default: 0.7, in: 0...1,
        "Share of the teacher's logits; the gold labels have the rest.")
      beta = try section.number(
        "beta", default: 500, in: 0...1e9, "Weight of the distance of first-token states.")
      strategy = try section.choice(
        "layers", default: .skip,
        "Which of the teacher's layers are learnt: evenly spread ones, or the last ones.")
      teacherLayers = try section.optionalIntArray(
        "teacher_layers", in: .atLeast(0),
        "The teacher's layer for each of the student's but the last, in place of `layers`.")
      averagesOverClasses = try section.bool(
        "average_kd_over_classes", default: false,
        "Whether the divergence is divided by the number of classes, as in the official code.")
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  /// The teacher's layer for each of the student's layers except the last.
  package let layers: [Int]
  private let setup: DistillationSetup
  private let terms: LogitTerms
  private let beta: Double

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    beta = settings.beta
    let labels = setup.student.labels
    terms = {
      var terms = LogitTerms(ce: 1 - settings.alpha, kd: settings.alpha)
      terms.temperature = settings.temperature
      // The divergence of several labels is a mean over them already.
      if settings.averagesOverClasses, labels.problem != .severalLabels {
        terms.kd /= Double(labels.count)
      }
      return terms
    }()
    trainedModels = [setup.studentTraining]
    let (teacher, student) = setup.shapes
    try setup.requireEqualWidths(method: "pkd", compares: "states number by number")
    guard student.layers > 1, student.layers <= teacher.layers else {
      throw MismatchError(
        .method,
        "method pkd pairs the student's layers before the last one with layers of the teacher; the "
          + "student needs 2 to \(teacher.layers) layers and has \(student.layers)")
    }
    if let named = settings.teacherLayers {
      try LayerMap.check(
        named, count: student.layers - 1, teacher: teacher.layers,
        each: "layer of the student but the last")
      layers = named
    } else {
      layers =
        settings.strategy == .skip
        ? LayerMap.skip(teacher: teacher.layers, student: student.layers)
        : LayerMap.last(teacher: teacher.layers, student: student.layers)
    }
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape, setup: setup)
      func direction(_ states: [Tensor], _ layer: Int) -> Tensor {
        // The embedding output comes first.
        tape.normalizedRows(tape.gatherRows(states[layer + 1], shard.tokens.firstTokens))
      }
      let elements = Double(layers.count * setup.shapes.student.hiddenSize)
      for (layer, source) in layers.enumerated() {
        loss.add("patience_loss", weight: beta, scale: 1 / elements) {
          tape.squaredError(
            direction(student.states.hiddenStates, layer),
            direction(teacher.states.hiddenStates, source), weight: $0)
        }
      }
      tape.backward()
      return loss.scalars
    }
  }
}
