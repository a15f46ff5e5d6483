import Files
import Foundation
import StrictJSON
import TestSupport
import Testing

import Runs

/// Event files, as far as they can be checked without TensorBoard;
/// scripts/tests/tensorboard.test.sh reads them with it.
@Suite struct TensorBoardTests {
  /// The vectors of RFC 3720, B.4, and the usual one.
  @Test func checkValuesAreThoseOfTheStandard() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
  }

  /// The example of the encoding's own documentation, and a negative number in ten bytes.
  @Test func fieldsAreEncodedAsProtocolBuffersAre() {
    #expect(ProtobufMessage { $0.add(1, 150) }.bytes == [0x08, 0x96, 0x01])
    #expect(ProtobufMessage { $0.add(2, "testing") }.bytes == [0x12, 7] + Array("testing".utf8))
    #expect(
      ProtobufMessage { $0.add(1, -1) }.bytes == [0x08] + [UInt8](repeating: 0xFF, count: 9) + [1])
    #expect(ProtobufMessage { $0.add(2, Float(1)) }.bytes == [0x15, 0, 0, 0x80, 0x3F])
    #expect(
      ProtobufMessage { $0.add(6, [1.0, -2.0]) }.bytes
        == [0x32, 16, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0])
    let inner = ProtobufMessage { $0.add(1, 150) }
    #expect(ProtobufMessage { $0.add(3, inner) }.bytes == [0x1A, 3, 0x08, 0x96, 0x01])
  }

  @Test func namesAreThoseOfTransformers() {
    #expect(TensorBoardLog.tag("eval_accuracy") == "eval/accuracy")
    #expect(TensorBoardLog.tag("loss") == "train/loss")
    #expect(TensorBoardLog.tag("evaluation") == "train/evaluation")
  }

  @Test func aResumedRunWritesAFileThatIsReadAfterTheFirst() throws {
    let scratch = try ScratchFolder()
    for resumed in [nil, 4, 8] {
      let log = try TensorBoardLog(run: scratch.path, config: ["seed": 1], resumedAt: resumed)
      try log.add([("loss", 1), ("eval_loss", .nan)], step: 5)
    }
    let folder = "\(scratch.path)/runs"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files.count == 3 && files.allSatisfy { $0.hasPrefix("events.out.tfevents.") })
    // Only the first one has the configuration.
    let sizes = try files.map { try ByteFile.read("\(folder)/\($0)").count }
    #expect(sizes[0] > sizes[1] && sizes[1] == sizes[2])
  }

  @Test func onlyFilesOfRunsAreRemoved() throws {
    let scratch = try ScratchFolder()
    _ = try TensorBoardLog(run: scratch.path, config: [:], resumedAt: nil)
    try scratch.write("x", as: "runs/events.out.tfevents.1.other.0")
    EventFile.removeAll(in: "\(scratch.path)/runs")
    let rest = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/runs")
    #expect(rest == ["events.out.tfevents.1.other.0"])
    EventFile.removeAll(in: "\(scratch.path)/runs")
    #expect(rest.count == 1)
  }
}
