import Configuration
import Data
import Files
import Foundation
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// A run that is interrupted and goes on is the run that would have been, for every method.
@Suite struct ResumeTests {
  /// A toy teacher, generator and data for all methods.
  private struct World {
    let toy: ToyWorld

    init() throws {
      toy = try ToyWorld(rows: 24)
      var shape = toy.shape(dropout: 0.1)
      shape.layers = 2
      let labels = LabelSet(names: ["negative", "positive"])
      let teacher = SequenceClassifier(shape, labels: labels)
      teacher.initialize(seed: 2)
      let generator = MaskedLanguageModel(shape)
      generator.initialize(seed: 3)
      let path = toy.scratch.path
      try ModelFolder.write(teacher, labels: labels, to: "\(path)/teacher", tokenizer: path)
      try ModelFolder.write(generator, to: "\(path)/generator", tokenizer: path)
      let rows = SyntheticSentiment(trainRows: 22, developmentRows: 6, testRows: 1, seed: 5)
      for (file, split) in [("train.tsv", Split.train), ("dev.tsv", .validation)] {
        let lines = rows.examples(split).map { "\($0.text)\t\($0.label)\n" }
        try ByteFile.write(
          Array(("sentence\tlabel\n" + lines.joined()).utf8), to: "\(path)/SST-2/\(file)")
      }
    }

    func prepared(
      _ method: JSONValue, output: String, train: JSONValue = [:]
    ) throws -> PreparedRun {
      let path = toy.scratch.path
      let usual: JSONValue = [
        "per_device_train_batch_size": 4, "logging_steps": 2, "learning_rate": 0.01,
        "max_steps": 12, "eval_strategy": "steps", "eval_steps": 5,
        "load_best_model_at_end": true, "save_steps": 4,
      ]
      let text: JSONValue = [
        "allow_weak_teacher": true, "output_dir": .string("\(path)/\(output)"), "seed": 5,
        "shards": 2,
        "task": ["name": "sst-2", "data_dir": .string(path), "max_seq_length": 16],
        "teacher": ["model_name_or_path": .string("\(path)/teacher")],
        "student": ["from_teacher_layers": [0, 1]],
        "generator": ["model_name_or_path": .string("\(path)/generator")],
        "method": method, "train": usual.merged(with: train),
      ]
      return try PreparedRun.distill(
        DistillConfiguration(reading: ConfigDocument(text, file: "test").root))
    }

    func bytes(_ file: String) throws -> [UInt8] {
      try ByteFile.read("\(toy.scratch.path)/\(file)")
    }
  }

  /// Settings by which a dozen updates reach every part of a method.
  private static let settings: [String: JSONValue] = [
    "mate-kd": ["generator_steps": 2, "student_steps": 3, "generator_learning_rate": 0.01],
    "cilda": [
      "generator_steps": 2, "student_steps": 3, "generator_learning_rate": 0.01,
      "projection_dim": 8, "memory_bank_size": 6, "projection_training": "own",
    ],
    "comkd": ["generator_steps": 2, "student_steps": 3, "generator_learning_rate": 0.01],
    "codir": ["projection_dim": 8, "negatives": 3], "rail-kd": ["projection_dim": 8],
    "tinybert": ["width_map": "always"],
    "as-dfd": ["construction_steps": 2, "student_steps": 2, "texts": ["rows": 10]],
    "zskd": ["construction_steps": 2, "texts": ["rows": 10]],
    "zskt": ["student_steps": 2, "noise_size": 4, "texts": ["rows": 10]],
    "random-text": ["texts": ["rows": 10]],
  ]

  @Test(arguments: MethodRegistry.all.map(\.name))
  func everyMethodGoesOnAsIfItHadNotStopped(name: String) throws {
    let world = try World()
    let own = Self.settings[name] ?? [:]
    let method = JSONValue.object([("name", .string(name))]).merged(with: own)
    _ = try world.prepared(method, output: "whole").execute(SilentObserver())
    for stop in [1, 6, 11] {
      let output = "stopped-\(stop)"
      let observer = SilentObserver()
      observer.stopsAfter = stop
      let first = try world.prepared(method, output: output).execute(observer)
      #expect(first.checkpoint?.hasSuffix("checkpoint-\(stop)") == true)
      let second = try world.prepared(
        method, output: output, train: ["resume_from_checkpoint": true]
      ).execute(SilentObserver())
      #expect(second.checkpoint == nil)
      for file in ["model.safetensors", "log.jsonl", "eval_predictions.tsv"] {
        #expect(
          try world.bytes("\(output)/\(file)") == world.bytes("whole/\(file)"), "\(stop) \(file)")
      }
    }
  }

  @Test func anOlderCheckpointTakesThePlaceOfADamagedOne() throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    let folder = "\(world.toy.scratch.path)/run"
    _ = try world.prepared(method, output: "whole").execute(SilentObserver())
    let observer = SilentObserver()
    observer.stopsAfter = 9
    _ = try world.prepared(method, output: "run").execute(observer)
    var arrays = try ByteFile.read("\(folder)/checkpoint-9/training_state.safetensors")
    arrays[arrays.count - 5] ^= 1
    try ByteFile.write(arrays, to: "\(folder)/checkpoint-9/training_state.safetensors")
    let told = SilentObserver()
    _ = try world.prepared(method, output: "run", train: ["resume_from_checkpoint": true])
      .execute(told)
    #expect(told.notices.contains { $0.contains("checkpoint-9 is passed over") })
    #expect(told.notices.contains { $0.hasPrefix("going on after update 8") })
    #expect(try world.bytes("run/model.safetensors") == world.bytes("whole/model.safetensors"))
  }

  @Test func anotherConfigurationIsRefusedKeyByKey() throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    let observer = SilentObserver()
    observer.stopsAfter = 5
    _ = try world.prepared(method, output: "run").execute(observer)
    let error = #expect(throws: ConfigError.self) {
      try world.prepared(
        method, output: "run", train: ["resume_from_checkpoint": true, "learning_rate": 0.02]
      ).execute(SilentObserver())
    }
    #expect(error?.message.contains("train.learning_rate (was 0.01, is 0.02)") == true)
    let told = SilentObserver()
    let outcome = try world.prepared(
      method, output: "run", train: ["resume_from_checkpoint": true, "save_steps": 7]
    ).execute(told)
    #expect(outcome.checkpoint == nil)
    #expect(told.notices.contains { $0.contains("train.save_steps was 4 and is 7") })
  }

  @Test func twoRunsDoNotShareAFolder() throws {
    let scratch = try ScratchFolder()
    let lock = try FolderLock(scratch.path)
    #expect(throws: FileError.self) { try FolderLock(scratch.path) }
    withExtendedLifetime(lock) {}
  }
}
