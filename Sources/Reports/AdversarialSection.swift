/// Adversarial texts beside the originals, with both models' answers.
struct AdversarialSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs.filter { !$0.examples.isEmpty } }

  var html: HTML {
    if runs.isEmpty { return .none }
    return HTML(
      runs.map { run in
        var table = Table(
          "\(run.name): training texts beside their adversarial texts",
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
          "Replaced words are struck through on the left and marked on the right. Words and "
            + "answers are those of the end of the run.")
      ])
  }
}
