/// The tasks that can be named in a configuration or on the command line.
public enum TaskRegistry {
  /// All tasks.
  public static let all: [TaskDescription] =
    [
      .cola, .sst2, .mrpc, .stsb, .qqp, .mnli, .mnliMismatched, .qnli, .rte, .wnli, .ax,
      .hans, .paws, .snli, .scitail, .imdb, .agNews, .dbpedia, .squad, .squad2,
    ] + TaskDescription.advGLUE

  /// An unknown task name, with the known ones.
  public struct UnknownTask: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name asked for.
    public var name: String
    /// One sentence.
    public var description: String {
      "there is no task \"\(name)\"; the tasks are "
        + TaskRegistry.all.map(\.name).joined(separator: ", ") + "."
    }
  }

  /// The task of a name; `sst2`, `SST-2` and `sst-2` are the same. Throws `UnknownTask`.
  public static func named(_ name: String) throws -> TaskDescription {
    func folded(_ text: String) -> [UInt8] {
      text.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }
    guard let task = all.first(where: { folded($0.name) == folded(name) }) else {
      throw UnknownTask(name: name)
    }
    return task
  }
}
