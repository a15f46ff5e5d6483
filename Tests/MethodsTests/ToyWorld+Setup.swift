import Data
import Kernels
import Methods
import Models
import TestSupport
import Trainers

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
