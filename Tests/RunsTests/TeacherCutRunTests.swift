import Configuration
import Data
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Runs whose student is cut from its teacher.
@Suite struct TeacherCutRunTests {
  private func prepare(
    _ toy: ToyWorld, student: String, method: String = #"{"name": "kd"}"#, output: String = "out"
  ) throws -> PreparedRun {
    let labels = LabelSet(names: ["negative", "positive"])
    let teacher = SequenceClassifier(toy.shape(dropout: 0.1), labels: labels)
    teacher.initialize(seed: 2)
    try ModelFolder.write(
      teacher, labels: labels, to: "\(toy.scratch.path)/teacher", tokenizer: toy.scratch.path)
    let rows = SyntheticSentiment(trainRows: 40, developmentRows: 2, testRows: 1, seed: 5)
    let lines = rows.examples(.train).map { "\($0.text)\t\($0.label)\n" }
    try toy.scratch.write("sentence\tlabel\n" + lines.joined(), as: "SST-2/train.tsv")
    try toy.scratch.write("sentence\tlabel\ngood film\t1\nbad film\t0\n", as: "SST-2/dev.tsv")
    let path = try toy.scratch.write(
      """
      {"allow_weak_teacher": true, "output_dir": "\(toy.scratch.path)/\(output)", "seed": 5,
       "overwrite_output_dir": true,
       "task": {"name": "sst-2", "data_dir": "\(toy.scratch.path)", "max_seq_length": 16},
       "teacher": {"model_name_or_path": "\(toy.scratch.path)/teacher"},
       "student": \(student), "method": \(method),
       "train": {"per_device_train_batch_size": 4, "max_steps": 2}}
      """, as: "run.json")
    return try PreparedRun.distill(.load(path: path))
  }

  @Test(arguments: ["pca", "select"])
  func narrowerStudents(basis: String) throws {
    let toy = try ToyWorld(rows: 1)
    let student = """
      {"from_teacher": {"hidden_size": 8, "intermediate_size": 12, "init": "\(basis)",
       "samples": 20}}
      """
    var models: [[Float]] = []
    for output in ["one", "two"] {
      _ = try prepare(toy, student: student, output: output).execute(SilentObserver())
      let folder = try ModelFolder("\(toy.scratch.path)/\(output)")
      let shape = folder.configuration.encoder
      #expect(shape.hiddenSize == 8 && shape.attentionHeads == 1 && shape.intermediateSize == 12)
      let (model, report) = try folder.classifier(seed: 1)
      #expect(report == LoadReport())
      models.append(model.parameters.buffer.withFloats(Array.init))
    }
    // The same texts, the same student, the same run.
    #expect(models[0] == models[1] && models[0].contains { $0 != 0 })
  }

  @Test(arguments: [
    #"{"name": "tinybert", "loss_weights": {"attention": 0}, "#, #"{"name": "rail-kd", "#,
    #"{"name": "rail-kd", "variant": "layer-wise", "#, #"{"name": "codir", "negatives": 3, "#,
  ])
  func mapsThatBeginAtAFit(method: String) throws {
    let toy = try ToyWorld(rows: 1)
    var losses: [Double] = []
    for start in ["random", "least_squares"] {
      let run = try prepare(
        toy, student: #"{"from_teacher": {"hidden_size": 8}}"#,
        method: method + #""projection_init": "\#(start)"}"#)
      let outcome = try run.execute(SilentObserver())
      losses.append(
        try #require(outcome.results.first { $0.name == "train_loss" }).value)
    }
    #expect(losses[1] < losses[0], "\(losses)")
  }

  static let mistakes: [(String, String)] = [
    (
      #"{"from_teacher": {"hidden_size": 12}}"#,
      "student.from_teacher: num_attention_heads 1 does not fit hidden_size 12"
    ),
    (#"{"from_teacher": {"layers": [1]}}"#, "student.from_teacher.layers names layer 1"),
    (#"{"from_teacher": {"init": "svd"}}"#, "student.from_teacher.init"),
    (#"{"from_teacher": {"width": 8}}"#, "unknown key"),
    (
      #"{"from_teacher": {"embedding_size": 8}}"#,
      "family bert has no embeddings of another width than its states; leave it out"
    ),
    (
      #"{"from_teacher": {}, "from_teacher_layers": [0]}"#,
      "student has both from_teacher_layers and from_teacher; keep one of them."
    ),
  ]

  @Test(arguments: 0..<mistakes.count)
  func mistakesOfUsers(_ number: Int) throws {
    let (student, message) = Self.mistakes[number]
    let toy = try ToyWorld(rows: 1)
    #expect {
      try prepare(toy, student: student)
    } throws: { "\($0)".contains(message) }
  }
}
