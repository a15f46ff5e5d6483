import Configuration
import Methods
import Runs
import StrictJSON
import Studies

extension FuzzTarget {
  /// A configuration with `--set` options, one a line: what was read, with all its defaults, reads
  /// as the same again.
  static let configuration = FuzzTarget("configuration") { input in
    let parts = input.parts(2)
    let text = try StrictJSON.parse(parts[0] ?? [], file: "run.json")
    let overrides = try (parts[1] ?? []).split(separator: 0x0A).map {
      try ConfigOverride(parsing: String(decoding: $0, as: UTF8.self))
    }
    let document = { try ConfigDocument($0, file: "run.json", overrides: $1, checksPaths: false) }
    let commands: [(ConfigSection) throws -> JSONValue] = [
      resolvedDistill, { try TeacherFinetuneConfiguration(reading: $0).resolved },
      { try PretrainConfiguration(reading: $0).resolved },
      { try StudyConfiguration(reading: $0).resolved },
    ]
    try readers(
      commands.map { read in
        {
          let resolved = try read(document(text, overrides).root)
          try require(
            read(document(resolved, []).root) == resolved,
            "the resolved configuration reads otherwise")
        }
      })
  }

  private static func resolvedDistill(_ root: ConfigSection) throws -> JSONValue {
    let read = try DistillConfiguration(reading: root)
    guard let method = MethodRegistry.named(read.methodName) else { return read.resolved }
    _ = try method.configure(read.method)
    return read.resolved
  }
}
