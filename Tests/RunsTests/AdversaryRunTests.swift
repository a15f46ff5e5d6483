import Foundation
import Kernels
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What a run with an adversary leaves behind.
@Suite struct AdversaryRunTests {
  /// A toy teacher, a generator, and rows of which the teacher need not be right.
  private func prepare() throws -> ToyWorld {
    let toy = try ToyWorld(rows: 1)
    let labels = LabelSet(names: ["negative", "positive"])
    let teacher = SequenceClassifier(toy.shape(dropout: 0.1), labels: labels)
    teacher.initialize(seed: 2)
    try ModelFolder.write(
      teacher, labels: labels, to: "\(toy.scratch.path)/teacher", tokenizer: toy.scratch.path)
    try ModelFolder.write(
      toy.generator(seed: 3), to: "\(toy.scratch.path)/mlm", tokenizer: toy.scratch.path)
    let rows = [("good film", 1), ("bad film", 0), ("a great story", 1), ("a dull story", 0)]
    let text = "sentence\tlabel\n" + rows.map { "\($0.0)\t\($0.1)\n" }.joined()
    try toy.scratch.write(text, as: "SST-2/train.tsv")
    try toy.scratch.write(text, as: "SST-2/dev.tsv")
    return toy
  }

  private func run(
    _ toy: ToyWorld, method: String, diagnostics: Bool = false, generator: Bool = true,
    train: String = ""
  ) throws -> RunOutcome {
    let section =
      generator ? #""generator": {"model_name_or_path": "\#(toy.scratch.path)/mlm"},"# : ""
    let path = try toy.scratch.write(
      """
      {"allow_weak_teacher": true, "output_dir": "\(toy.scratch.path)/out",
       "overwrite_output_dir": true, "seed": 5, "diagnostics": \(diagnostics),
       "task": {"name": "sst-2", "data_dir": "\(toy.scratch.path)", "max_seq_length": 16},
       "teacher": {"model_name_or_path": "\(toy.scratch.path)/teacher"},
       "student": {"from_teacher_layers": [0]},
       \(section)
       "method": \(method),
       "train": {"per_device_train_batch_size": 2, "logging_steps": 1, "learning_rate": 0.01,
                 "max_steps": 4\(train.contains("eval_strategy") ? "" : Self.evaluations)\(train)}}
      """, as: "run.json")
    return try PreparedRun.distill(.load(path: path)).execute(SilentObserver())
  }

  private static let evaluations = #", "eval_strategy": "steps", "eval_steps": 2"#

