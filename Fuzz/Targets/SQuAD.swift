import Data

extension FuzzTarget {
  /// A file of SQuAD, cut into windows: answers lie in their texts, and targets in their windows.
  static let squad = FuzzTarget("squad") { input in
    let dataset = try SQuADReader.read(path: input.file("squad.json", input.bytes))
    for question in dataset.questions {
      for case (let bytes?, let text) in question.answers.map({ ($0.bytes, $0.text) }) {
        let context = dataset.contexts[question.context]
        try require(
          bytes.upperBound <= context.count && context[bytes].elementsEqual(text.utf8),
          "an answer is not where it should be")
      }
    }
    let windows = try QuestionWindows(
      dataset, tokenizer: smallTokenizer,
      settings: WindowSettings(maximumLength: 16, overlap: 4, maximumQuestionLength: 6))
    _ = (windows.inputs, windows.examples)
    for window in 0..<windows.count {
      let length = windows.encoding(window).ids.count
      try require(length <= 16, "a window is too long")
      guard let target = windows.target(window) else { continue }
      try require(
        0 <= target.start && target.start <= target.end && target.end < length,
        "a target is not in its window")
      guard target != .noAnswer else { continue }
      for place in [target.start, target.end] {
        let bytes = windows.bytes(window, at: place)
        let context = dataset.contexts[dataset.questions[windows.windows[window].question].context]
        try require(
          bytes.map { $0.upperBound <= context.count } == true, "a target is no token of the text")
      }
    }
  }

  private static let smallTokenizer: any Tokenizer = {
    let tokens =
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
      + "abcdefghijklmnopqrstuvwxyz.?"
      .flatMap { [String($0), "##\($0)"] }
    return WordPieceTokenizer(
      vocabulary: Vocabulary(tokens: tokens.map { Array($0.utf8) }),
      specialTokens: SpecialTokens(pad: 0, unknown: 1, cls: 2, sep: 3, mask: 4),
      normalization: Normalization(lowersCase: true))
  }()
}
