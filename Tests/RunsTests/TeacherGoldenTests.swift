import Data
import Files
import Foundation
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// The first update by each kind of teacher beside PyTorch and transformers.
@Suite struct TeacherGoldenTests {
  private let world: TeacherWorld
  private let expected: JSONValue

  init() throws {
    world = try TeacherWorld()
    expected = try StrictJSON.read(TestFiles.golden("teachers/expected.json"))
  }

  /// Compares loss, norm of the gradient and the teacher's loss on the dev rows.
  private func check(_ name: String, _ text: JSONValue) throws {
    let observer = SilentObserver()
    let outcome = try world.prepared(text).execute(observer)
    let wanted = try #require(expected["cases"]?[name])
    let entry = try #require(observer.logged.first { $0.step == 1 })
    let bound = Network.ofMethods
    let loss = try #require(wanted["loss"]?.double)
    #expect(bound.agrees(entry["loss"] ?? .nan, loss), "\(name)")
    let norm = try #require(wanted["grad_norm"]?.double)
    let found = Float(entry["grad_norm"] ?? .nan)
    #expect(bound.agree([found], [Float(norm)], evaluations: 1), "\(name) \(found) \(norm)")
    if let teacher = wanted["teacher_loss"]?.double {
      #expect(bound.agrees(outcome["teacher_loss"] ?? .nan, teacher), "\(name)")
    }
    #expect(try world.bytes("out/vocab.txt") == ByteFile.read("\(world.golden)/student/vocab.txt"))
  }

  @Test func anotherVocabulary() throws {
    let run = try world.prepared(world.text())
    #expect(run.notices.contains { $0.contains("do not read the same tokens") })
    #expect(
      run.training.data.lengths.map { JSONValue.int($0) }
        == expected["lengths"]?["student"]?.array?.map { $0 })
    try check("roberta", world.text())
  }

  @Test func anotherLength() throws {
    try check("short", world.text(teacher: world.model("roberta", ["max_seq_length": 6])))
  }

  @Test(arguments: ["annealing-kd", "continuation-kd"])
  func otherMethods(name: String) throws {
    let method: JSONValue = .object([("name", .string(name))])
    try check(name, world.text(method: method))
  }

  @Test(arguments: ["probabilities", "logits"])
  func ensembles(average: String) throws {
    let teacher = world.ensemble(average, world.model("bert"))
    try check(average, world.text(teacher: teacher))
    // Weights count by their ratios.
    let half = world.ensemble(average, world.model("bert"), weights: (1, 0.5))
    try check(average, world.text(teacher: half, ["overwrite_output_dir": true]))
  }

  @Test(arguments: ["soft.jsonl", "soft.csv"])
  func predictions(file: String) throws {
    let teacher: JSONValue = ["predictions": world.path(file)]
    try check("predictions", world.text(teacher: teacher))
    let outcome = try world.prepared(
      world.text(teacher: teacher, output: "again")
    ).execute(SilentObserver())
    // The golden has twelve digits.
    let accuracy = try #require(expected["train_accuracy_of_predictions"]?.double)
    #expect(abs((outcome["teacher_train_accuracy"] ?? .nan) - accuracy) < 1e-11)
    #expect(outcome["teacher_accuracy"] == nil)
  }

  @Test func anEnsembleOfAModelAndPredictions() throws {
    let teacher = world.ensemble(
      "probabilities", ["predictions": world.path("soft.jsonl")], weights: (1, 3))
    try check("mixed", world.text(teacher: teacher))
  }

  @Test func transferSets() throws {
    let files: JSONValue = ["transfer": ["files": [world.path("more.txt")]]]
    try check("transfer", world.text(files))
    let alone = files.merged(with: ["transfer": ["alone": true], "overwrite_output_dir": true])
    try check("alone", world.text(alone))
  }

  @Test func severalLabels() throws {
    for name in ["roberta", "bert", "student"] {
      let folder = "\(world.scratch.path)/\(name)"
      try FileManager.default.copyItem(atPath: "\(world.golden)/\(name)", toPath: folder)
      let config = try StrictJSON.read("\(folder)/config.json")
        .merged(with: ["problem_type": "multi_label_classification"])
      try FileManager.default.removeItem(atPath: "\(folder)/config.json")
      try JSONWriter().write(config, to: "\(folder)/config.json")
    }
    for file in ["train.csv", "dev.csv"] {
      // "good" beside whatever else there is.
      let text = try String(contentsOfFile: "\(world.golden)/\(file)", encoding: .utf8)
        .replacing(",bad\n", with: ",good|bad\n").replacing(",odd\n", with: ",odd|good\n")
      _ = try world.write(text, as: file)
    }
    func model(_ name: String) -> JSONValue {
      ["model_name_or_path": .string("\(world.scratch.path)/\(name)")]
    }
    let text = world.text(
      teacher: world.ensemble("probabilities", model("bert")).merged(with: [:]),
      [
        "task": [
          "data_dir": .string(world.scratch.path), "multi_label": true, "metrics": .null,
        ], "student": model("student"),
      ])
    let members: JSONValue = [
      model("roberta").merged(with: ["weight": 2]), model("bert").merged(with: ["weight": 1]),
    ]
    try check("several", text.merged(with: ["teacher": ["ensemble": members]]))
  }
}
