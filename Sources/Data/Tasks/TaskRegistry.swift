/// The tasks that a configuration or the command line can name.
public enum TaskRegistry {
  /// All tasks.
  public static let all: [TaskDescription] =
    [
      .cola, .sst2, .mrpc, .stsb, .qqp, .mnli, .mnliMismatched, .qnli, .rte, .wnli, .ax,
      .hans, .paws, .snli, .scitail, .imdb, .agNews, .dbpedia, .squad, .squad2,
    ] + TaskDescription.advGLUE

  /// An unknown task name; the message lists the known ones.
  public struct UnknownTask: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name that was given.
    public var name: String
    /// One sentence.
    public var description: String {
      "there is no task \"\(name)\"; the tasks are "
        + TaskRegistry.all.map(\.name).joined(separator: ", ") + "."
    }
  }

  /// The task with a given name; `sst2`, `SST-2` and `sst-2` are the same.
  /// - Throws: `UnknownTask`.
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
