import Files
import Foundation
import Models
import TestSupport
import Testing

@Suite struct SafetensorsReadingTests {
  /// Files that the reference takes and we refuse, by design: every duplicate key is an error.
  static let stricter: Set = ["same key twice, same offsets"]

  @Test func verdictsAreThoseOfTheReference() throws {
    let golden = try SafetensorsGolden.load()
    let scratch = try ScratchFolder()
    #expect(golden.vectors.count >= 46)
    var accepted = 0
    for vector in golden.vectors {
      let path = try scratch.write(vector.file, as: "vector.safetensors")
      do {
        _ = try SafetensorsFile(path: path)
        accepted += 1
        #expect(
          vector.accepted && !Self.stricter.contains(vector.name),
          "\(vector.name): accepted, but the reference says \(vector.reason)")
      } catch let error as FileError {
        #expect(error.kind == .invalid && error.file == path, "\(vector.name)")
        #expect(
          !vector.accepted || Self.stricter.contains(vector.name), "\(vector.name): \(error)")
      }
    }
    #expect(accepted > 20)
  }

  /// No truncation of a valid file opens.
  @Test func truncatedFilesAreRefused() throws {
    let golden = try SafetensorsGolden.load()
    let scratch = try ScratchFolder()
    for count in 0..<golden.floats.file.count {
      let path = try scratch.write(golden.floats.file.prefix(count), as: "t.safetensors")
      #expect(throws: FileError.self) { try SafetensorsFile(path: path) }
    }
  }

  @Test func valuesOfEveryFloatType() throws {
    let golden = try SafetensorsGolden.load()
    let scratch = try ScratchFolder()
    let path = try scratch.write(golden.floats.file, as: "floats.safetensors")
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["format": "pt"])
    #expect(Set(file.names) == ["f16", "bf16", "f32", "f64", "i64", "u8"])
    for (name, expected) in golden.floats.values {
      #expect(file.entry(named: name)?.shape == expected.shape)
      #expect(try file.floats(name) == expected.values.map(Float.init), "\(name)")
    }
    #expect(try file.integers("i64") == golden.floats.i64)
    let type = try #require(throws: FileError.self) { try file.floats("u8") }
    #expect(
      type.description
        == "\(path): tensor \"u8\": its type U8 is not supported; F32, F16, BF16 or F64 is expected."
    )
    #expect(throws: FileError.self) { try file.integers("f32") }
    let unknown = try #require(throws: FileError.self) { try file.floats("g") }
    #expect(unknown.tensor == "g" && unknown.file == path)
    var small = [Float](repeating: 0, count: 9)
    let size = try #require(throws: FileError.self) {
      try small.withUnsafeMutableBufferPointer { try file.copyFloats("f16", into: $0) }
    }
    #expect(size.problem == "it has 10 elements (shape [2, 5]), 9 are expected.")
  }

  /// Every bit pattern of both 16-bit types, at an odd address too: the header's length decides.
  @Test(arguments: ["F16", "BF16"], [0, 1]) func allSixteenBitPatterns(
    _ type: String, _ shift: Int
  ) throws {
    let scratch = try ScratchFolder()
    let data = (0...UInt16.max).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let header =
      "{\"a\":{\"dtype\":\"\(type)\",\"shape\":[65536],\"data_offsets\":[0,131072]}}"
      + String(repeating: " ", count: shift)
    let path = try scratch.write(safetensors(header, data: data), as: "a.safetensors")
    let found = try SafetensorsFile(path: path).floats("a")
    var different = 0
    for pattern in 0...UInt16.max {
      let value = found[Int(pattern)]
      let expected =
        type == "F16"
        ? Float(Float16(bitPattern: pattern)) : Float(bitPattern: UInt32(pattern) << 16)
      let same = expected.isNaN ? value.isNaN : value.bitPattern == expected.bitPattern
      different += same ? 0 : 1
    }
    #expect(different == 0)
  }

  @Test func doublesBeyondFloatAndNaN() throws {
    let scratch = try ScratchFolder()
    let values: [Double] = [1e300, -1e300, 1e-300, .nan, 1.0000000596046448, 1.00000001]
    let data = values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    let path = try scratch.write(
      safetensors("{\"a\":{\"dtype\":\"F64\",\"shape\":[6],\"data_offsets\":[0,48]}}", data: data),
      as: "a.safetensors")
    let found = try SafetensorsFile(path: path).floats("a")
    #expect(found[0] == .infinity && found[1] == -.infinity && found[2] == 0 && found[3].isNaN)
    #expect(found[4] == 1 && found[5] == 1)
  }

  @Test func missingFilesAndFolders() throws {
    let scratch = try ScratchFolder()
    let missing = try #require(throws: FileError.self) {
      try SafetensorsFile(path: scratch.path + "/none.safetensors")
    }
    #expect(missing.kind == .missing)
    let folder = try #require(throws: FileError.self) {
      try SafetensorsFile(path: scratch.path)
    }
    #expect(folder.kind == .unreadable)
  }
}
