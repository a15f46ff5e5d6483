import ArgumentParser
import Configuration
import Methods
import Runs
import StrictJSON
import Studies

/// All keys of a subcommand's configuration, as the code that reads them describes them.
///
/// Sample configurations are read that take every branch between them. What is recorded while
/// reading (`ConfigDocument.settings`) is then put together.
package struct ConfigurationReference: Sendable {
  /// A subcommand with a configuration.
  package enum Command: String, Sendable, CaseIterable, ExpressibleByArgument {
    case distill
    case teacherFinetune = "teacher-finetune"
    case pretrain
    case compare
    case sweep
  }

  /// A key.
  package struct Entry: Sendable {
    /// What may stand under it.
    package var setting: Setting
    /// The name of the first sample that has the key; empty for the plain sample.
    package let branch: String
    /// Whether it must be present wherever its section is.
    package var isAlwaysRequired = true
  }

  /// The keys, in the order in which they are read.
  package let entries: [Entry]

  /// The keys of a subcommand. Of the section `method`, only the name is included.
  /// - Throws: `ConfigError` if a sample cannot be read, which is a mistake in this file.
  package init(_ command: Command) throws {
    entries = Self.merged(
      try Self.samples(of: command).map { branch, text in
        (branch, try Self.document(text, command).settings)
      })
  }

  /// The keys of a method's section.
  package init(_ method: MethodDescription) throws {
    let plain = try Self.settings(method)
    var samples = [("", plain)]
    // The value of one key may decide which other keys exist.
    for setting in plain where setting.path != "method.name" && !setting.isList {
      for choice in setting.choices {
        samples.append((choice, try Self.settings(method, [setting.key: choice])))
      }
    }
    entries = Self.merged(samples)
  }

  private static func document(_ text: JSONValue, _ command: Command) throws -> ConfigDocument {
    let document = try ConfigDocument(text, file: "sample", checksPaths: false)
    switch command {
    case .distill: _ = try DistillConfiguration(reading: document.root)
    case .teacherFinetune: _ = try TeacherFinetuneConfiguration(reading: document.root)
    case .pretrain: _ = try PretrainConfiguration(reading: document.root)
    case .compare: _ = try StudyConfiguration(reading: document.root)
    case .sweep: _ = try SweepConfiguration(reading: document.root)
    }
    return document
  }

  private static func settings(
    _ method: MethodDescription, _ values: [String: String] = [:]
  ) throws -> [Setting] {
    let text: JSONValue = .object(
      [("name", .string(method.name))] + values.map { ($0.key, .string($0.value)) })
    let document = try ConfigDocument(
      ["method": text], file: "sample", checksPaths: false)
    let section = try document.root.section("method", "What the student learns.")
    _ = try section.string("name", "The method's name.")
    // A choice may not fit the defaults of other keys; by then those have been read.
    if values.isEmpty {
      _ = try method.configure(section)
    } else {
      _ = try? method.configure(section)
    }
    return document.settings.filter { $0.parent != "" }
  }

  private static func merged(_ samples: [(branch: String, settings: [Setting])]) -> [Entry] {
    var entries: [Entry] = []
    var places: [String: Int] = [:]
    for (branch, settings) in samples {
      for setting in settings {
        guard let place = places[setting.path] else {
          places[setting.path] = entries.count
          entries.append(Entry(setting: setting, branch: branch))
          continue
        }
        entries[place].setting.kinds += setting.kinds.filter {
          !entries[place].setting.kinds.contains($0)
        }
        entries[place].setting.choices += setting.choices.filter {
          !entries[place].setting.choices.contains($0)
        }
      }
    }
    for (_, settings) in samples {
      let sections = Set(settings.map(\.parent))
      let required = Set(settings.filter { $0.presence == .required }.map(\.path))
      for place in entries.indices
      where sections.contains(entries[place].setting.parent)
        && !required.contains(entries[place].setting.path)
      {
        entries[place].isAlwaysRequired = false
      }
    }
    return entries
  }
}

extension ConfigurationReference {
  private static let checkpoint: JSONValue = ["model_name_or_path": "m"]
  private static let fresh: JSONValue = [
    "model_name_or_path": .null, "vocab": "v",
    "config": [
      "hidden_size": 2, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 1,
    ],
  ]
  private static let ownTask: JSONValue = [
    "name": "own", "data_dir": "d", "format": "csv", "text": "a", "label": "b",
    "labels": ["c", "d"],
  ]

  /// The user's own data: a CSV file, several labels, TSV, scores.
  private static let ownTasks: [JSONValue] = [
    ownTask, ownTask.merged(with: ["multi_label": true]), ownTask.merged(with: ["format": "tsv"]),
    ownTask.merged(with: ["format": "jsonl", "labels": .null, "score_range": [0, 1]]),
  ]

  /// Other teachers than models, and texts without labels.
  private static let teachers: [(String, JSONValue)] = [
    (
      "predictions",
      [
        "teacher": [
          "model_name_or_path": .null, "predictions": "p", "transfer_predictions": ["q"],
        ], "transfer": ["files": ["f"]],
      ]
    ),
    (
      "ensemble",
      [
        "teacher": [
          "model_name_or_path": .null,
          "ensemble": [checkpoint, ["config": fresh["config"] ?? .null, "vocab": "v"]],
        ]
      ]
    ),
    (
      "ensemble",
      ["teacher": ["model_name_or_path": .null, "ensemble": [["predictions": "p"], checkpoint]]]
    ),
  ]

  /// The samples for a subcommand, with the name of the branch each takes; the plain sample comes
  /// first.
  private static func samples(
    of command: Command
  ) throws -> [(branch: String, text: JSONValue)] {
    let plain: JSONValue
    var changes: [(String, JSONValue)] = []
    let tasks =
      ownTasks.map { ("own", ["task": $0] as JSONValue) }
      + [("questions", ["task": ["name": "squad2"]])]
    switch command {
    case .distill:
      plain = [
        "output_dir": "o", "task": ["name": "sst-2", "data_dir": "d"], "teacher": checkpoint,
        "student": checkpoint, "generator": checkpoint, "method": ["name": "kd"],
      ]
      let cut: JSONValue = ["model_name_or_path": .null, "from_teacher": [:]]
      changes =
        tasks + [
          ("fresh", ["teacher": fresh, "student": fresh, "generator": fresh]),
          ("cut", ["student": cut]),
        ] + teachers
    case .teacherFinetune:
      plain = [
        "output_dir": "o", "task": ["name": "sst-2", "data_dir": "d"], "model": checkpoint,
      ]
      changes = tasks + [("fresh", ["model": fresh])]
    case .pretrain:
      plain = ["output_dir": "o", "corpus": ["files": ["f"]], "model": checkpoint]
      changes =
        [("fresh", ["model": fresh])]
        + ownTasks.map { ("own", ["corpus": ["files": .null, "task": $0]]) }
    case .compare:
      plain = [
        "output_dir": "o", "base": [:], "tasks": ["t": [:]],
        "methods": ["kd": ["method": ["name": "kd"]]],
      ]
    case .sweep:
      plain = [
        "output_dir": "o", "base": ["method": ["name": "kd"]],
        "parameters": ["train.learning_rate": ["values": [1e-5]]],
      ]
    }
    return [("", plain)] + changes.map { ($0.0, plain.merged(with: $0.1)) }
  }
}
