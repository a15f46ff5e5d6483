import Files
import Foundation
import Testing

@Test func atomicFileExample() throws {
  let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).txt"
  defer { ByteFile.remove(path) }
  try AtomicFile.write(path) { file in
    try file.append(Array("first line\n".utf8))
    try file.append(Array("second line\n".utf8))
  }
  #expect(try ByteFile.read(path).count == 23)
}
