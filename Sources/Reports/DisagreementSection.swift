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
