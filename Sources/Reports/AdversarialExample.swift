import StrictJSON

/// A text, what the generator of MATE-KD made of it, and both models' answers.
struct AdversarialExample: Sendable {
  /// The file in a run's folder that holds them.
  static let fileName = "adversarial_examples.jsonl"

  /// A model's answer.
  struct Answer: Sendable {
    let label: String
    let probability: Double?

    /// A label with its probability, a score, or several labels.
    init?(_ json: JSONValue?) {
      guard let answer = json?["answer"] else { return nil }
      label = Self.text(answer)
      probability =
        answer.string == nil
        ? nil : json?["scores"]?.array?.compactMap(\.double).max()
    }

    static func text(_ answer: JSONValue) -> String {
      answer.string ?? answer.numberText
        ?? (answer.array ?? []).map { $0.string ?? "" }.joined(separator: ", ")
    }
  }

  /// The right answer.
  let reference: String
  /// The tokens of the text and of the adversarial text, one for one.
  let tokens, adversarialTokens: [String]
  /// The answers on the text and on the adversarial text.
  let teacher, student, adversarialTeacher, adversarialStudent: Answer?

  /// Nil for anything else than a line of the file.
  init?(_ json: JSONValue) {
    func strings(_ key: String) -> [String]? {
      json[key]?.array?.compactMap(\.string)
    }
    guard let tokens = strings("tokens"), let made = strings("adversarial_tokens"),
      tokens.count == made.count
    else { return nil }
    (self.tokens, adversarialTokens) = (tokens, made)
    reference = json["gold"].map(Answer.text) ?? ""
    teacher = Answer(json["teacher"])
    student = Answer(json["student"])
    adversarialTeacher = Answer(json["adversarial_teacher"])
    adversarialStudent = Answer(json["adversarial_student"])
  }

  /// The tokens as words, those that were replaced marked.
  var text: HTML { spelled(tokens, marked: "s") }
  /// The same for the adversarial text.
  var adversarialText: HTML { spelled(adversarialTokens, marked: "mark") }

  private func spelled(_ words: [String], marked: String) -> HTML {
    HTML(
      words.enumerated().flatMap { place, word -> [HTML] in
        let isPiece = word.hasPrefix("##")
        // Byte-level tokenizers write a space as this letter.
        let shown = isPiece ? String(word.dropFirst(2)) : word.replacing("\u{0120}", with: "")
        let space = place == 0 || isPiece ? "" : " "
        let isReplaced = tokens[place] != adversarialTokens[place]
        return [.text(space), isReplaced ? .element(marked, [], shown) : .text(shown)]
      })
  }
}
