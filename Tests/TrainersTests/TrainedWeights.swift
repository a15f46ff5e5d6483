import Kernels
import TestSupport
import Trainers

extension ToyWorld {
  /// The weights of student and generator after six updates of MATE-KD with dropout.
  static func trainedWeights(threads: Int, precision: Precision = .float32) throws -> [Weights] {
    let toy = try ToyWorld()
    let (method, student, _, generator) = try toy.mateKD(dropout: 0.1) {
      $0.adversary.generatorSteps = 1
      $0.adversary.studentSteps = 2
    }
    _ = try toy.run(
      method, TrainingArguments(perDeviceTrainBatchSize: 6, maxSteps: 6), shards: 3,
      threads: threads, precision: precision)
    return [student.parameters.weights, generator.parameters.weights]
  }
}
