import Configuration
import Files
import Foundation
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// What every kind of teacher must obey or refuse.
@Suite struct TeacherKindsTests {
  private let world: TeacherWorld

  init() throws { world = try TeacherWorld() }

  /// The kinds of teachers and texts, by what they change in a configuration.
  private func kinds() -> [(name: String, teacher: JSONValue, more: JSONValue)] {
    let files: JSONValue = ["transfer": ["files": [world.path("more.txt")], "ratio": 0.4]]
    return [
      ("roberta", world.model("roberta"), [:]),
      ("ensemble", world.ensemble("probabilities", world.model("bert")), [:]),
      ("predictions", ["predictions": world.path("soft.jsonl")], [:]),
      ("transfer", world.model("roberta"), files),
    ]
  }

  private static let training: JSONValue = [
    "train": [
      "per_device_train_batch_size": 4, "max_steps": 6, "learning_rate": 0.01,
      "eval_strategy": "steps", "eval_steps": 4, "load_best_model_at_end": true, "save_steps": 2,
    ]
  ]

  @Test func runsGoOnAsIfTheyHadNotStopped() throws {
    for (name, teacher, more) in kinds() {
      func run(_ output: String, _ train: JSONValue = [:], stop: Int? = nil) throws {
        let observer = SilentObserver()
        observer.stopsAfter = stop
        let text = world.text(teacher: teacher, output: output, more.merged(with: Self.training))
          .merged(with: ["train": train])
        _ = try world.prepared(text).execute(observer)
      }
      try run("\(name)-whole")
      for stop in [1, 4] {
        try run("\(name)-\(stop)", stop: stop)
        try run("\(name)-\(stop)", ["resume_from_checkpoint": true])
        for file in ["model.safetensors", "log.jsonl", "eval_predictions.tsv"] {
          #expect(
            try world.bytes("\(name)-\(stop)/\(file)") == world.bytes("\(name)-whole/\(file)"),
            "\(name) \(stop) \(file)")
        }
      }
    }
  }

  /// A checkpoint belongs to its predictions.
  @Test func otherPredictionsAreAnotherRun() throws {
    let text = try String(contentsOfFile: "\(world.golden)/soft.csv", encoding: .utf8)
    let path = try world.write(text, as: "mine.csv")
    let configuration = world.text(teacher: ["predictions": path], Self.training)
    let observer = SilentObserver()
    observer.stopsAfter = 2
    _ = try world.prepared(configuration).execute(observer)
    let lines = text.split(separator: "\n")
    _ = try world.write(
      (lines.dropLast() + ["\(lines.last!.split(separator: ",")[0]),1,0,0"])
        .joined(separator: "\n"), as: "mine.csv")
    let resumed = configuration.merged(with: ["train": ["resume_from_checkpoint": true]])
    #expect(world.complaint(resumed).contains("belongs to a run with other settings"))
  }

  @Test func logitsAreKeptBetweenRuns() throws {
    for (name, teacher, more) in kinds() where name != "predictions" {
      let cache = "\(world.scratch.path)/\(name)-cache"
      let text = world.text(teacher: teacher, output: name, more.merged(with: Self.training))
        .merged(with: ["teacher_cache_dir": .string(cache), "overwrite_output_dir": true])
      _ = try world.prepared(text).execute(SilentObserver())
      let student = try world.bytes("\(name)/model.safetensors")
      let again = try world.prepared(text)
      #expect(again.notices.contains { $0.contains("training rows come from \(cache)") })
      _ = try again.execute(SilentObserver())
      #expect(try world.bytes("\(name)/model.safetensors") == student)
      // Another weight or length makes another file.
      let other =
        name == "ensemble"
        ? world.ensemble("probabilities", world.model("bert"), weights: (3, 1))
        : world.model("roberta", ["max_seq_length": 7])
      let changed = try world.prepared(text.merged(with: ["teacher": other]))
      #expect(!changed.notices.contains { $0.contains("training rows come from") })
    }
  }

  /// Predictions that know every label: whatever rows are drawn or held out, they are theirs.
  @Test func predictionsFollowTheRows() throws {
    func known(_ file: String) throws -> JSONValue {
      let rows = try String(contentsOfFile: "\(world.golden)/\(file).csv", encoding: .utf8)
        .split(separator: "\n").dropFirst()
      let lines = rows.enumerated().reversed().map { row, line in
        let labels = ["good", "bad", "odd"].map { line.hasSuffix(",\($0)") ? "1" : "0" }
        return "\(row),\(labels.joined(separator: ","))\n"
      }
      return try world.write("index,good,bad,odd\n" + lines.joined(), as: "\(file).known.csv")
    }
    let teacher: JSONValue = [
      "predictions": try known("train"), "validation_predictions": try known("dev"),
    ]
    let onDev = try world.prepared(world.text(teacher: teacher)).execute(SilentObserver())
    #expect(onDev["teacher_accuracy"] == 1)
    let train = teacher.merged(with: ["validation_predictions": .null])
    let draws: [JSONValue] = [
      ["task": ["samples_per_class": 2]], ["train": ["max_train_samples": 4]],
      ["task": ["validation_split": 0.34]],
    ]
    for (place, draw) in draws.enumerated() {
      for seed in 1...3 {
        let text = world.text(teacher: train, output: "draw-\(place)-\(seed)", draw)
          .merged(with: ["seed": .int(seed)])
        let outcome = try world.prepared(text).execute(SilentObserver())
        let name = place == 2 ? "teacher_accuracy" : "teacher_train_accuracy"
        #expect(outcome[name] == 1, "\(draw) \(seed)")
      }
    }
  }

  @Test func predictionsThatDoNotFitAreRefused() throws {
    let lines = try String(contentsOfFile: "\(world.golden)/soft.csv", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    func complaint(_ lines: [String], as name: String = "soft.csv") throws -> String {
      let path = try world.write(lines.map { $0 + "\n" }.joined(), as: name)
      return world.complaint(world.text(teacher: ["predictions": path]))
    }
    #expect(try complaint(lines).isEmpty)
    #expect(
      try complaint(lines + [lines[3]]).hasSuffix("has a prediction already."))
    #expect(
      try complaint(Array(lines.dropLast())).contains(
        "there is no prediction for 1 of the 9 rows that are used of \(world.golden)/train.csv"))
    #expect(
      try complaint(lines + ["9,0.2,0.3,0.5"]).contains(
        "there is a prediction for row 9, but \(world.golden)/train.csv has 9 rows"))
    func first(_ row: String) -> [String] { [lines[0], row] + lines.dropFirst(2) }
    #expect(try complaint(first("0,0.2,0.3,0.4")).contains("add up to 0.9, not to 1"))
    #expect(try complaint(first("0,1.5,-0.3,-0.2")).contains("that is not from 0 to 1"))
    #expect(try complaint(first("0,nan,0.5,0.5")).contains("must be finite numbers"))
    #expect(try complaint(first("x,0.2,0.3,0.5")).contains("needs \"index\""))
    #expect(try complaint(first("0,0.2,0.8")).contains("has 3 fields, the header 4"))
    #expect(
      try complaint(["index,good,bad"] + (0..<9).map { "\($0),0.5,0.5" }).contains(
        "have 2 numbers each, but task texts has 3: \"good\", \"bad\", \"odd\""))
    #expect(
      try complaint(["index,good,bad,even"] + lines.dropFirst()).contains(
        "the labels are \"good\", \"bad\", \"even\", but task texts has"))
    #expect(try complaint(["text,label"]).contains("the header needs the columns \"index\""))
    #expect(
      try complaint([#"{"index": 0, "label": "good"}"#], as: "x.jsonl").contains(
        ":1: the row needs an object with \"logits\", \"probabilities\" or \"score\""))
    #expect(
      try complaint(
        [
          #"{"index": 0, "logits": [1, 2, 3]}"#, #"{"index": 1, "probabilities": [0, 0, 1]}"#,
        ], as: "x.jsonl"
      ).contains("another kind of numbers, than the first row"))
  }

  @Test func methodsThatNeedTheStudentsTokensSaySo() throws {
    for method in MethodRegistry.all where MethodRegistry.isBuiltIn(method) {
      let section: JSONValue = .object([("name", .string(method.name))])
      let generator: JSONValue = method.needsGenerator ? ["generator": world.model("bert")] : [:]
      let own = world.complaint(
        world.text(method: section, output: method.name, generator))
      let predicted = world.complaint(
        world.text(
          teacher: ["predictions": world.path("soft.csv")], method: section,
          output: "\(method.name)-predictions", generator))
      if method.teacherUse == .model {
        #expect(
          own.hasPrefix(
            "teacher and student have different vocabularies (")
            && own.contains("but method \(method.name) compares models token by token")
            && own.contains("kd, annealing-kd, continuation-kd"), "\(own)")
        #expect(
          predicted.contains("method \(method.name) asks its teacher for more than logits"),
          "\(predicted)")
      } else {
        #expect(own.isEmpty && predicted.isEmpty, "\(method.name): \(own) \(predicted)")
      }
    }
  }

  @Test func sectionsThatMakeNoSenseAreRefused() throws {
    let soft = world.path("soft.csv")
    func refused(_ text: JSONValue, _ part: String) {
      let found = world.complaint(text)
      #expect(found.contains(part), "\(found)")
    }
    refused(
      world.text(teacher: ["predictions": soft], ["student": ["from_teacher_layers": [0]]]),
      "student has both")
    refused(
      world.text(
        teacher: ["predictions": soft],
        ["student": ["model_name_or_path": .null, "from_teacher_layers": [0]]]),
      "takes layers of a teacher that is one model, but it is predictions")
    refused(
      world.text(["teacher": ["predictions": soft]]), "has both predictions and model_name_or_path")
    refused(world.text(teacher: ["ensemble": []]), "an array of objects, at least one")
    refused(world.text(teacher: ["ensemble": [["wight": 1]]]), "wight")
    refused(
      world.text(teacher: world.ensemble("median", world.model("bert"))),
      "must be \"probabilities\" or \"logits\"")
    let files: JSONValue = ["files": [world.path("more.txt")]]
    refused(
      world.text(teacher: ["predictions": soft], ["transfer": files]),
      "transfer_predictions names 0 files, but transfer.files names 1")
    refused(
      world.text(["transfer": files.merged(with: ["ratio": 1])]),
      "asks for 9 texts beside 9 labelled rows, but transfer.files have 4")
    refused(
      world.text(["transfer": files.merged(with: ["ratio": 1, "alone": true])]),
      "counts labelled rows, which `alone` leaves out")
    refused(
      world.text(method: ["name": "none"], ["transfer": files]),
      "method none learns nothing from texts without labels")
    let alone: JSONValue = ["transfer": files.merged(with: ["alone": true])]
    refused(
      world.text(method: ["name": "annealing-kd"], alone),
      "some updates of method annealing-kd learn from labels alone")
    refused(
      world.text([
        "transfer": files.merged(with: ["alone": true]), "train": ["max_train_samples": 3],
      ]), "leaves out the labelled rows that train.max_train_samples draws")
    refused(
      world.text(teacher: world.model("roberta", ["max_seq_length": 40])),
      "max_seq_length of the teacher is 40, but the teacher has position embeddings for 18 tokens")
  }

  /// Texts without labels whose predictions somebody made, drawn by ratio.
  @Test func predictionsOfTransferTexts() throws {
    let more = try world.write(
      (0..<4).map { #"{"index": \#($0), "logits": [0, 0, 0]}"# + "\n" }.joined(), as: "more.jsonl")
    let teacher: JSONValue = [
      "predictions": world.path("soft.csv"), "transfer_predictions": [more],
    ]
    let text = world.text(
      teacher: teacher, ["transfer": ["files": [world.path("more.txt")], "ratio": 0.25]])
    let run = try world.prepared(text)
    #expect(run.training.data.count == 11)
    #expect(run.training.data.targets.knownRows == Array(0..<9))
    #expect(run.notices.contains("2 of 4 texts without labels are learnt beside 9 labelled rows"))
    let outcome = try run.execute(SilentObserver())
    #expect(outcome["teacher_train_accuracy"] != nil)
  }

  /// Every method that says so learns from texts without labels, even in a batch of them alone.
  @Test func methodsThatTakeTextsWithoutLabels() throws {
    for method in MethodRegistry.all
    where MethodRegistry.isBuiltIn(method) && method.unlabelledTexts != .none {
      let section: JSONValue = .object([("name", .string(method.name))])
      let generator: JSONValue =
        method.needsGenerator ? ["generator": world.model("student")] : [:]
      let text = world.text(
        teacher: world.model("bert"), method: section, output: method.name, generator
      ).merged(with: [
        "student": ["model_name_or_path": .null, "from_teacher_layers": [0, 1]],
        "transfer": ["files": [world.path("more.txt")]],
        "train": ["per_device_train_batch_size": 2, "max_steps": 14, "learning_rate": 0.01],
      ])
      let observer = SilentObserver()
      let outcome = try world.prepared(text).execute(observer)
      #expect((outcome["train_loss"] ?? .nan).isFinite, "\(method.name)")
    }
  }
}
