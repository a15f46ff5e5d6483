import Glibc
import Testing

/// Processes that do nothing and end at once.
package enum ShortProcess {
  /// Starts one. It is a zombie until somebody waits for it.
  package static func start() throws -> pid_t {
    var child = pid_t()
    let arguments = [strdup("true"), nil]
    defer { free(arguments[0]) }
    try #require(posix_spawnp(&child, "true", nil, nil, arguments, nil) == 0)
    return child
  }

  /// The number of one that has ended. Nobody else has it for a while.
  package static func number() throws -> pid_t {
    let child = try start()
    waitpid(child, nil, 0)
    return child
  }
}
