import Autograd
import Data
import Files
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

/// Training texts beside what the generator made of them at the end of the run, with the answers of
/// teacher and student, for people to look at.
struct AdversarialExamples {
  /// The file in the run's folder: JSON Lines.
  static let fileName = "adversarial_examples.jsonl"
  /// How many texts.
  private static let count = 16
  private let lines: [JSONValue]

  /// The texts at the beginning of the training data. Nothing of the method or the models changes.
  ///
  /// - Parameter labels: the names of the models' outputs; nothing is made where a text may have
  ///   several labels or has a score.
  init(
    _ method: any AdversarialTextMethod, student: SequenceClassifier,
    teacher: OpenedModel<SequenceClassifier>, data: TokenizedDataset, setup: RunSetup
  ) {
    let labels = student.labels.names
    let classes = data.targets.classes
    guard !classes.isEmpty else {
      lines = []
      return
    }
    let rows = Array(0..<min(Self.count, data.count))
    lines = rows.flatMap { row in
      Shard.split([row], of: data, lanes: 1).map { shard in
        let tape = Tape(
          pool: BufferPool(), seed: setup.common.seed, step: row, precision: setup.precision)
        let texts = [
          shard.tokens, method.adversarialTexts(of: shard, draw: row, on: tape),
        ]
        let answers = texts.map { tokens in
          [teacher.model, student].map { model in
            Self.answer(model.logits(tokens, tape: tape, training: false).value, labels)
          }
        }
        let spelled = texts.map { tokens in
          JSONValue.array(
            tokens.ids.map { .string(teacher.tokenizer.token(for: $0) ?? "[\($0)]") })
        }
        return [
          "reference": .string(labels[Int(classes[row])]), "tokens": spelled[0],
          "adversarial_tokens": spelled[1], "teacher": answers[0][0], "student": answers[0][1],
          "adversarial_teacher": answers[1][0], "adversarial_student": answers[1][1],
        ]
      }
    }
  }

  /// Writes one line per text; writes nothing if there are no texts.
  ///
  /// - Throws: `FileError`.
  func write(to folder: String) throws {
    guard !lines.isEmpty else { return }
    let writer = JSONWriter(layout: .line)
    try ByteFile.write(
      lines.flatMap { writer.bytes($0) + [0x0A] }, to: "\(folder)/\(Self.fileName)")
  }

  /// The likeliest label of a text with its probability.
  private static func answer(_ logits: Matrix, _ labels: [String]) -> JSONValue {
    let place = Int(Kernel.argmaxRows(logits)[0])
    let copy = Matrix(logits.rows(0..<1).values, rows: 1, columns: logits.columns)
    Kernel.softmaxRows(copy)
    return ["label": .string(labels[place]), "probability": .float(copy[0, place])]
  }
}
