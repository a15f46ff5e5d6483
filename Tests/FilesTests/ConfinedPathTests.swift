import Files
import Glibc
import TestSupport
import Testing

@Suite struct ConfinedPathTests {
  @Test(
    arguments: [
      ("a", nil), ("a/b", nil), (".a", nil), ("..a", nil), ("a..", nil), ("a/./b", nil),
      ("", "is empty"), (".", "folder itself"), ("./.", "folder itself"), ("/a", "is absolute"),
      ("..", "\"..\""), ("a/../b", "\"..\""),
      ("a/..", "\"..\""), ("../a", "\"..\""), ("a\0b", "NUL"), ("a//../b", "\"..\""),
      // Swift's own characters would hide this slash.
      ("..\u{301}/a", nil), ("../\u{301}", "\"..\""),
    ] as [(String, String?)])
  func names(_ name: String, _ complaint: String?) {
    let found = ConfinedPath.complaint(name)
    #expect((found == nil) == (complaint == nil))
    if let complaint { #expect(found?.contains(complaint) == true) }
  }

  @Test func linksThatLeadOutAreRefused() throws {
    let scratch = try ScratchFolder()
    try scratch.write("secret", as: "outside")
    try scratch.write("content", as: "folder/file")
    let folder = "\(scratch.path)/folder"
    symlink("../outside", "\(folder)/out")
    symlink("file", "\(folder)/in")
    // A folder whose name begins like the right one is another folder.
    try scratch.write("secret", as: "folder2/file")
    symlink("../folder2/file", "\(folder)/beside")
    #expect(try ConfinedPath.path("file", in: folder) == "\(folder)/file")
    #expect(try ConfinedPath.path("in", in: folder) == "\(folder)/in")
    #expect(try ConfinedPath.path("nothing", in: folder) == "\(folder)/nothing")
    for name in ["out", "beside"] {
      let error = #expect(throws: FileError.self) { try ConfinedPath.path(name, in: folder) }
      #expect(error?.problem.contains("leads out") == true)
    }
  }

  /// A snapshot in the cache consists of links to `blobs`.
  @Test func theCacheOfHuggingFaceIsRead() throws {
    let scratch = try ScratchFolder()
    try scratch.write("content", as: "model/blobs/1234")
    try scratch.write("", as: "model/snapshots/abcd/empty")
    try scratch.write("secret", as: "model/secret")
    let folder = "\(scratch.path)/model/snapshots/abcd"
    symlink("../../blobs/1234", "\(folder)/shard")
    symlink("../../secret", "\(folder)/secret")
    #expect(try ConfinedPath.path("shard", in: folder) == "\(folder)/shard")
    #expect(throws: FileError.self) { try ConfinedPath.path("secret", in: folder) }
  }
}
