import Autograd
import Configuration
import Files
import Foundation
import Kernels
import Methods
import Models
import Runs
import TestSupport
import Testing
import Trainers

/// Whole runs of the methods without training data.
@Suite struct DataFreeRunTests {
  /// A toy teacher and validation rows that it is right about, so that it counts as no weak one.
  private func prepare(_ toy: ToyWorld) throws {
    let labels = LabelSet(names: ["negative", "positive"])
    let teacher = SequenceClassifier(toy.shape(dropout: 0.1), labels: labels)
    teacher.initialize(seed: 2)
    try ModelFolder.write(
      teacher, labels: labels, to: "\(toy.scratch.path)/teacher", tokenizer: toy.scratch.path)
    try toy.scratch.write(
      "sentence\tlabel\ngood film\t1\nbad film\t0\n", as: "SST-2/dev.tsv")
  }

  private func run(
    _ toy: ToyWorld, method: String, student: String = #"{"from_teacher_layers": [0]}"#,
    train: String = #""max_steps": 6"#
  ) throws -> PreparedRun {
    let path = try toy.scratch.write(
      """
      {"allow_weak_teacher": true, "output_dir": "\(toy.scratch.path)/out",
       "overwrite_output_dir": true, "seed": 5,
       "task": {"name": "sst-2", "data_dir": "\(toy.scratch.path)", "max_seq_length": 16},
       "teacher": {"model_name_or_path": "\(toy.scratch.path)/teacher"},
       "student": \(student), "method": \(method),
       "train": {"per_device_train_batch_size": 4, "logging_steps": 2, "learning_rate": 0.01,
                 \(train)}}
      """, as: "run.json")
    return try PreparedRun.distill(.load(path: path))
  }

