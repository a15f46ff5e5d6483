import Foundation
import StrictJSON
import TestSupport
import Testing

import Runs

/// Model cards; scripts/tests/model-card.test.sh reads them with huggingface_hub.
@Suite struct ModelCardTests {
  private func card(
    task: String = "sst-2", data: String = "data/SST-2", folder: String = "runs/student"
  ) -> ModelCard {
    let run: JSONValue = [
      "command": "distill",
      "config": [
        "task": ["name": .string(task), "data_dir": .string(data)], "method": ["name": "kd"],
        "teacher": ["model_name_or_path": "runs/teacher"],
        "student": ["model_name_or_path": "hub/models--google--bert_uncased/snapshots/1a2b"],
        "train": ["learning_rate": 0.00005], "seed": 7,
      ],
    ]
    return ModelCard(
      run: RunDescription(json: run), folder: folder,
      results: [
        ("eval_accuracy", 0.75), ("eval_loss", 0.5), ("eval_runtime", 3), ("eval_samples", 872),
        ("teacher_accuracy", 0.9), ("train_loss", 0.4),
      ])
  }

  @Test func theHeadNamesWhatTheHubAsksFor() {
    let text = card().text
    for line in [
      "language: en", "base_model: \"google/bert_uncased\"", "pipeline_tag: text-classification",
      "- \"knowledge-distillation\"", "- \"nyu-mll/glue\"", "- \"accuracy\"",
      "- name: \"student\"", "      config: sst2", "      value: 0.75",
    ] {
      #expect(text.contains("\n\(line)\n"), "\(line)")
    }
    #expect(text.contains("| accuracy | 0.7500 | 0.9000 | 83.3 % |"))
    #expect(text.contains("| validation rows (872) | value |"))
    #expect(!text.contains("license"))
    let own = card(task: "reviews").text
    #expect(!own.contains("language:") && !own.contains("datasets:"))
  }

  @Test func whatTheUserWroteStaysText() {
    let nasty = "a\": {x}\n- b\u{2028}\u{7}#`<script>"
    let text = card(task: nasty, data: "`x` <b>\ny", folder: "runs/<i>|a").text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.filter { $0 == "---" }.count == 2)
    #expect(lines.contains { $0.hasSuffix(#"name: "a\": {x}\n- b\u2028\x07#`<script>""#) })
    #expect(text.contains("# &lt;i&gt;\\|a\n"))
    #expect(text.contains("`` `x` <b> y ``"))
  }

  @Test func aCardThatAnybodyElseWroteOrChangedIsLeftAlone() throws {
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/README.md"
    func content() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    #expect(try card().write(to: scratch.path))
    let first = try content()
    // A card of a run is replaced by that of another.
    #expect(try card(task: "cola").write(to: scratch.path))
    #expect(try content() != first)
    let changed = first.replacing("## How", with: "Licence: none.\n\n## How")
    for text in ["mine\n", changed, first + "a line\n", ""] {
      try scratch.write(text, as: "README.md")
      #expect(try !card().write(to: scratch.path), "\(text.prefix(20))")
      ModelCard.removeOwn(from: scratch.path)
      #expect(try content() == text)
    }
    #expect(card().writeIfPossible(to: scratch.path)?.contains("left as it is") == true)
    // What cannot be read is none of ours, and no reason to fail.
    let other = try ScratchFolder()
    try FileManager.default.createDirectory(
      atPath: "\(other.path)/README.md", withIntermediateDirectories: false)
    #expect(card().writeIfPossible(to: other.path)?.contains("was not written") == true)
    try scratch.write(first, as: "README.md")
    ModelCard.removeOwn(from: scratch.path)
    #expect(!scratch.content.contains("README.md"))
  }
}
