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
