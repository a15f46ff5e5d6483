import Configuration
import Data
import Kernels
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// Runs are compared with the memory that there is before they begin.
@Suite struct MemoryEstimateTests {
  /// Bytes of a part.
  private func part(_ name: String, of run: PreparedRun) -> Double {
    run.memory.parts.first { $0.name == name }?.bytes ?? 0
  }

  @Test func arraysOfTheWholeModelAreCounted() throws {
    let toy = try ToyWorld()
    let one = try ToyFinetuning.prepared(toy, hiddenSize: 64)
    let weights = part("gradients", of: one)
    #expect(weights > 64 * 64 * 4)
    #expect(part("moments", of: one) == 2 * weights)
    #expect(part("copy for a checkpoint", of: one) == 3 * weights)
    #expect(one.memory.bytes == one.memory.parts.reduce(0) { $0 + $1.bytes })
    #expect(one.memory.bytes > 6 * weights + part("activations", of: one))
    // A batch of 8 has two texts here, but a run has as many lanes as shards.
    #expect(
      part("gradients", of: try ToyFinetuning.prepared(toy, hiddenSize: 64, shards: 3)) == 3
        * weights)
    let best = try ToyFinetuning.prepared(
      toy, hiddenSize: 64, train: ["load_best_model_at_end": true, "eval_strategy": "epoch"])
    #expect(part("best weights", of: best) == weights)
    #expect(part("copy for a checkpoint", of: best) == 4 * weights)
  }

  /// A batch above `max_tokens_per_batch` is worked on in pieces, so its activations take less.
  @Test func piecesOfABatchTakeLess() throws {
    let toy = try ToyWorld()
    // Wide enough for buffers of three tokens to be larger than the pool's smallest blocks.
    let whole = try ToyFinetuning.prepared(toy, hiddenSize: 1024)
    let pieces = try ToyFinetuning.prepared(
      toy, hiddenSize: 1024, train: ["max_tokens_per_batch": 3])
    #expect(part("activations", of: pieces) < part("activations", of: whole))
    #expect(part("moments", of: pieces) == part("moments", of: whole))
  }

  /// A pool holds at least all that is in use at the same time: in an adversary's update what it,
  /// the student and the teacher keep; where words are only drawn, the language model's forward
  /// pass. A number for each word at each masked token comes beside the logits.
  @Test(arguments: [
    ("adversarial", 512, 16, 0), ("adversarial", 16, 16, 20000), ("sampled", 16, 512, 0),
    ("sampled", 16, 16, 20000),
  ])
  func whatIsInUseTogetherIsCounted(
    fill: String, teacherWidth: Int, generatorWidth: Int, words: Int
  ) throws {
    let toy = try ToyWorld(rows: 1)
    let root = toy.scratch.path
    let vocabulary = try TestFiles.bytes("\(root)/vocab.txt")
    let more = (0..<words).map { "word\($0)\n" }.joined()
    try toy.scratch.write(vocabulary + more.utf8, as: "vocab.txt")
    func shape(_ width: Int) -> EncoderConfiguration {
      var shape = toy.shape(dropout: 0.1)
      (shape.hiddenSize, shape.layers) = (width, 2)
      shape.vocabularySize += words
      return shape
    }
    let labels = LabelSet(names: ["negative", "positive"])
    let teacher = SequenceClassifier(shape(teacherWidth), labels: labels)
    let student = SequenceClassifier(shape(16), labels: labels)
    let generator = MaskedLanguageModel(shape(generatorWidth))
    try ModelFolder.write(teacher, labels: labels, to: "\(root)/teacher", tokenizer: root)
    try ModelFolder.write(student, labels: labels, to: "\(root)/student", tokenizer: root)
    try ModelFolder.write(generator, to: "\(root)/mlm", tokenizer: root)
    for file in ["train", "dev"] {
      try toy.scratch.write("sentence\tlabel\ngood film\t1\nbad film\t0\n", as: "\(file).tsv")
    }
    let config: JSONValue = [
      "output_dir": .string("\(root)/out"), "shards": 1, "allow_weak_teacher": true,
      "task": ["name": "sst-2", "data_dir": .string(root), "max_seq_length": 16],
      "teacher": ["model_name_or_path": .string("\(root)/teacher")],
      "student": ["model_name_or_path": .string("\(root)/student")],
      "generator": ["model_name_or_path": .string("\(root)/mlm")],
      "method": ["name": "mate-kd", "fill": .string(fill), "mask_probability": 0.9],
      "train": ["per_device_train_batch_size": 2, "max_steps": 2],
    ]
    let run = try PreparedRun.distill(
      DistillConfiguration(reading: ConfigDocument(config, file: "test").root))
    // [CLS], two words and [SEP]; two standard deviations more than expected are all of them.
    let texts = PassMemory.Shape(lengths: [4, 4], masked: 8)
    let logits = 8 * generator.encoder.configuration.vocabularySize
    let adversary = PassMemory(generator, over: texts)
    let inUse =
      fill == "sampled"
      ? adversary.forward + [logits]
      : adversary.kept(training: true) + [logits, logits]
        + PassMemory(student, over: texts).kept(training: true)
        + PassMemory(teacher, over: texts).kept(training: false)
    #expect(part("activations", of: run) >= 4 * Double(inUse.reduce(0, +)))
    // The probe texts, here all of the data, take memory of their own: the logits and the words
    // that are drawn from them.
    #expect(
      part("evaluation", of: run) >= 4 * Double((adversary.forward + [logits]).reduce(0, +)))
  }

  @Test func aRunThatDoesNotFitIsRefused() throws {
    let run = try ToyFinetuning.prepared(ToyWorld())
    let missing = Int(run.memory.missing)
    func check(_ left: Int) throws -> String? {
      try run.memory.check(limits: [MemoryLimit(.controlGroup, total: 2 * missing, left: left)])
    }
    #expect(try check(2 * missing) == nil)
    #expect(try check(missing)?.contains("its control group's limit of") == true)
    let error = #expect(throws: MemoryShortage.self) { try check(missing / 2) }
    #expect(error?.description.contains("train.max_tokens_per_batch") == true)
  }
}
