import Files
import Foundation
import Models
import StrictJSON
import TestSupport
import Testing

/// Files that torch wrote (scripts/goldens/pytorch_bin.py), in both layouts.
struct PyTorchFileTests {
  private static let folder = TestFiles.golden("pytorch")

  @Test(arguments: ["new", "old", "protocol4", "old-protocol2-plain-dict"])
  func valuesAreTorchs(name: String) throws {
    let file = try PyTorchFile(path: "\(Self.folder)/\(name).bin")
    let expected = try #require(StrictJSON.read("\(Self.folder)/values.json").object)
    #expect(file.names == expected.members.map(\.key))
    for member in expected.members {
      let shape = try #require(member.value["shape"]?.array).map { try #require($0.int) }
      let values = try #require(member.value["values"]?.array).map { try #require($0.double) }
      let entry = try #require(file.entry(named: member.key))
      #expect(entry.shape == shape)
      if entry.type == .I64 {
        #expect(throws: FileError.self) { try file.floats(member.key) }
      } else {
        // Every conversion is exact, but that of doubles, which rounds once.
        #expect(try file.floats(member.key) == values.map { Float($0) }, "\(member.key)")
      }
    }
  }

  @Test func attributesOfAStateDictArePassedOver() throws {
    let file = try PyTorchFile(path: "\(Self.folder)/state-dict.bin")
    #expect(file.names == ["weight", "bias"])
  }

  @Test(arguments: [("accepted-by-hand", 4), ("accepted-stride-of-one", 2)])
  func aPickleByHandIsRead(name: String, count: Int) throws {
    let file = try PyTorchFile(path: "\(Self.folder)/\(name).bin")
    #expect(try file.floats("a") == [Float](repeating: 0, count: count))
  }

  /// A storage that begins within its block, and a tensor that begins within the storage.
  @Test func viewsOfTheOlderLayout() throws {
    let file = try PyTorchFile(path: "\(Self.folder)/accepted-view.bin")
    #expect(try file.floats("a") == [3, 4])
  }

  @Test(arguments: [
    ("training", "something else than tensors"), ("list", "no dictionary of tensors"),
    ("expanded", "lie in one place"), ("command", ".system"), ("too-long", "reaches beyond"),
    ("offset", "reaches beyond"), ("storage", "block 0"), ("overflow", "reaches beyond"),
    ("negative", "does not fit"), ("short-new", "cut short"), ("short-old", "cut short"),
    ("compressed", "compressed"), ("memo", "does not fit"), ("empty-stack", "does not fit"),
    ("nothing", "does not fit"), ("mark", "does not fit"), ("deep", "no dictionary"),
    ("negative-long", "does not fit"), ("below-mark", "does not fit"), ("odd", "does not fit"),
    ("left-over", "does not fit"), ("dimensions", "does not fit"),
    ("negative-count", "does not fit"), ("encrypted", "encrypted"), ("sizes", "directory"),
    ("twice", "directory"), ("big-endian", "little-endian"), ("old-big-endian", "little-endian"),
    ("view", "reaches beyond"), ("block", "reaches beyond"), ("count", "reaches beyond"),
    ("short-block", "cut short"), ("types", "different types"), ("version", "version"),
  ])
  func isRefused(name: String, words: String) {
    let path = "\(Self.folder)/refused-\(name).bin"
    let error = #expect(throws: FileError.self) { try PyTorchFile(path: path) }
    // The name of the file may have the words, too.
    let problem = error?.description.replacing(path, with: "") ?? ""
    #expect(problem.contains(words), "\(problem)")
  }

  /// An archive whose description is a byte too long is refused before it is read; one of the
  /// greatest length is read, as far as its first instruction.
  @Test(arguments: [(4 << 20, "instruction 255"), (4 << 20 + 1, "4194305 bytes long")])
  func theDescriptionHasALimit(bytes: Int, words: String) throws {
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/model.bin"
    try ByteFile.write(Self.archive("m/data.pkl", Array(repeating: 0xFF, count: bytes)), to: path)
    let error = #expect(throws: FileError.self) { try PyTorchFile(path: path) }
    #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
  }

  /// A zip archive with one member, stored as it is (APPNOTE 4.3.7, 4.3.12, 4.3.16). Nobody checks
  /// its sum.
  private static func archive(_ name: String, _ content: [UInt8]) -> [UInt8] {
    func little(_ number: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let sizes = little(content.count, 4) + little(content.count, 4) + little(name.utf8.count, 2)
    let zeros = { [UInt8](repeating: 0, count: $0) }
    let member = little(0x0403_4b50, 4) + zeros(14) + sizes + zeros(2) + name.utf8 + content
    let entry = little(0x0201_4b50, 4) + zeros(16) + sizes + zeros(16) + name.utf8
    let end =
      little(0x0605_4b50, 4) + zeros(4) + little(1, 2) + little(1, 2) + little(entry.count, 4)
      + little(member.count, 4) + zeros(2)
    return member + entry + end
  }

  /// Whatever byte is changed, the file is read or refused, and never more.
  @Test(arguments: ["new", "old"])
  func damagedFilesAreReadOrRefused(name: String) throws {
    let content = try ByteFile.read("\(Self.folder)/\(name).bin")
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).bin").path
    defer { ByteFile.remove(path) }
    for place in stride(from: 0, to: content.count, by: 3) {
      for value: UInt8 in [0, 0x80, 0xFF] {
        var damaged = content
        damaged[place] = value
        try ByteFile.write(damaged, to: path)
        guard let file = try? PyTorchFile(path: path) else { continue }
        for name in file.names { _ = try? file.floats(name) }
      }
    }
  }
}
