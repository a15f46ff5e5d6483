import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// How fast a loss rises along its own gradient, by central differences over the whole step, relative
/// to what the gradient says: its length. 1 where the gradient is right.
///
/// - Parameters:
///   - step: takes the step afresh and returns its loss and the gradients of `parameters`.
///   - length: of the way to either side.
func riseAlongGradient(
  _ parameters: [Parameters], length: Double = 0.02,
  step: () throws -> (loss: Double, gradients: [[Float]])
) throws -> Double {
  let gradients = try step().gradients
  let norm = gradients.joined().reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  try #require(norm > 1e-3)
  let before = parameters.map(\.weights)
  func loss(_ way: Double) throws -> Double {
    for (part, (weights, gradient)) in zip(parameters, zip(before, gradients)) {
      let moved = zip(weights.floats, gradient).map { $0 + Float(way / norm) * $1 }
      Matrix(part.buffer, rows: 1, columns: part.count)
        .copy(from: Matrix(moved, rows: 1, columns: part.count))
    }
    return try step().loss
  }
  let rise = (try loss(length) - loss(-length)) / (2 * length)
  _ = try loss(0)
  return rise / norm
}

extension ToyWorld {
  /// What a method is built from, with the toy's rows and classes.
  func setup(
    student: SequenceClassifier, teacher: SequenceClassifier, generator: MaskedLanguageModel? = nil,
    rate: Double = 1e-3, seed: UInt64 = 42
  ) -> DistillationSetup {
    DistillationSetup(
      student: student, teacher: teacher, generator: generator,
      maskID: tokenizer.specialTokens.mask,
      teacherCache: TeacherCache(teacher: teacher, rows: train.count),
      studentTraining: TrainedModel(student.parameters, rate: rate), totalSteps: 12,
      labelSmoothing: 0, trainingRows: train.count, trainingClasses: train.targets.classes,
      batchesPerEpoch: 3, seed: seed)
  }

  /// A classifier of several layers.
  func classifier(layers: Int, dropout: Float = 0, seed: UInt64) -> SequenceClassifier {
    var c = shape(dropout: dropout)
    c.layers = layers
    let model = SequenceClassifier(c, labels: LabelSet(names: ["negative", "positive"]))
    model.initialize(seed: seed)
    return model
  }
}
