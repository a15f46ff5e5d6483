// Reads a text a line, or two separated by a tab, and prints a line for each: the label, the labels
// or the score, and then, separated by tabs, each label's name and probability.
//
//   classify FOLDER <texts.txt

import Foundation
import MateKD

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: classify FOLDER <texts.txt\n".utf8))
  exit(64)
}
do {
  let classifier = try TextClassifier(folder: CommandLine.arguments[1])
  var lines: [[String]] = []
  while let line = readLine() {
    lines.append(line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
  }
  let pairs = lines.compactMap { $0.count == 2 ? (first: $0[0], second: $0[1]) : nil }
  let answers =
    pairs.count == lines.count
    ? try classifier.classify(pairs: pairs)
    : try classifier.classify(lines.map { $0.joined(separator: "\t") })
  for answer in answers {
    let said = answer.score.map { "\($0)" } ?? answer.labels.joined(separator: " ")
    let rest = answer.probabilities.flatMap { [$0.label, "\($0.probability)"] }
    print(([said] + rest).joined(separator: "\t"))
  }
} catch {
  FileHandle.standardError.write(Data("classify: \(error)\n".utf8))
  exit(1)
}
