import Configuration
import Files
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// Runs whose teacher has another vocabulary and reads the texts that a generator writes.
@Suite struct DecodedTeacherTests {
  private let world: TeacherWorld

  init() throws { world = try TeacherWorld() }

  /// A fresh generator, which takes over the student's vocabulary.
  private static let generator: JSONValue = [
    "generator": [
      "config": [
        "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 16, "max_position_embeddings": 16,
      ]
    ]
  ]
  private static let training: JSONValue = [
    "train": [
      "per_device_train_batch_size": 4, "max_steps": 6, "learning_rate": 0.01,
      "eval_strategy": "steps", "eval_steps": 4, "load_best_model_at_end": true, "save_steps": 2,
    ]
  ]

  private func method(_ name: String, _ more: JSONValue = [:]) -> JSONValue {
    let usual: JSONValue = [
      "teacher_input": "decoded_text", "generator_steps": 2, "student_steps": 2,
      "generator_learning_rate": 0.01, "mask_probability": 0.5,
    ]
    return (["name": .string(name)] as JSONValue).merged(with: usual).merged(with: more)
  }

  private func text(
    _ method: JSONValue, teacher: JSONValue? = nil, output: String = "out", _ more: JSONValue = [:]
  ) -> JSONValue {
    world.text(
      teacher: teacher, method: method, output: output,
      Self.generator.merged(with: Self.training)
    ).merged(with: more)
  }

  @Test(arguments: ["mate-kd", "cilda"])
  func runsGoOnAndNoNumberOfThreadsMatters(_ name: String) throws {
    func run(_ output: String, _ more: JSONValue = [:], stop: Int? = nil) throws {
      let observer = SilentObserver()
      observer.stopsAfter = stop
      _ = try world.prepared(text(method(name), output: output, more)).execute(observer)
    }
    try run("whole", ["threads": 1])
    try run("threads", ["threads": 2])
    var outputs = ["threads"]
    for stop in [1, 4] {
      outputs.append("stopped-\(stop)")
      try run("stopped-\(stop)", stop: stop)
      try run("stopped-\(stop)", ["train": ["resume_from_checkpoint": true]])
    }
    for output in outputs {
      for file in [
        "model.safetensors", "log.jsonl", "eval_predictions.tsv", "adversarial_examples.jsonl",
        "generator/model.safetensors",
      ] {
        #expect(
          try world.bytes("\(output)/\(file)") == world.bytes("whole/\(file)"), "\(output) \(file)")
      }
    }
    // The generator has learnt, and writes the student's words.
    #expect(
      try world.bytes("whole/generator/vocab.txt")
        == ByteFile.read("\(world.golden)/student/vocab.txt"))
  }

  @Test func theExamplesTellWhatTheTeacherRead() throws {
    _ = try world.prepared(text(method("mate-kd"))).execute(SilentObserver())
    let lines = try String(decoding: world.bytes("out/adversarial_examples.jsonl"), as: UTF8.self)
      .split(separator: "\n").map { try StrictJSON.parse(String($0), file: "examples") }
    #expect(lines.count == 9)
    for line in lines {
      let words = (line["adversarial_tokens"]?.array ?? []).compactMap(\.string)
        .filter { !["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"].contains($0) }
      let read = try #require(line["adversarial_text"]?.array?.first?.string)
      #expect(
        read.filter { !" #".contains($0) } == words.joined().replacing("#", with: ""), "\(words)")
    }
  }

  /// With the same vocabulary the option means only that no gradient passes through the teacher.
  @Test func aTeacherWithTheSameVocabularyMayReadTextToo() throws {
    func losses(_ input: String) throws -> [Double] {
      let observer = SilentObserver()
      let settings = method(
        "mate-kd", ["teacher_input": .string(input), "generator_steps": 0, "fill": "unigram"])
      _ = try world.prepared(
        text(settings, teacher: world.model("bert"), output: input, ["train": ["max_steps": 2]])
      ).execute(observer)
      return observer.logged.compactMap { $0["adversarial_divergence"] }
    }
    // Words of these texts come back from decoding as they were: both teachers read the same.
    let (read, embedded) = (try losses("decoded_text"), try losses("embeddings"))
    #expect(read.count == 2 && read == embedded)
  }

  @Test func whatCannotBeIsRefused() throws {
    func refused(_ text: JSONValue, _ part: String) {
      let found = world.complaint(text)
      #expect(found.contains(part), "\(found)")
      #expect(!found.contains("\n"), "\(found)")
    }
    refused(
      text(method("mate-kd", ["teacher_input": "embeddings"])),
      "or method.teacher_input \"decoded_text\", with which the teacher reads text")
    refused(text(method("mate-kd", ["fill": "mask"])), "which fill \"mask\" leaves, is no text")
    refused(
      text(method("cilda", ["projection_init": "least_squares"])),
      "\"least_squares\" fits the states of both models on the same tokens")
    refused(
      text(method("mate-kd", ["teacher_input": "text"])),
      "must be \"embeddings\" or \"decoded_text\"")
    let vocabulary: JSONValue = ["generator": ["vocab": world.path("student")]]
    for teacher in [
      ["predictions": world.path("soft.csv")],
      world.ensemble("probabilities", world.model("bert")),
    ] {
      refused(text(method("mate-kd"), teacher: teacher, vocabulary), "so it must be one model")
    }
    // The words that it writes must be the student's.
    refused(
      text(
        method("mate-kd"),
        ["generator": ["vocab": world.path("roberta")]]),
      "student and generator have different vocabularies")
    for name in ["comkd", "text-smoothing"] {
      refused(
        text(["name": .string(name), "teacher_input": "decoded_text"]), "teacher_input")
    }
  }
}
