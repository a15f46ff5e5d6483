import Files
import Glibc
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private func isDevice(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
  }

  @Test func devicesAreWrittenToAndStayDevices() throws {
    try AtomicFile.write("/dev/null") { try $0.append([1, 2, 3]) }
    #expect(isDevice("/dev/null"))
    #expect(throws: FileError.self) {
      try AtomicFile.write("/dev/full") { try $0.append([1, 2, 3]) }
    }
    #expect(isDevice("/dev/full"))
  }

  @Test func aFailedWriteLeavesTheOldFileAndNothingElse() throws {
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/x"
    try AtomicFile.write(path) { try $0.append([1]) }
    #expect(throws: CancellationError.self) {
      try AtomicFile.write(path) {
        try $0.append([2])
        throw CancellationError()
      }
    }
    #expect(try TestFiles.bytes(path) == [1])
    #expect(scratch.content == ["x"])
  }

  @Test func theMessageSaysWhatIsInTheWay() throws {
    let scratch = try ScratchFolder()
    func complaint(_ path: String) -> String? {
      let error = #expect(throws: FileError.self) {
        try AtomicFile.write(path) { try $0.append([1]) }
      }
      #expect(error?.kind == .unwritable)
      return error?.problem
    }
    #expect(
      complaint("\(scratch.path)/no/x")
        == "the file cannot be written: there is no folder \(scratch.path)/no; make it first.")
    #expect(
      complaint(scratch.path) == "the file cannot be written: it is a folder; name a file.")
  }

  @Test func whatDeadProcessesLeftBehindGoes() throws {
    let scratch = try ScratchFolder()
    let dead = try ShortProcess.number()
    let kept = [".x.tmp-\(getpid())-1", ".x.tmp-1-a", ".xy.tmp-\(dead)-a", ".x.tmp-none", "y"]
    for name in kept + [".x.tmp-\(dead)-z", ".x.tmp-\(dead)"] { try scratch.write("", as: name) }
    try AtomicFile.write("\(scratch.path)/x") { try $0.append([1]) }
    #expect(scratch.content == (kept + ["x"]).sorted())
  }

  /// In another container the same number may be that of a living process.
  @Test func whatIsLockedStays() throws {
    let scratch = try ScratchFolder()
    let name = ".x.tmp-\(try ShortProcess.number())-a"
    let descriptor = open(try scratch.write("", as: name), O_WRONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try AtomicFile.write("\(scratch.path)/x") { try $0.append([1]) }
    #expect(scratch.content == [name, "x"])
  }

  @Test func aLinkUnderATemporaryNameIsNeverFollowed() throws {
    let scratch = try ScratchFolder()
    let victim = try scratch.write("precious", as: "victim")
    let dead = try ShortProcess.number()
    for name in [".x.tmp-\(getpid())", ".x.tmp-\(dead)"] {
      symlink(victim, "\(scratch.path)/\(name)")
    }
    try AtomicFile.write("\(scratch.path)/x") { file in
      // While it is written, the file lies beside its place and can be told from every other.
      #expect(scratch.content.count { $0.hasPrefix(".x.tmp-\(getpid())-") } == 1)
      try file.append([1])
    }
    #expect(try TestFiles.bytes(victim) == Array("precious".utf8))
    #expect(try TestFiles.bytes("\(scratch.path)/x") == [1])
  }

  @Test func namesMayBeAsLongAsTheFileSystemAllows() throws {
    let scratch = try ScratchFolder()
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write("\(scratch.path)/\(name)") { try $0.append([1]) }
    #expect(scratch.content == [name])
  }
}