  private static let methods: [(name: String, keys: String)] = [
    ("as-dfd", #""construction_steps": 3, "student_steps": 2, "texts": {"rows": 10}"#),
    ("zskd", #""construction_steps": 3, "texts": {"rows": 10}"#),
    ("zskt", #""student_steps": 2, "noise_size": 4, "texts": {"rows": 10}"#),
    ("random-text", #""texts": {"rows": 10}"#),
  ]

  @Test(arguments: 0..<4)
  func noTrainingFileIsOpened(_ number: Int) throws {
    let (name, keys) = Self.methods[number]
    let toy = try ToyWorld(rows: 1)
    try prepare(toy)
    let method = "{\"name\": \"\(name)\", \(keys)}"
    let file = "\(toy.scratch.path)/SST-2/train.tsv"
    var models: [Foundation.Data] = []
    for isThere in [false, true] {
      if isThere {
        // Nothing reads this without an error.
        try Foundation.Data([0xFF, 0xFE, 0x00, 0x09, 0xFF, 0x0A]).write(
          to: URL(fileURLWithPath: file))
        #expect(throws: FileError.self) { try run(toy, method: #"{"name": "kd"}"#) }
      }
      let outcome = try run(toy, method: method).execute(SilentObserver())
      #expect(outcome.results.contains { $0.name == "train_samples" && $0.value == 10 })
      #expect(outcome.results.contains { $0.name == "eval_accuracy" })
      models.append(
        try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(outcome.folder)/model.safetensors"))
      )
      try samples(in: outcome.folder, of: name)
    }
    #expect(models[0] == models[1])
  }

  /// Every method on vectors leaves its last batch spelled out.
  private func samples(in folder: String, of method: String) throws {
    let path = "\(folder)/pseudo_samples.txt"
    guard method != "random-text" else {
      #expect(!FileManager.default.fileExists(atPath: path))
      return
    }
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.first == "label\tteacher_probability\tmean_cosine\tnearest_words")
    #expect((2...4).contains(lines.count - 1))
    for line in lines.dropFirst() {
      let fields = line.split(separator: "\t")
      #expect(fields.count == 4 && ["negative", "positive"].contains(fields[0]))
      #expect((0...1).contains(Double(fields[1]) ?? -1) && (Double(fields[2]) ?? 0) > 0.3)
      #expect(fields[3].hasPrefix("[CLS] ") && fields[3].hasSuffix(" [SEP]"))
    }
  }

  @Test(arguments: 0..<4)
  func theBudgetMustBeInUpdates(_ number: Int) throws {
    let toy = try ToyWorld(rows: 1)
    try prepare(toy)
    let name = Self.methods[number].name
    let error = #expect(throws: ConfigError.self) {
      try run(toy, method: "{\"name\": \"\(name)\"}", train: #""num_train_epochs": 3"#)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("method \(name) makes its own texts") && text.contains("max_steps"))
  }

  @Test(arguments: ["as-dfd", "zskd", "zskt"])
  func widthsMustAgree(_ name: String) throws {
    let toy = try ToyWorld(rows: 1)
    try prepare(toy)
    let student = """
      {"config": {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
                  "intermediate_size": 16, "max_position_embeddings": 24}}
      """
    let error = #expect(throws: MismatchError.self) {
      try run(toy, method: "{\"name\": \"\(name)\"}", student: student)
    }
    #expect(
      error?.description.contains("have 16 elements (hidden_size) and the student's 8") == true)
    // Random text has no vectors, so any student will do.
    _ = try run(toy, method: #"{"name": "random-text"}"#, student: student)
  }

  @Test func aFreshStudentOfTheSameWidthGetsTheTeachersWords() throws {
    let toy = try ToyWorld(rows: 1)
    let (teacher, student) = (toy.classifier(seed: 2), toy.classifier(seed: 1))
    func words(_ model: SequenceClassifier) -> [Float] {
      model.parameters.matrix(model.encoder.words).values
    }
    #expect(words(teacher) != words(student))
    _ = try VectorDistillation(
      DistillationSetup(
        student: student, teacher: teacher, generator: nil, maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: 1),
        studentTraining: TrainedModel(student.parameters), totalSteps: 1, labelSmoothing: 0),
      settings: VectorDistillation.Settings(), method: "as-dfd")
    #expect(words(teacher) == words(student))
  }

  @Test func classesAndLayersMustBeThere() throws {
    let toy = try ToyWorld(rows: 1)
    let score = LabelSet(names: ["score"], problem: .regression)
    let models = (1...2).map { _ in SequenceClassifier(toy.shape(dropout: 0), labels: score) }
    let setup = DistillationSetup(
      student: models[0], teacher: models[1], generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: models[1], rows: 1),
      studentTraining: TrainedModel(models[0].parameters), totalSteps: 1, labelSmoothing: 0)
    #expect(throws: MismatchError.self) { try ASDFD(setup, settings: ASDFD.Settings()) }
    let scores = #expect(throws: MismatchError.self) { try ZSKD(setup, settings: ZSKD.Settings()) }
    #expect(
      scores?.description.hasPrefix(
        "method zskd makes texts of one class each, but the task's labels are scores") == true)
    _ = try ZSKT(setup, settings: ZSKT.Settings())
    var settings = ZSKT.Settings()
    settings.distillation.patienceWeight = 1
    let error = #expect(throws: MismatchError.self) { try ZSKT(setup, settings: settings) }
    #expect(error?.description.contains("set the patience weight to 0") == true)
  }

  @Test(arguments: [
    ("as-dfd", #"{"lifetime": -1}"#, "lifetime"),
    ("as-dfd", #"{"texts": {"corpus": "a.txt"}}"#, "corpus"),
    ("as-dfd", #"{"loss_weights": {"ce": 1}}"#, "ce"),
    ("zskd", #"{"concentrations": []}"#, "concentrations"),
    ("zskd", #"{"concentrations": [0]}"#, "concentrations"),
    ("zskt", #"{"noise_size": 1}"#, "noise_size"),
    ("random-text", #"{"texts": {"row": 5}}"#, "rows"),
  ])
  func mistakes(_ method: String, _ text: String, _ part: String) throws {
    let description = try #require(MethodRegistry.named(method))
    #expect(!description.needsTrainingData)
    let error = #expect(throws: ConfigError.self) {
      _ = try description.configure(methodSection(text))
    }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.hasPrefix("run.json:1:") && message.contains(part), "\(message)")
  }
}
