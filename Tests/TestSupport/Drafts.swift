import Configuration
import Foundation
import Runs
import StrictJSON
import Testing

/// A configuration that is right, and ways to spoil it.
package enum Draft {
  package static let teacher = """
    {
      "$schema": "../schema.json",
      "output_dir": "runs/t",
      "task": {
        "name": "sst-2",
        "data_dir": "data/SST-2"
      },
      "model": { "model_name_or_path": "models/bert" },
      "train": {
        "learning_rate": 3e-5,
        "max_steps": 10
      }
    }
    """

  package static let distill = """
    {
      "output_dir": "runs/d",
      "task": { "name": "sst-2", "data_dir": "data/SST-2" },
      "teacher": { "model_name_or_path": "runs/t" },
      "student": { "from_teacher_layers": [0, 2] },
      "method": {
        "name": "kd",
        "temperature": 2
      }
    }
    """

  package static let pretrain = """
    {
      "output_dir": "runs/p",
      "corpus": { "files": ["a.txt"] },
      "model": {
        "config": {
          "hidden_size": 64, "num_hidden_layers": 2,
          "num_attention_heads": 2, "intermediate_size": 256
        },
        "vocab": "vocab.txt"
      }
    }
    """

  /// A draft with one piece replaced; the piece must be there.
  package static func changed(_ draft: String, _ old: String, _ new: String) throws -> String {
    try #require(draft.contains(old), "the draft has no \(old)")
    return draft.replacingOccurrences(of: old, with: new)
  }

  /// Reads a configuration from text, as if from `run.json`.
  package static func read<Run: RunConfiguration>(
    _ text: String, as run: Run.Type = Run.self, overrides: [String] = [],
    checksPaths: Bool = false
  ) throws -> Run {
    let document = try ConfigDocument(
      StrictJSON.parse(text, file: "run.json"), file: "run.json",
      overrides: overrides.map(ConfigOverride.init(parsing:)), checksPaths: checksPaths)
    return try Run(reading: document.root)
  }

  /// What reading a spoiled configuration says, or nil when nothing is found wrong.
  package static func complaint<Run: RunConfiguration>(
    _ run: Run.Type, _ text: String, overrides: [String] = []
  ) -> String? {
    do {
      _ = try read(text, as: run, overrides: overrides)
      return nil
    } catch {
      return "\(error)"
    }
  }
}
