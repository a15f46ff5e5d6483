import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Distillation on texts that are vectors: teacher and student see the same ones in place of their
/// words' embeddings.
///
/// L = w_kd T^2 D(softmax(T(e)/T), softmax(S(e)/T)) + w_pt PT, PT the mean over pairs of layers of the
/// squared distance between the normalised states of the first token (PKD's patience loss, Sun et
/// al. 2019, as a sum over the width). Each is averaged over texts.
package struct VectorDistillation: Sendable {
  /// Its constants.
  package struct Settings: Sendable {
    /// `temperature` of both softmaxes.
    package var temperature: Float = 1
    /// `multiply_by_temperature_squared`
    package var squaredTemperature = true
    /// `divergence`
    package var divergence = Kernel.Divergence.kl
    /// `loss_weights.kd`
    package var weight = 1.0
    /// `loss_weights.patience`; 0 leaves the layers alone.
    package var patienceWeight = 0.0
    /// `patience_layers`: for each layer of the student but the last the teacher's, from 0; nil spreads
    /// them evenly.
    package var patienceLayers: [Int]?

    package init() {}

    /// Reads the keys; `weights` is the method's `loss_weights`, which the caller finishes.
    package init(_ section: ConfigSection, weights: ConfigSection, temperature: Double) throws {
      self.temperature = Float(
        try section.number(
          "temperature", default: temperature, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence."))
      squaredTemperature = try section.bool(
        "multiply_by_temperature_squared", default: true,
        "Whether the divergence is multiplied by the square of `temperature`.")
      divergence = try section.choice(
        "divergence", default: .kl,
        "KL divergence, or cross-entropy with the teacher's probabilities.")
      weight = try weights.number("kd", default: 1, in: 0...1e6, "Weight of the teacher's outputs.")
      patienceWeight = try weights.number(
        "patience", default: 0, in: 0...1e6,
        "Weight of the distance of first-token states; 0 leaves the layers alone.")
      patienceLayers = try section.optionalIntArray(
        "patience_layers", in: .atLeast(0),
        "The teacher's layer for each of the student's but the last; by default evenly spread."
      )
    }
  }

  package let settings: Settings
  private let teacher, student: SequenceClassifier
  /// The teacher's layer for each layer of the student but the last.
  package let layers: [Int]

  /// Distillation between two models of one width. The student's word embeddings become the
  /// teacher's: what it learns from vectors in the teacher's space would mean nothing in another.
  ///
  /// - Throws: `MismatchError` if the models' shapes or `patience_layers` do not fit.
  package init(_ setup: DistillationSetup, settings: Settings, method: String) throws {
    self.settings = settings
    teacher = setup.teacher
    student = setup.student
    let (t, s) = (teacher.encoder.configuration, student.encoder.configuration)
    guard t.hiddenSize == s.hiddenSize else {
      throw MismatchError(
        .method,
        "method \(method) shows teacher and student the same word vectors, but the teacher's have "
          + "\(t.hiddenSize) elements (hidden_size) and the student's \(s.hiddenSize); give the "
          + "student the teacher's hidden_size or make it of the teacher's layers")
    }
    guard t.vocabularySize == s.vocabularySize else {
      throw MismatchError(
        .method,
        "method \(method) gives the student the teacher's word embeddings, but the teacher has "
          + "\(t.vocabularySize) of them (vocab_size) and the student \(s.vocabularySize)")
    }
    var layers = settings.patienceLayers ?? []
    if settings.patienceLayers == nil {
      layers = (0..<max(0, s.layers - 1)).map { ($0 + 1) * t.layers / max(1, s.layers) - 1 }
    }
    if settings.patienceWeight > 0 {
      guard !layers.isEmpty, layers.count == s.layers - 1, layers.allSatisfy({ $0 < t.layers }),
        layers.allSatisfy({ $0 >= 0 })
      else {
        throw MismatchError(
          .method,
          "method \(method): patience_layers must name a layer of the teacher, 0 to "
            + "\(t.layers - 1), for each of the student's \(s.layers - 1) layers before its last, "
            + "found \(layers)"
            + (s.layers < 2
              ? "; a student of one layer has none: set the patience weight to 0" : ""))
      }
    }
    self.layers = layers
    student.parameters.matrix(student.encoder.words)
      .copy(from: teacher.parameters.matrix(teacher.encoder.words))
  }

  /// What a shard's texts gave, summed over texts.
  package struct Terms {
    /// The terms without their weights.
    package var distillation = 0.0
    package var patience = 0.0
    /// The weighted sum.
    package var total = 0.0
    /// The teacher's outputs.
    package let teacher: Matrix
  }

  /// Puts the loss of some texts on the tape.
  ///
  /// - Parameters:
  ///   - vectors: [tokens, H].
  ///   - weight: of a text.
  package func terms(
    _ tokens: PackedTokens, vectors: Tensor, tape: Tape, weight: Double
  ) -> Terms {
    let usesLayers = settings.patienceWeight > 0
    func run(_ model: SequenceClassifier, training: Bool) -> (logits: Tensor, states: [Tensor]) {
      guard usesLayers else {
        return (
          model.logits(tokens, tape: tape, training: training, vectors: vectors), []
        )
      }
      let (logits, output) = model.logitsAndStates(
        tokens, tape: tape, training: training, vectors: vectors)
      return (logits, output.hiddenStates)
    }
    let (target, targetStates) = run(teacher, training: false)
    let (logits, states) = run(student, training: true)
    var terms = Terms(teacher: target.value)
    let squared = settings.squaredTemperature ? Double(settings.temperature) : 1
    let factor = settings.weight * squared * squared
    terms.distillation = tape.outputDivergence(
      settings.divergence, student: logits, teacher: target, labels: student.labels,
      temperature: settings.temperature, weight: Float(factor * weight))
    terms.total = factor * terms.distillation
    guard usesLayers else { return terms }
    let share = 1 / Double(layers.count)
    for (layer, teacherLayer) in layers.enumerated() {
      // State 0 is the embeddings'.
      let own = tape.normalizedRows(tape.gatherRows(states[layer + 1], tokens.firstTokens))
      let wanted = tape.normalizedRows(
        tape.gatherRows(targetStates[teacherLayer + 1], tokens.firstTokens))
      terms.patience +=
        share
        * tape.squaredError(
          own, wanted, weight: Float(settings.patienceWeight * share * weight))
    }
    terms.total += settings.patienceWeight * terms.patience
    return terms
  }
}
