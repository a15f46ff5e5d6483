import Configuration
import Data
import Files
import Foundation
import Methods
import Models
import Processes
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// A run that is interrupted and goes on is the run that would have been, for every method.
@Suite struct ResumeTests {
  /// A toy teacher, generator and data for all methods.
  struct World {
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
      _ method: JSONValue, output: String, train: JSONValue = [:], shards: Int = 2,
      sharedBy group: any ProcessGroup = SingleProcess()
    ) throws -> PreparedRun {
      try PreparedRun.distill(
        configuration(method, output: output, train: train, shards: shards), sharedBy: group)
    }

    func configuration(
      _ method: JSONValue, output: String, train: JSONValue = [:], shards: Int = 2
    ) throws -> DistillConfiguration {
      let path = toy.scratch.path
      let usual: JSONValue = [
        "per_device_train_batch_size": 4, "logging_steps": 2, "learning_rate": 0.01,
        "max_steps": 12, "eval_strategy": "steps", "eval_steps": 5,
        "load_best_model_at_end": true, "save_steps": 4,
      ]
      let text: JSONValue = [
        "allow_weak_teacher": true, "output_dir": .string("\(path)/\(output)"), "seed": 5,
        "shards": .int(shards),
        "task": ["name": "sst-2", "data_dir": .string(path), "max_seq_length": 16],
        "teacher": ["model_name_or_path": .string("\(path)/teacher")],
        "student": ["from_teacher_layers": [0, 1]],
        "generator": ["model_name_or_path": .string("\(path)/generator")],
        "method": method, "train": usual.merged(with: train),
      ]
      return try DistillConfiguration(reading: ConfigDocument(text, file: "test").root)
    }

