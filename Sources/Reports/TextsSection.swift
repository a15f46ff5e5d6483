/// A text on which teacher and student disagree.
package struct Disagreement: Sendable {
  /// A model's answer with its probability.
  package struct Answer: Sendable {
    let label: String
    let probability: Double

    /// An answer.
    package init(label: String, probability: Double) {
      (self.label, self.probability) = (label, probability)
    }
  }

  let text: String
  let reference: String?
  let teacher, student: Answer
  let distance: Double

  /// A text with both answers.
  ///
  /// - Parameters:
  ///   - reference: the right answer, if it is known.
  ///   - distance: how far the two distributions are apart, from 0 to 1.
  package init(
    text: String, reference: String?, teacher: Answer, student: Answer, distance: Double
  ) {
    self.text = text
    self.reference = reference
    self.teacher = teacher
    self.student = student
    self.distance = distance
  }
}

/// The texts on which teacher and student disagree most.
struct DisagreementSection {
  /// The run's name, and its texts in order.
  let runs: [(name: String, texts: [Disagreement])]

  var html: HTML {
    HTML(
      runs.map { name, texts in
        var table = Table(
          "\(name): where teacher and student disagree most",
          [
            .init(title: "text"), .init(title: "label"), .init(title: "teacher"),
            .init(title: "student"), .init(title: "distance", isNumeric: true),
          ])
        for text in texts {
          table.add([
            .text(text.text), .text(text.reference ?? NumberFormat.unknown),
            answer(text.teacher, text), answer(text.student, text),
            .text(NumberFormat.fixed(text.distance, 3)),
          ])
        }
        return table.html
      } + [
        .element(
          "p", [("class", "note")],
          "The distance is half the sum of the absolute differences of the two models' "
            + "probabilities: 0 if they say the same, 1 if they exclude each other.")
      ])
  }

  private func answer(_ answer: Disagreement.Answer, _ text: Disagreement) -> HTML {
    AnswerText(answer.label, answer.probability, isRight: text.reference.map { $0 == answer.label })
      .html
  }
}

/// Adversarial texts beside the originals, with both models' answers.
struct AdversarialSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs.filter { !$0.examples.isEmpty } }

  var html: HTML {
    if runs.isEmpty { return .none }
    return HTML(
      runs.map { run in
        var table = Table(
          "\(run.name): training texts and what the generator made of them",
          [
            "text", "adversarial text", "label", "teacher", "student", "teacher, adversarial",
            "student, adversarial",
          ].map { .init(title: $0) })
        for example in run.examples {
          func answer(_ answer: AdversarialExample.Answer?) -> HTML {
            answer.map { AnswerText($0.label, $0.probability, isRight: nil).html }
              ?? .text(NumberFormat.unknown)
          }
          table.add([
            example.text, example.adversarialText, .text(example.reference),
            answer(example.teacher), answer(example.student),
            answer(example.adversarialTeacher), answer(example.adversarialStudent),
          ])
        }
        return table.html
      } + [
        .element(
          "p", [("class", "note")],
          "Replaced words are struck through on the left and marked on the right. The generator is "
            + "that of the end of the run.")
      ])
  }
}

/// A label with its probability.
struct AnswerText {
  let html: HTML

  /// - Parameter isRight: says so in words, since colour alone would not reach everybody; nil says
  ///   nothing.
  init(_ label: String, _ probability: Double?, isRight: Bool?) {
    let share = probability.map { " " + NumberFormat.percent($0) } ?? ""
    let verdict = isRight.map { $0 ? " (right)" : " (wrong)" } ?? ""
    html = .text(label + share + verdict)
  }
}
