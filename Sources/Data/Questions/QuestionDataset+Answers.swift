import Files

extension QuestionDataset {
  /// - Throws: `FileError` unless the right answer of every question is known.
  package func requireAnswers() throws {
    guard isLabelled else {
      let line = questions.first { !$0.isLabelled }?.line
      throw FileError(
        file: source, line: line,
        problem: line == nil
          ? "the file has no question." : "the question has no answer; use mate-kd predict for it.")
    }
  }
}
