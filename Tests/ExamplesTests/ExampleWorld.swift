import Data
import Foundation
import Kernels
import Models
import Trainers

/// What the examples of the documentation work on: a folder with a tiny model, and a few texts.
///
/// `scripts/tests/examples.test.sh` checks that every example in a doc comment, in a catalogue
/// (`Sources/X/X.docc`) and in CONTRIBUTING.md is the text of a file here or in `Examples`.
final class ExampleWorld {
  let folder: String
  let pool = ThreadPool(threads: 2)
  let model: SequenceClassifier
  let data: TokenizedDataset

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/mate-kd-examples-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try SyntheticSentiment.writeVocabulary(to: "\(folder)/vocab.txt")
    let tokenizer = try TokenizerLoader.load(folder: folder)
    var shape = EncoderConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layers: 1, attentionHeads: 2,
      intermediateSize: 32)
    shape.maximumPositions = 128
    let labels = LabelSet(names: ["negative", "positive"])
    model = SequenceClassifier(shape, labels: labels)
    model.initialize(seed: 1)
    try ModelFolder.write(
      model, labels: labels, finetuningTask: "sst-2", to: folder, tokenizer: folder)
    let encodings = ["a fine film", "a dull film", "a fine plot", "a dull plot"].map {
      tokenizer.encode(Array($0.utf8)[...], pair: nil, maxLength: 16)
    }
    data = TokenizedDataset(encodings: encodings, targets: .classes([1, 0, 1, 0]))
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

/// An observer that watches in silence.
final class SilentObserver: TrainingObserver {
  func didLog(_ entry: LogEntry) {}
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {}
  var shouldStop: Bool { false }
}
