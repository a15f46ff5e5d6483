import Files
import Foundation
import Glibc
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

@Suite struct RunFolderTests {
  @Test func newAndEmptyFoldersAreMade() throws {
    let scratch = try ScratchFolder()
    let folder = try RunFolder("\(scratch.path)/a/b", overwrite: false)
    try folder.write(["x": 1], to: "x.json")
    let content = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(content.sorted() == [".lock-1", "x.json"])
  }

  @Test func checkTouchesNothing() throws {
    let scratch = try ScratchFolder()
    try RunFolder.check("\(scratch.path)/a/b", overwrite: false)
    #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/a"))
  }

  @Test func folderThatIsNotEmptyNeedsPermission() throws {
    let scratch = try ScratchFolder()
    try Data().write(to: URL(fileURLWithPath: "\(scratch.path)/old"))
    #expect(refusal(scratch.path, overwrite: false).contains("not empty"))
    #expect(refusal(scratch.path, overwrite: false).contains("--overwrite-output-dir"))
    #expect(refusal(scratch.path, overwrite: true).isEmpty)
    #expect(FileManager.default.fileExists(atPath: "\(scratch.path)/old"))
  }

  @Test func resultsOfAnEarlierRunGoFirst() throws {
    let scratch = try ScratchFolder()
    for file in [
      "all_results.json", "model.safetensors", "checkpoint-5/manifest.json", "notes",
      "run.json", ".run.json.tmp-1", "best/config.json", "best/.model.safetensors.tmp-1",
    ] {
      try ByteFile.write([], to: "\(scratch.path)/\(file)")
    }
    #expect(refusal(scratch.path, overwrite: false).contains("--resume"))
    _ = try RunFolder(scratch.path, overwrite: true, keepsOld: true)
    let kept = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(kept.contains("all_results.json") && kept.contains("checkpoint-5"))
    #expect(!kept.contains(".run.json.tmp-1"))
    let best = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/best")
    #expect(best == ["config.json"])
    _ = try RunFolder(scratch.path, overwrite: true)
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(left.sorted() == [".lock-2", "notes", "run.json"])
  }

  @Test func whatNoRunHasWrittenIsNotRemoved() throws {
    let foreign = [
      "config.json", "best/config.json", "run.json best/run.json", "run.json generator/a/b",
      "run.json checkpoint-500/optimizer.pt", "log.jsonl checkpoint-9",
    ]
    for files in foreign {
      let scratch = try ScratchFolder()
      let names = files.split(separator: " ").map(String.init)
      for name in names { try ByteFile.write([], to: "\(scratch.path)/\(name)") }
      let refusal = refusal(scratch.path, overwrite: true)
      let name = try #require(names.last?.split(separator: "/").first)
      #expect(refusal.contains("\(scratch.path)/\(name)"))
      #expect(refusal.contains("would be removed, but"))
      #expect(names.allSatisfy { ByteFile.exists("\(scratch.path)/\($0)") })
    }
  }

  @Test func rootAndHomeAreRefused() throws {
    // Only names are compared here; nothing may ever run there.
    #expect(RunFolder.isTooMuch("/", home: nil))
    #expect(RunFolder.isTooMuch("/../.", home: nil))
    let scratch = try ScratchFolder()
    #expect(RunFolder.isTooMuch("\(scratch.path)/.", home: scratch.path))
    #expect(!RunFolder.isTooMuch("\(scratch.path)/run", home: scratch.path))
  }

  @Test func fileIsNoFolder() throws {
    let scratch = try ScratchFolder()
    let file = "\(scratch.path)/file"
    try Data().write(to: URL(fileURLWithPath: file))
    #expect(refusal(file, overwrite: true).contains("it is a file"))
    // Nor can a folder be made below it.
    #expect(refusal("\(file)/runs", overwrite: true).hasPrefix("\(file)/runs: cannot be written"))
  }

  @Test func placesThatCannotBeWritten() throws {
    // Nobody, not even root, makes folders in /proc.
    #expect(
      refusal("/proc/mate-kd", overwrite: false).hasPrefix("/proc/mate-kd: cannot be written"))
  }

  @Test func logGrowsByALineAnEntry() throws {
    let scratch = try ScratchFolder()
    let folder = try RunFolder(scratch.path, overwrite: false)
    try folder.appendLog(["step": 1])
    try folder.appendLog(["step": 2])
    let text = try String(contentsOfFile: "\(scratch.path)/log.jsonl", encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2 && text.hasSuffix("\n"))
    let last = try StrictJSON.parse(String(lines[1]), file: "log")
    #expect(last["step"]?.int == 2)
  }

  @Test func whatOthersDoToTheLogIsUndoneAtTheEnd() throws {
    let scratch = try ScratchFolder()
    let folder = try RunFolder(scratch.path, overwrite: false)
    let log = "\(scratch.path)/log.jsonl"
    let victim = try scratch.write("victim\n", as: "victim")
    let history = [1, 2].map { LogEntry(step: $0, epoch: 1, values: [("loss", 0.5)]) }
    try folder.settleLog(history)
    let whole = try ByteFile.read(log)
    let damages: [() throws -> Void] = [
      { ByteFile.remove(log) },
      { try ByteFile.write([], to: log) },
      { try ByteFile.append(Array("{}\n".utf8), to: log) },
      {
        ByteFile.remove(log)
        #expect(mkfifo(log, 0o600) == 0)
      },
      {
        ByteFile.remove(log)
        #expect(symlink(victim, log) == 0)
      },
    ]
    for (place, damage) in damages.enumerated() {
      try damage()
      if place > 2 {
        #expect(throws: FileError.self) { try folder.appendLog(["step": 3]) }
      }
      try folder.settleLog(history)
      #expect(try ByteFile.read(log) == whole)
    }
    #expect(try ByteFile.read(victim) == Array("victim\n".utf8))
  }

  @Test func aFolderThatIsGoneIsNotMadeAgain() throws {
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/run"
    let folder = try RunFolder(path, overwrite: false)
    ByteFile.remove(path)
    #expect(throws: FileError.self) { try folder.write([:], to: "run.json") }
    #expect(throws: FileError.self) { try folder.appendLog([:]) }
    #expect(!ByteFile.exists(path))
    // Nor does it write beside the files of another run.
    let other = try RunFolder(path, overwrite: false)
    #expect(throws: FileError.self) { try folder.write([:], to: "run.json") }
    try other.write([:], to: "run.json")
  }

  private func refusal(_ path: String, overwrite: Bool) -> String {
    do {
      _ = try RunFolder(path, overwrite: overwrite)
      return ""
    } catch { return "\(error)" }
  }
}
