import Foundation
import MateKD
import Models
import Testing

@Suite struct ClassifierExamples {
  @Test func one() throws {
    let world = try ExampleWorld()
    let folder = world.folder
    let classifier = try TextClassifier(folder: folder)
    let answer = try classifier.classify("a fine film")
    print(answer.label ?? "none", answer.probability(of: "positive") ?? 0)
    #expect(answer.label == "negative" || answer.label == "positive")
    if let score = answer.score { print("score", score) }
    print("labels:", answer.labels.joined(separator: ", "))
    #expect(answer.labels.count == 1 && answer.score == nil)
  }

  @Test func many() throws {
    let world = try ExampleWorld()
    let classifier = try TextClassifier(folder: world.folder)
    let texts = ["a fine film", "a dull plot", "a fine plot"]
    for (text, answer) in zip(texts, try classifier.classify(texts)) {
      print(text, answer.label ?? "none")
      for (name, value) in answer.probabilities.map({ ($0.label, $0.probability) }) {
        print("  \(name) \(value)")
      }
    }
    #expect(try classifier.classify(texts).count == 3)
  }

  @Test func pairs() throws {
    let world = try ExampleWorld()
    let folder = world.folder + "-pairs"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: world.folder, toPath: folder)
    try ModelFolder.write(
      world.model, labels: world.model.labels, finetuningTask: "rte", to: folder,
      tokenizer: world.folder)
    let entailment = try TextClassifier(folder: folder)
    let one = try entailment.classify("a fine film", "a film")
    let many = try entailment.classify(pairs: [
      ("a fine film", "a film"), ("a film", "a dull film"),
    ])
    print(one.label ?? "none", many.count)
    #expect(entailment.input == .pair && many.count == 2)
  }

  // This is compiled and not run.
  func documented() throws {
    let classifier = try TextClassifier(folder: "runs/student")
    let answer = try classifier.classify("a fine film")
    print(answer.label ?? "none", answer.probability(of: "positive") ?? 0)
  }

  @Test func errors() {
    do {
      let classifier = try TextClassifier(folder: "models/nowhere")
      print(classifier.labels)
    } catch {
      switch error.reason {
      case .missing: print("not there: \(error)")
      case .damaged, .mismatch, .texts, .memory: print("cannot be used: \(error)")
      }
    }
    let error = #expect(throws: ClassifierError.self) {
      try TextClassifier(folder: "models/nowhere")
    }
    #expect(error?.reason == .missing)
  }
}
