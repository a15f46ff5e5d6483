import Autograd
import Data
import Foundation
import Kernels
import Models
import Runs

/// Customers' letters in German with emoji, quotes and line breaks, as a CSV file with three
/// labels, and what a configuration says about them.
package struct Letters {
  package static let topics = ["praise", "question", "complaint"]
  package let scratch: ScratchFolder
  /// The folder with `train.csv` (45 letters), `dev.csv` (15) and `vocab.txt`.
  package var data: String { scratch.path }
  package var output: String { "\(scratch.path)/out" }

  private static let numbers = ["eins", "zwei", "drei", "vier", "fünf"]
  private static let words = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "danke", "fur", "die", "schone", "uberraschung",
    "wo", "bleibt", "mein", "paket", "bitte", "ist", "kaputt", "argerlich", "👍", "❓", "😡", ",",
    "?", "!", ".", "\"", "eins", "zwei", "drei", "vier", "funf",
  ]

  package init() throws {
    scratch = try ScratchFolder()
    try write(Self.words.joined(separator: "\n") + "\n", to: "vocab.txt")
    try write(Self.csv(rows: 0..<45), to: "train.csv")
    try write(Self.csv(rows: 45..<60), to: "dev.csv")
  }

  package func write(_ text: String, to name: String) throws {
    try Foundation.Data(text.utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/\(name)"))
  }

  /// The topic of a letter, as an index into `topics`.
  package static func topic(_ row: Int) -> Int { row % 3 }

  package static func text(_ row: Int) -> String {
    let number = numbers[(row / 3) % numbers.count]
    switch topic(row) {
    case 0: return "Danke für die \"schöne\" Überraschung, \(number)! 👍"
    case 1: return "Wo bleibt mein Paket \(number),\nbitte? ❓"
    default: return "Mein Paket \(number) ist \"kaputt\" 😡!\r\n\r\nÄrgerlich."
    }
  }

  /// A text as a field of CSV.
  package static func field(_ row: Int) -> String {
    "\"\(text(row).replacingOccurrences(of: "\"", with: "\"\""))\""
  }

  private static func csv(rows: Range<Int>) -> String {
    let spellings = ["Lob", "Frage", "Ärger"]
    return "nr,text,thema\n"
      + rows.map { "\($0),\(field($0)),\(spellings[topic($0)])\n" }.joined()
  }

  /// The section `task`; `changes` go before its end.
  package func task(_ changes: String = "") -> String {
    """
    {"name": "letters", "data_dir": "\(data)", "max_seq_length": 32, "format": "csv",
     "text": "text", "label": "thema", "labels": ["praise", "question", "complaint"],
     "label_spellings": ["Lob", "Frage", "Ärger"], "metrics": ["accuracy", "f1_macro"]\(changes)}
    """
  }

  /// The section of a fresh model that learns these few letters quickly whatever its seed.
  package var fresh: String {
    """
    {"config": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
     "intermediate_size": 32, "max_position_embeddings": 32, "initializer_range": 0.2,
     "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}, "vocab": "\(data)/vocab.txt"}
    """
  }

  /// Reads a configuration from text.
  package func configuration<Run: RunConfiguration>(_ text: String, as run: Run.Type = Run.self)
    throws
    -> Run
  {
    try write(text, to: "run.json")
    return try Run.load(path: "\(scratch.path)/run.json")
  }

  /// A run of `teacher-finetune`.
  package func finetuning(
    task: String, model: String? = nil, output: String = "out", train: String = "\"max_steps\": 1"
  ) throws -> PreparedRun {
    try .teacherFinetune(
      configuration(
        """
        {"output_dir": "\(scratch.path)/\(output)", "seed": 3, "threads": 2, "shards": 2,
         "task": \(task), "model": \(model ?? fresh), "train": {\(train)}}
        """))
  }

  /// A run of `distill` by plain KD; the teacher may know nothing.
  package func distillation(
    teacher: String, task: String? = nil, output: String = "student"
  ) throws -> PreparedRun {
    try .distill(
      configuration(
        """
        {"output_dir": "\(scratch.path)/\(output)", "allow_weak_teacher": true,
         "task": \(task ?? self.task()),
         "teacher": \(teacher), "student": {"from_teacher_layers": [0]}, "method": {"name": "kd"},
         "train": {"max_steps": 1}}
        """))
  }

  /// A folder with a classifier of these label names whose output `i` has the bias `bias[i]`.
  package func classifier(labels: [String], bias: [Float], in name: String) throws -> String {
    try classifier(labels: LabelSet(names: labels), bias: bias, in: name)
  }

  package func classifier(labels set: LabelSet, bias: [Float], in name: String) throws -> String {
    let tokenizer = try TokenizerLoader.load(folder: data)
    var c = EncoderConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 8, layers: 1, attentionHeads: 2,
      intermediateSize: 16)
    c.maximumPositions = 32
    let model = SequenceClassifier(c, labels: set)
    model.initialize(seed: 3)
    if let slot = model.parameters.entry(named: "classifier.bias")?.slot {
      for (column, value) in bias.enumerated() {
        model.parameters.matrix(slot)[0, column] = value
      }
    }
    let path = "\(scratch.path)/\(name)"
    try ModelFolder.write(model, labels: set, to: path, tokenizer: data)
    return path
  }
}
