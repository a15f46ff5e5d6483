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
}
