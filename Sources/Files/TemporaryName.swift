import Glibc

/// The name under which a file is written before it gets its own: `.NAME.tmp-PID-SUFFIX`, in the
/// same folder.
struct TemporaryName {
  let folder: String
  let path: String

  /// A name that nobody else has or can guess.
  init(for path: String) {
    let (folder, prefix) = Self.parts(of: path)
    let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
    self.folder = folder
    self.path = "\(folder)/\(prefix)\(getpid())-\(suffix)"
  }

  /// Removes what processes that are gone left behind under temporary names for this path.
  static func removeLeftovers(of path: String) {
    let (folder, prefix) = parts(of: path)
    guard let listing = opendir(folder) else { return }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.utf8.starts(with: prefix.utf8),
        let process = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }), process > 0,
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      // In another container, or on another machine, that process may live. It holds the lock then.
      guard let file = OpenFile("\(folder)/\(name)", O_WRONLY | O_NOFOLLOW | O_NONBLOCK),
        flock(file.descriptor, LOCK_EX | LOCK_NB) == 0
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }

  private static func parts(of path: String) -> (folder: String, prefix: String) {
    let bytes = Array(path.utf8)
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == 0 ? "/" : String(decoding: bytes[..<$0], as: UTF8.self) } ?? "."
    // With what follows it, the name must not be longer than the 255 bytes of most file systems.
    let name = bytes[(slash.map { $0 + 1 } ?? 0)...].prefix(220)
    return (folder, ".\(String(decoding: name, as: UTF8.self)).tmp-")
  }
}