  private static let mateKD = #"""
    {"name": "mate-kd", "generator_steps": 1, "student_steps": 1, "mask_probability": 0.8,
     "generator_learning_rate": 0.01, "generator_lr_scheduler_type": "constant"}
    """#

  private func log(_ folder: String) throws -> [JSONValue] {
    try String(contentsOfFile: "\(folder)/log.jsonl", encoding: .utf8).split(separator: "\n").map {
      try StrictJSON.parse(String($0), file: "log.jsonl")
    }
  }

  @Test func theTrainedGeneratorIsAModelFolder() throws {
    let toy = try prepare()
    let outcome = try run(toy, method: Self.mateKD)
    let before = try Checkpoint(folder: "\(toy.scratch.path)/mlm")
    let after = try Checkpoint(folder: "\(outcome.folder)/generator")
    #expect(before.names == after.names)
    var squares = 0.0
    for name in before.names {
      let (old, new) = try (before.floats(name), after.floats(name))
      squares += zip(old, new).reduce(0) {
        $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
      }
    }
    let drift = outcome.results.first { $0.name == "eval_generator_drift" }?.value ?? .nan
    #expect(drift > 0 && Roundings.agree(drift, squares.squareRoot(), roundings: 1e6))
    // Another run can begin with it.
    try FileManager.default.moveItem(
      atPath: "\(outcome.folder)/generator", toPath: "\(toy.scratch.path)/again")
    try FileManager.default.removeItem(atPath: "\(toy.scratch.path)/mlm")
    try FileManager.default.moveItem(
      atPath: "\(toy.scratch.path)/again", toPath: "\(toy.scratch.path)/mlm")
    _ = try run(toy, method: Self.mateKD)
    // A run without an adversary leaves none of it.
    let plain = try run(toy, method: #"{"name": "kd"}"#)
    for name in ["generator", "adversarial_examples.jsonl", "generator_entropy.jsonl"] {
      #expect(!FileManager.default.fileExists(atPath: "\(plain.folder)/\(name)"), "\(name)")
    }
  }

  @Test func entropiesAreThereFromTheBeginningToTheEnd() throws {
    let toy = try prepare()
    func entropies(_ train: String) throws -> [JSONValue] {
      let outcome = try run(toy, method: Self.mateKD, train: train)
      return try String(
        contentsOfFile: "\(outcome.folder)/generator_entropy.jsonl", encoding: .utf8
      ).split(separator: "\n").map { try StrictJSON.parse(String($0), file: "entropies") }
    }
    let found = try entropies("")
    #expect(found.map { $0["step"]?.int } == [0, 2, 4])
    let places = found.map { ($0["counts"]?.array ?? []).compactMap(\.int).reduce(0, +) }
    #expect(places[0] > 0 && Set(places).count == 1)
    // The generator learns before every update of the student.
    #expect(Set(found.map { $0["mean"]?.double }).count == 3)
    for histogram in found {
      let mean = histogram["mean"]?.double ?? .nan
      #expect(mean >= histogram["least"]?.double ?? .nan)
      #expect(mean <= histogram["greatest"]?.double ?? .nan)
    }
    // Without evaluations in between it is measured at both ends.
    let ends = try entropies(#", "eval_strategy": "no""#)
    #expect(ends.map { $0["step"]?.int } == [0, 4])
    #expect(ends.first == found.first && ends.last == found.last)
  }

  @Test func aControlLeavesExamplesButNoGenerator() throws {
    let toy = try prepare()
    let outcome = try run(
      toy, method: #"{"name": "mate-kd", "fill": "unigram", "mask_probability": 0.8}"#)
    #expect(!FileManager.default.fileExists(atPath: "\(outcome.folder)/generator"))
    #expect(
      FileManager.default.fileExists(atPath: "\(outcome.folder)/adversarial_examples.jsonl"))
    #expect(!outcome.results.contains { $0.name == "eval_generator_drift" })
  }

  @Test(arguments: ["unigram", "uniform", "mask"])
  func aControlOfWordsTrainsTheSameWithoutAGenerator(fill: String) throws {
    let toy = try prepare()
    let method = #"{"name": "mate-kd", "fill": "\#(fill)", "mask_probability": 0.8}"#
    func trained(generator: Bool) throws -> (weights: Data, examples: Data, measured: Set<String>) {
      let outcome = try run(toy, method: method, diagnostics: true, generator: generator)
      func file(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(outcome.folder)/\(name)"))
      }
      return (
        try file("model.safetensors"), try file("adversarial_examples.jsonl"),
        Set(outcome.results.map(\.name))
      )
    }
    let (with, without) = (try trained(generator: true), try trained(generator: false))
    #expect(with.weights == without.weights && with.examples == without.examples)
    // What only a generator can tell.
    #expect(
      with.measured.subtracting(without.measured) == [
        "eval_probe_generator_loss", "eval_probe_masked_word_loss",
      ])
    #expect(without.measured.isSubset(of: with.measured))
    #expect(without.measured.contains("eval_probe_label_flips"))
  }

  @Test(arguments: ["adversarial", "sampled", "top-k"])
  func aControlOfTheGeneratorsWordsNeedsOne(fill: String) throws {
    let toy = try prepare()
    let error = #expect(throws: (any Error).self) {
      try run(toy, method: #"{"name": "mate-kd", "fill": "\#(fill)"}"#, generator: false)
    }
    #expect(error.map { "\($0)" }?.contains("mate-kd needs a section \"generator\"") == true)
  }

  @Test func examplesAreWhatTheDocumentSays() throws {
    let toy = try prepare()
    let outcome = try run(toy, method: Self.mateKD)
    let lines = try String(
      contentsOfFile: "\(outcome.folder)/adversarial_examples.jsonl", encoding: .utf8
    ).split(separator: "\n")
    #expect(lines.count == 4)
    for (row, line) in lines.enumerated() {
      let example = try StrictJSON.parse(String(line), file: "examples")
      #expect(
        example.object?.members.map(\.key) == [
          "row", "gold", "tokens", "adversarial_tokens", "masked", "teacher", "student",
          "adversarial_teacher", "adversarial_student",
        ])
      #expect(example["row"]?.int == row)
      #expect(example["gold"]?.string == (row % 2 == 0 ? "positive" : "negative"))
      let tokens = (example["tokens"]?.array ?? []).compactMap(\.string)
      let changed = (example["adversarial_tokens"]?.array ?? []).compactMap(\.string)
      let masked = (example["masked"]?.array ?? []).compactMap(\.int)
      #expect(tokens.first == "[CLS]" && tokens.last == "[SEP]" && tokens.count == changed.count)
      #expect(masked.allSatisfy { $0 > 0 && $0 < tokens.count - 1 })
      for place in tokens.indices where !masked.contains(place) {
        #expect(tokens[place] == changed[place])
      }
      for key in ["teacher", "student", "adversarial_teacher", "adversarial_student"] {
        let scores = (example[key]?["scores"]?.array ?? []).compactMap(\.double)
        #expect(scores.count == 2 && abs(scores.reduce(0, +) - 1) < 1e-12)
        #expect(
          example[key]?["answer"]?.string == (scores[1] > scores[0] ? "positive" : "negative"))
      }
    }
  }

  @Test func evaluationsTellWhatGoesOn() throws {
    let toy = try prepare()
    func evaluations(_ diagnostics: Bool) throws -> ([JSONValue], [UInt8]) {
      let outcome = try run(toy, method: Self.mateKD, diagnostics: diagnostics)
      let model = try TestFiles.bytes("\(outcome.folder)/model.safetensors")
      return (try log(outcome.folder).filter { $0["eval_accuracy"] != nil }, Array(model))
    }
    let (plain, detailed) = try (evaluations(false), evaluations(true))
    #expect(plain.1 == detailed.1, "measuring changes no bit")
    #expect(plain.0.count == 2 && detailed.0.count == 2)
    for entry in plain.0 {
      #expect((0...1).contains(entry["eval_teacher_agreement"]?.double ?? -1))
      #expect((entry["eval_generator_drift"]?.double ?? 0) > 0)
      #expect(entry["eval_probe_divergence"] == nil)
    }
    for entry in detailed.0 {
      for name in [
        "probe_label_flips", "probe_divergence", "probe_clean_divergence", "probe_generator_loss",
        "probe_masked_word_loss",
      ] {
        #expect((entry["eval_\(name)"]?.double ?? -1) >= 0, "\(name)")
      }
    }
  }

  /// A student that is its teacher says what the teacher says.
  @Test func agreementOfAModelWithItself() throws {
    let toy = try prepare()
    let outcome = try run(toy, method: #"{"name": "kd"}"#, train: #", "warmup_steps": 100"#)
    let first = try log(outcome.folder).first { $0["eval_accuracy"] != nil }
    // With so long a warm-up nothing has been learnt yet.
    #expect((first?["eval_teacher_agreement"]?.double ?? 0) >= 0.75)
    let texts = outcome.results.first { $0.name == "train_texts" }?.value
    let distinct = outcome.results.first { $0.name == "train_distinct_texts" }?.value
    let passes = outcome.results.first { $0.name == "train_passes" }?.value
    #expect(texts == 8 && distinct == 4 && passes == 2)
  }
}