    func bytes(_ file: String) throws -> [UInt8] {
      try ByteFile.read("\(toy.scratch.path)/\(file)")
    }
  }

  /// Settings by which a dozen updates reach every part of a method.
  static let settings: [String: JSONValue] = [
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
    // Update 5 owes an evaluation, and 12 is the last.
    for stop in [1, 5, 11, 12] {
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
      // Of methods with a generator that learns.
      let entropies = "generator_entropy.jsonl"
      if ByteFile.exists("\(world.toy.scratch.path)/whole/\(entropies)") {
        #expect(try world.bytes("\(output)/\(entropies)") == world.bytes("whole/\(entropies)"))
      }
    }
  }

  @Test func anInterruptedRunGoesOnUnasked() throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    _ = try world.prepared(method, output: "whole").execute(SilentObserver())
    let observer = SilentObserver()
    observer.stopsAfter = 5
    _ = try world.prepared(method, output: "run").execute(observer)
    let results = try StrictJSON.read("\(world.toy.scratch.path)/run/all_results.json")
    #expect(results["interrupted"]?.bool == true)
    // Other settings are another run.
    #expect(throws: ConfigError.self) {
      try world.prepared(method, output: "run", train: ["learning_rate": 0.5])
        .execute(SilentObserver())
    }
    let told = SilentObserver()
    _ = try world.prepared(method, output: "run").execute(told)
    #expect(told.notices.contains { $0.hasPrefix("going on after update 5") })
    for file in ["model.safetensors", "log.jsonl"] {
      #expect(try world.bytes("run/\(file)") == world.bytes("whole/\(file)"))
    }
    // A finished run is not touched.
    #expect(throws: FileError.self) { try world.prepared(method, output: "run") }
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

  /// Between updates, within evaluations, the last one included, and before the first update.
  @Test(arguments: [[:], ["early_stopping_patience": 1, "learning_rate": 0]] as [JSONValue])
  func aRunMayBeStoppedWheneverItAsks(train: JSONValue) throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    _ = try world.prepared(method, output: "whole", train: train).execute(SilentObserver())
    let path = world.toy.scratch.path
    var (places, isFinished): ([String?], Bool) = ([], false)
    while !isFinished {
      let observer = SilentObserver()
      observer.stopsWhenAsked = places.count + 1
      let first = try world.prepared(method, output: "run", train: train).execute(observer)
      isFinished = !first.wasInterrupted
      places.append(first.checkpoint.map { String($0.dropFirst("\(path)/run/".count)) })
      if first.checkpoint != nil {
        let results = try StrictJSON.read("\(path)/run/all_results.json")
        #expect(results["interrupted"]?.bool == true)
      }
      // Its model is that of the update, not the best one.
      if train == [:], let last = places.last ?? nil, last == "checkpoint-12" {
        let model = try world.bytes("run/\(last)/model.safetensors")
        #expect(try model == world.bytes("whole/\(last)/model.safetensors"))
        #expect(try model != world.bytes("whole/model.safetensors"))
      }
      let second = try world.prepared(
        method, output: "run", train: train.merged(with: ["resume_from_checkpoint": true])
      ).execute(SilentObserver())
      #expect(!second.wasInterrupted && second.checkpoint == nil)
      for file in ["model.safetensors", "log.jsonl", "eval_predictions.tsv"] {
        #expect(
          try world.bytes("run/\(file)") == world.bytes("whole/\(file)"), "\(places) \(file)")
      }
      ByteFile.remove("\(path)/run")
    }
    // The teacher is measured before there is anything to save; an update is followed by up to
    // three questions: after it, in its evaluation, and in the evaluation after the last.
    #expect(places.first == .some(nil))
    let last = train == [:] ? 12 : 10
    for step in 1...last { #expect(places.contains("checkpoint-\(step)"), "\(places)") }
    #expect(places.count { $0 == "checkpoint-5" } == 2)
    #expect(places.count { $0 == "checkpoint-\(last)" } == 3)
  }

  /// run.json has its keys sorted, also within arrays.
  @Test func theOrderOfKeysIsNoDifference() {
    func description(_ members: JSONValue) -> RunDescription {
      RunDescription(json: ["config": ["teacher": ["ensemble": [1, members]]]])
    }
    let old = description(["a": 1, "b": ["c": 2, "d": 3]])
    #expect(description(["b": ["d": 3, "c": 2], "a": 1]).differences(from: old).isEmpty)
    #expect(description(["b": ["d": 3, "c": 9], "a": 1]).differences(from: old).count == 1)
  }

  @Test func whatNoRunHasWrittenStays() throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    let folder = "\(world.toy.scratch.path)/run"
    let train: JSONValue = ["save_steps": 2, "save_total_limit": 1]
    _ = try world.prepared(method, output: "whole", train: train).execute(SilentObserver())
    let observer = SilentObserver()
    observer.stopsAfter = 3
    _ = try world.prepared(method, output: "run", train: train).execute(observer)
    // One that rotation would remove, and two in the place of a checkpoint to come.
    try ByteFile.write(Array("mine".utf8), to: "\(folder)/checkpoint-1/mine.txt")
    try ByteFile.write(Array("mine".utf8), to: "\(folder)/checkpoint-8/mine.txt")
    try ByteFile.write(Array("mine".utf8), to: "\(folder)/checkpoint-10")
    let told = SilentObserver()
    let error = #expect(throws: FileError.self) {
      try world.prepared(
        method, output: "run", train: train.merged(with: ["resume_from_checkpoint": true])
      ).execute(told)
    }
    #expect(error?.description.contains("no run has written it") == true)
    #expect(told.notices.contains { $0.contains("checkpoint-8 could not be saved") })
    for file in ["checkpoint-1/mine.txt", "checkpoint-8/mine.txt", "checkpoint-10"] {
      #expect(try world.bytes("run/\(file)") == Array("mine".utf8))
    }
    #expect(try world.bytes("run/model.safetensors") == world.bytes("whole/model.safetensors"))
  }

  /// A damaged newer checkpoint is neither kept instead of a valid one nor taken for the newest.
  @Test func rotationKeepsWhatIsValid() throws {
    let world = try World()
    let method: JSONValue = ["name": "kd"]
    let folder = "\(world.toy.scratch.path)/run"
    let train: JSONValue = ["save_steps": 2, "save_total_limit": 2, "eval_steps": 100]
    let observer = SilentObserver()
    observer.stopsAfter = 9
    _ = try world.prepared(method, output: "run", train: train).execute(observer)
    // The last one has not been gone on from, so it takes nobody's place.
    for step in [6, 8, 9] {
      try ByteFile.write([], to: "\(folder)/checkpoint-\(step)/training_state.safetensors")
    }
    // Nothing valid is left, so the run begins anew, and goes on from its own checkpoints.
    let second = SilentObserver()
    second.stopsAfter = 3
    let resume = train.merged(with: ["resume_from_checkpoint": true])
    _ = try world.prepared(method, output: "run", train: resume).execute(second)
    #expect(second.notices.contains { $0.contains("begins anew") })
    let third = SilentObserver()
    third.stopsAfter = 5
    _ = try world.prepared(method, output: "run", train: resume).execute(third)
    #expect(third.notices.contains { $0.hasPrefix("going on after update 3") })
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix("checkpoint-") }.sorted()
    }
    #expect(try names() == ["checkpoint-3", "checkpoint-4", "checkpoint-5"])
    _ = try world.prepared(method, output: "run", train: resume).execute(SilentObserver())
    #expect(try names() == ["checkpoint-10", "checkpoint-12"])
  }

  @Test func rotationKeepsTheBestCheckpoint() throws {
    let world = try World()
    let train: JSONValue = [
      "save_steps": 1, "eval_steps": 1, "save_total_limit": 1, "learning_rate": 0,
    ]
    // Without learning all evaluations are equal, and the first is the best.
    _ = try world.prepared(["name": "none"], output: "run", train: train).execute(SilentObserver())
    let names = try FileManager.default.contentsOfDirectory(
      atPath: "\(world.toy.scratch.path)/run"
    ).filter { $0.hasPrefix("checkpoint-") }
    #expect(names.sorted() == ["checkpoint-1", "checkpoint-12"])
  }

  @Test func resumingDoesNotEraseWhatIsNoRun() throws {
    let world = try World()
    let path = "\(world.toy.scratch.path)/other"
    try ByteFile.write([1], to: "\(path)/model.safetensors")
    let error = #expect(throws: FileError.self) {
      try world.prepared(
        ["name": "kd"], output: "other", train: ["resume_from_checkpoint": true]
      ).execute(SilentObserver())
    }
    #expect(error?.problem.contains("model.safetensors would be lost") == true)
    #expect(try world.bytes("other/model.safetensors") == [1])
  }

  @Test func aCheckpointThatIsNamedMayBeInAnotherFolder() throws {
    let world = try World()
    let path = world.toy.scratch.path
    let method: JSONValue = ["name": "kd"]
    _ = try world.prepared(method, output: "whole", train: ["save_total_limit": 9])
      .execute(SilentObserver())
    let from = JSONValue.string("\(path)/whole/checkpoint-8")
    let told = SilentObserver()
    _ = try world.prepared(method, output: "run", train: ["resume_from_checkpoint": from])
      .execute(told)
    #expect(told.notices.contains { $0.hasPrefix("going on after update 8") })
    for file in ["model.safetensors", "log.jsonl"] {
      #expect(try world.bytes("run/\(file)") == world.bytes("whole/\(file)"), "\(file)")
    }
    // Not into the folder of another run, whose files would stand beside its own.
    let observer = SilentObserver()
    observer.stopsAfter = 5
    _ = try world.prepared(["name": "none"], output: "mixed").execute(observer)
    #expect(throws: ConfigError.self) {
      try world.prepared(method, output: "mixed", train: ["resume_from_checkpoint": from])
        .execute(SilentObserver())
    }
  }

  /// What a run has read may change or go while it lasts.
  @Test func inputsAreReadOnce() throws {
    let world = try World()
    let path = world.toy.scratch.path
    _ = try world.prepared(["name": "kd"], output: "whole").execute(SilentObserver())
    let prepared = try world.prepared(["name": "kd"], output: "run")
    for name in ["teacher", "generator", "SST-2", "vocab.txt"] {
      ByteFile.remove("\(path)/\(name)")
    }
    _ = try prepared.execute(SilentObserver())
    for file in ["model.safetensors", "log.jsonl", "vocab.txt"] {
      #expect(try world.bytes("run/\(file)") == world.bytes("whole/\(file)"), "\(file)")
    }
  }

  @Test func anotherTeacherIsRefused() throws {
    let world = try World()
    let observer = SilentObserver()
    observer.stopsAfter = 5
    _ = try world.prepared(["name": "kd"], output: "run").execute(observer)
    let path = world.toy.scratch.path
    try ByteFile.write(
      ByteFile.read("\(path)/run/checkpoint-5/model.safetensors"),
      to: "\(path)/teacher/model.safetensors")
    let error = #expect(throws: ConfigError.self) {
      try world.prepared(
        ["name": "kd"], output: "run", train: ["resume_from_checkpoint": true]
      ).execute(SilentObserver())
    }
    #expect(error?.message.contains("data_hashes.teacher") == true)
  }

  @Test func twoRunsDoNotShareAFolder() throws {
    let scratch = try ScratchFolder()
    let lock = try FolderLock(scratch.path)
    #expect(throws: FileError.self) { try FolderLock(scratch.path) }
    withExtendedLifetime(lock) {}
  }
}
