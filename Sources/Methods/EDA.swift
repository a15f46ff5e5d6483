import Autograd
import Configuration
import Data
import Files
import Kernels
import Models
import Trainers

/// EDA, easy data augmentation: the student also reads copies of its texts in which words were
/// replaced by synonyms, inserted, swapped or left out.
///
/// L = w_ce CE(S(x'), y) + w_kd T^2 D(T(x'), S(x')), x' being the text or one of its copies
/// (`EditedTexts`). The paper has gold labels alone. Source: Wei and Zou 2019 (arXiv 1901.11196),
/// which Text Smoothing (2022) compares with; docs/methods/eda.md.
public struct EDA: Objective {
  static let description = MethodDescription(
    name: "eda", summary: "texts with edited words (Wei and Zou 2019; baseline of Text Smoothing)",
    takesSeveralLabels: true, unlabelledTexts: .besideLabelled,
    settings: Settings.init(_:), objective: EDA.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    /// Where Debian's package wordnet-base puts WordNet.
    package static let usualFolder = "/usr/share/wordnet"

    package var wordNet = usualFolder
    /// The share of words that an edit changes.
    package var alpha = 0.1
    /// N.
    package var copies = 9
    package var terms = LogitTerms(ce: 1, kd: 0)

    package init() {}

    package init(_ section: ConfigSection) throws {
      wordNet =
        try section.optionalPath(
          "wordnet",
          "The folder of WordNet's files, from which synonyms are taken; by default "
            + "\(Self.usualFolder), where Debian's package wordnet-base puts them.")
        ?? Self.usualFolder
      alpha = try section.number(
        "alpha", default: 0.1, in: 0...1,
        "The share of a text's words that an edit changes, but at least one; 0 changes nothing.")
      copies = try section.int(
        "copies", default: 9, in: 1...1_000_000,
        "Edited copies of a text; a pass reads one of them or the original.")
      try section.lossWeights { terms = try terms.reading(section, weights: $0) }
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let terms: LogitTerms
  private let texts: EditedTexts

  /// - Throws: `FileError` if WordNet cannot be read; `MismatchError` outside of a run.
  package init(_ setup: DistillationSetup, settings: Settings) throws {
    guard let tokenizer = setup.tokenizer else {
      throw MismatchError(.method, "method eda needs the tokenizer of the student's tokens")
    }
    let wordNet: WordNet
    do { wordNet = try WordNet(folder: settings.wordNet) } catch let error as FileError
      where error.kind == .missing
    {
      throw FileError(
        .missing, file: error.file,
        problem: "there is no such file, but method eda takes synonyms from WordNet; install "
          + "Debian's package wordnet-base, or name the folder of its files as method.wordnet.")
    }
    self.setup = setup
    terms = settings.terms
    let readers = [setup.student] + (terms.kd > 0 ? [setup.teacher] : [])
    texts = EditedTexts(
      WordEdits(
        alpha: settings.alpha,
        synonyms: { try Self.synonyms(of: $0, in: wordNet) },
        tokens: { tokenizer.encode(tokenizer.kind == .bytePair ? " \($0)" : $0) }),
      copies: settings.copies, tokenizer: tokenizer,
      maximumLength: readers.map(\.encoder.configuration.maximumLength).min() ?? .max,
      seed: setup.seed)
    trainedModels = [setup.studentTraining]
  }

  /// What a word may give way to: the words of its meanings in letters from a to z and spaces, as
  /// in the official code, but in the order of WordNet.
  package static func synonyms(of word: String, in wordNet: WordNet) throws -> [String] {
    var seen: Set<String> = [word]
    return try wordNet.lemmas(of: word).map { lemma in
      String(
        lemma.lowercased().map { "_-".contains($0) ? " " : $0 }.filter { letter in
          letter == " " || ("a"..."z").contains(letter)
        })
    }.filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    var scalars = try step.forEachShard { shard, tape in
      let (edited, changed) = try texts.texts(of: shard, draw: step.drawNumber)
      let teacher =
        terms.kd > 0 ? setup.teacher.logits(edited, tape: tape, training: false) : nil
      let student = setup.student.logits(edited, tape: tape, training: true)
      var loss = LossTerms(step)
      loss.add("ce_loss", weight: terms.ce) {
        setup.supervisedLoss(student, of: shard, on: tape, weight: $0)
      }
      if let teacher {
        loss.add("kd_loss", weight: terms.kd * terms.factor(of: setup.student)) {
          setup.student.divergence(
            terms.divergence, student: student, teacher: teacher, of: shard,
            temperature: terms.temperature, on: tape, weight: $0)
        }
      }
      tape.backward()
      loss.scalars["edited_rate"] = Double(changed)
      return loss.scalars
    }
    scalars["edited_rate"] /= Double(step.count)
    return scalars
  }
}
