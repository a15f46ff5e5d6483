import Autograd
import Configuration
import Kernels
import Models

/// Distillation on texts that are vectors: teacher and student read the same vectors in place of
/// their word embeddings.
///
/// L = w_kd T^2 D(softmax(T(e)/T), softmax(S(e)/T)) + w_pt PT, PT the mean over pairs of layers of
/// the squared distance between the normalised states of the first token (PKD's patience loss, Sun
/// et al. 2019, as a sum over the width). Each is averaged over texts.
package struct VectorDistillation: Sendable {
  /// Its constants.
  package struct Settings: Sendable {
    /// The divergence of outputs and its weight; without gold labels.
    package var terms = LogitTerms(ce: 0, kd: 1)
    /// `loss_weights.patience`; 0 leaves the layers out.
    package var patienceWeight = 0.0
    /// `patience_layers`: for the teacher's layer, counted from 0, for each layer of the student
    /// except the last; nil spreads them evenly.
    package var patienceLayers: [Int]?

    package init() {}

    /// Reads the keys; `weights` is the method's `loss_weights`, which the caller finishes.
    package init(_ section: ConfigSection, weights: ConfigSection, temperature: Float) throws {
      terms.temperature = temperature
      terms = try terms.readingDivergence(section)
      terms.kd = try weights.number(
        "kd", default: 1, in: 0...1e6, "Weight of the teacher's outputs.")
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
  /// The teacher's layer for each layer of the student except the last.
  package let layers: [Int]

  /// Distillation between two models of one width. The student's word embeddings become the
  /// teacher's: what it learns from vectors in the teacher's space would be meaningless in another
  /// space.
  ///
  /// - Throws: `MismatchError` if the models' shapes or `patience_layers` do not fit.
  package init(_ setup: DistillationSetup, settings: Settings, method: String) throws {
    self.settings = settings
    teacher = setup.teacher
    student = setup.student
    let (t, s) = (teacher.encoder.configuration, student.encoder.configuration)
    guard t.wordWidth == s.wordWidth else {
      throw MismatchError(
        .method,
        "method \(method) shows teacher and student the same word vectors, but the teacher's have "
          + "\(t.wordWidth) elements (hidden_size) and the student's \(s.wordWidth); give the "
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
    let decay = setup.studentTraining.optimizer.weightDecay
    guard decay == 0 else {
      throw MismatchError(
        .method,
        "method \(method) gives the student the teacher's word embeddings and never changes them, "
          + "but train.weight_decay (\(decay)) would shrink them; set it to 0")
    }
    student.parameters.matrix(student.encoder.words)
      .copy(from: teacher.parameters.matrix(teacher.encoder.words))
  }

  /// Adds the terms of some texts to a loss, as `kd_loss` and, if it has a weight, `patience_loss`.
  ///
  /// - Parameter vectors: [tokens, H].
  /// - Returns: the teacher's outputs.
  @discardableResult
  func add(
    to loss: inout LossTerms, _ tokens: PackedTokens, vectors: Tensor, tape: Tape
  ) -> Matrix {
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
    let terms = settings.terms
    loss.add("kd_loss", weight: terms.kd * terms.factor(of: student)) {
      student.divergence(
        terms.divergence, student: logits, teacher: target, temperature: terms.temperature,
        on: tape, weight: $0)
    }
    guard usesLayers else { return target.value }
    for (layer, teacherLayer) in layers.enumerated() {
      // State 0 is that of the embeddings.
      let own = tape.normalizedRows(tape.gatherRows(states[layer + 1], tokens.firstTokens))
      let wanted = tape.normalizedRows(
        tape.gatherRows(targetStates[teacherLayer + 1], tokens.firstTokens))
      loss.add("patience_loss", weight: settings.patienceWeight, scale: 1 / Double(layers.count)) {
        tape.squaredError(own, wanted, weight: $0)
      }
    }
    return target.value
  }
}
