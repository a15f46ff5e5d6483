/// A label with its probability.
struct AnswerText {
  let html: HTML

  /// - Parameter isRight: says so in words, since colour alone would not reach everybody; nil says
  ///   nothing.
  init(_ label: String, _ probability: Double?, isRight: Bool?) {
    let share = probability.map { " " + NumberFormat.percent($0) } ?? ""
    let verdict = isRight.map { $0 ? " (right)" : " (wrong)" } ?? ""
    // The numbers and brackets after a label stay in their order even if it is Hebrew or Arabic.
    html = HTML([.element("bdi", [], label), .text(share + verdict)])
  }
}
