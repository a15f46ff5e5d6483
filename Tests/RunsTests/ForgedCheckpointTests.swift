import Configuration
import Data
import Files
import Foundation
import Glibc
import Methods
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Checkpoints whose manifest is right although somebody has changed them.
@Suite struct ForgedCheckpointTests {
  /// A run that stopped after update 9, with checkpoints of updates 4, 8 and 9.
  private struct Interrupted {
    let world: ResumeTests.World
    let method: JSONValue
    var folder: String { "\(world.toy.scratch.path)/run" }

    init(_ name: String) throws {
      world = try ResumeTests.World()
      method = .object([("name", .string(name))])
        .merged(with: ResumeTests.settings[name] ?? [:])
      let observer = SilentObserver()
      observer.stopsAfter = 9
      _ = try world.prepared(method, output: "run").execute(observer)
    }

    /// Goes on in a copy of the folder whose newest checkpoint was changed.
    ///
    /// - Parameter keepsOthers: whether the older checkpoints stay.
    /// - Returns: what the run said.
    func resume(
      _ output: String, keepsOthers: Bool = true, change: (_ checkpoint: String) throws -> Void
    ) throws -> [String] {
      let copy = "\(world.toy.scratch.path)/\(output)"
      try FileManager.default.copyItem(atPath: folder, toPath: copy)
      if !keepsOthers {
        for step in [4, 8] { ByteFile.remove("\(copy)/checkpoint-\(step)") }
      }
      try change("\(copy)/checkpoint-9")
      let told = SilentObserver()
      _ = try world.prepared(method, output: output, train: ["resume_from_checkpoint": true])
        .execute(told)
      return told.notices
    }

    /// Sets a value of a part's record and makes the manifest fit.
    func set(_ part: String, _ key: String, _ value: JSONValue, in checkpoint: String) throws {
      let file = "\(checkpoint)/training_state.json"
      var state = try #require(try StrictJSON.read(file).object)
      var parts = try #require(state["parts"]?.object)
      var record = try #require(parts[part]?.object)
      try #require(record[key] != nil)
      record[key] = value
      parts[part] = JSONValue(.object(record))
      state["parts"] = JSONValue(.object(parts))
      try JSONWriter().write(JSONValue(.object(state)), to: file)
      try seal("training_state.json", in: checkpoint)
    }

    func seal(_ name: String, in checkpoint: String) throws {
      let bytes = try ByteFile.read("\(checkpoint)/\(name)")
      var hash = ContentHash()
      hash.add(bytes)
      var manifest = try #require(try StrictJSON.read("\(checkpoint)/manifest.json").object)
      var files = try #require(manifest["files"]?.object)
      files[name] = ["bytes": .int(bytes.count), "fnv1a64": .string(hash.hexadecimal)]
      manifest["files"] = JSONValue(.object(files))
      try JSONWriter().write(JSONValue(.object(manifest)), to: "\(checkpoint)/manifest.json")
    }
  }

  @Test func aNumberThatCannotBeIsDamage() throws {
    let run = try Interrupted("kd")
    let forged: [(part: String, key: String, value: JSONValue)] = [
      ("trainer", "batches_taken", -1), ("trainer", "batch_number", .int(.max)),
      ("trainer", "batch_number", 10), ("trainer", "epochs_begun", .int(.max)),
      ("trainer", "texts", .int(.max)), ("trainer", "tokens", .int(.max)),
      ("trainer", "stage", -1), ("trainer", "stage", 99), ("trainer", "seconds", -1),
      ("trainer", "end", "planned"), ("trainer", "skipped", [10, 0, 0]),
      ("trainer", "loss_spikes", [.int(.max), 1, 1, 1]),
      ("optimizer.0", "updates", .int(.max)), ("optimizer.0", "updates", 10),
      ("best", "step", 12),
    ]
    for (place, item) in forged.enumerated() {
      let notices = try run.resume("run-\(place)") {
        try run.set(item.part, item.key, item.value, in: $0)
      }
      #expect(notices.contains { $0.contains("checkpoint-9 is passed over") }, "\(item)")
      #expect(notices.contains { $0.hasPrefix("going on after update 8") }, "\(item)")
    }
    // Nothing is wrong with a record that is merely written again.
    let same = try run.resume("same") { try run.set("trainer", "stage", 0, in: $0) }
    #expect(same.contains { $0.hasPrefix("going on after update 9") })
    // Without another checkpoint there is nothing to go on from.
    let error = #expect(throws: FileError.self) {
      try run.resume("alone", keepsOthers: false) {
        try run.set("trainer", "batches_taken", -1, in: $0)
      }
    }
    #expect(error?.problem.contains("batches_taken is -1") == true)
  }

  @Test(arguments: ["as-dfd", "zskd"]) func pseudoTextsMustFitTheTexts(name: String) throws {
    let run = try Interrupted(name)
    let record = try StrictJSON.read("\(run.folder)/checkpoint-9/training_state.json")
    let part = record["parts"]?["pseudo_texts"]
    let lengths = try #require(part?["lengths"]?.array).compactMap(\.int)
    let rows = try #require(part?["rows"]?.array)
    try #require(lengths.count > 2 && lengths[0] != lengths.reduce(0, +))
    let forged: [(key: String, value: JSONValue)] = [
      // The same number of vectors, shared out otherwise.
      (
        "lengths",
        .array([.int(lengths.reduce(0, +))] + lengths.dropFirst().map { _ in .int(0) })
      ),
      ("rows", .array([-1] + rows.dropFirst())),
      ("batches_left", .array(rows.map { _ in .int(.min) })),
    ]
    for (place, item) in forged.enumerated() {
      let notices = try run.resume("run-\(place)") {
        try run.set("pseudo_texts", item.key, item.value, in: $0)
      }
      #expect(notices.contains { $0.contains("checkpoint-9 is passed over") }, "\(item.key)")
    }
  }

  @Test func aCheckpointIsThatOfItsName() throws {
    let run = try Interrupted("kd")
    let notices = try run.resume("renamed") { checkpoint in
      let other = (checkpoint as NSString).deletingLastPathComponent + "/checkpoint-11"
      try FileManager.default.moveItem(atPath: checkpoint, toPath: other)
    }
    #expect(notices.contains { $0.contains("checkpoint-11 is passed over") })
    #expect(notices.contains { $0.hasPrefix("going on after update 8") })
  }

  @Test func weightsThatAreNotFiniteAreDamage() throws {
    let run = try Interrupted("kd")
    let notices = try run.resume("spoiled") { checkpoint in
      let file = "\(checkpoint)/training_state.safetensors"
      var bytes = try ByteFile.read(file)
      // The last array by name is that of the weights.
      bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xC0, 0x7F])
      try ByteFile.write(bytes, to: file)
      try run.seal("training_state.safetensors", in: checkpoint)
    }
    #expect(notices.contains { $0.contains("weights.0: a weight is not finite") })
    #expect(notices.contains { $0.hasPrefix("going on after update 8") })
  }

  @Test func linksThatLeadOutAreRefused() throws {
    let run = try Interrupted("kd")
    let outside = "\(run.world.toy.scratch.path)/outside"
    let notices = try run.resume("linked") { checkpoint in
      let file = "\(checkpoint)/training_state.safetensors"
      try FileManager.default.moveItem(atPath: file, toPath: outside)
      #expect(symlink(outside, file) == 0)
    }
    #expect(notices.contains { $0.contains("leads out of the folder") })
    #expect(notices.contains { $0.hasPrefix("going on after update 8") })
  }

  @Test func aLinkInPlaceOfTheNextCheckpointIsReplaced() throws {
    let run = try Interrupted("kd")
    let notices = try run.resume("looped") { checkpoint in
      let next = (checkpoint as NSString).deletingLastPathComponent + "/checkpoint-12"
      #expect(symlink("checkpoint-12", next) == 0)
    }
    #expect(notices.contains { $0.hasPrefix("going on after update 9") })
    let last = try CheckpointFolder(named: "\(run.world.toy.scratch.path)/looped/checkpoint-12")
    try last.verify()
  }

  @Test func sizesAreComparedFirstAndHashingCanBeStopped() throws {
    let run = try Interrupted("kd")
    let checkpoint = try CheckpointFolder(named: "\(run.folder)/checkpoint-9")
    #expect(throws: CancellationError.self) { try checkpoint.verify { true } }
    try ByteFile.append([0], to: "\(run.folder)/checkpoint-9/training_state.safetensors")
    #expect(throws: FileError.self) { try checkpoint.verify { true } }
  }

  @Test func anotherArchitectureOfTheTeacherIsRefused() throws {
    let run = try Interrupted("kd")
    let file = "\(run.world.toy.scratch.path)/teacher/config.json"
    var json = try #require(try StrictJSON.read(file).object)
    json["layer_norm_eps"] = 0.5
    try JSONWriter().write(JSONValue(.object(json)), to: file)
    let error = #expect(throws: ConfigError.self) { try run.resume("other") { _ in } }
    #expect(error?.message.contains("data_hashes.teacher architecture") == true)
  }

  @Test func descriptionsWithoutArchitecturesAreOfEarlierVersions() {
    let old = RunDescription(json: ["data_hashes": ["teacher": "1"]])
    let new = RunDescription(
      json: ["data_hashes": ["teacher": "1", "teacher architecture": "2", "tokenizer files": "3"]])
    #expect(new.differences(from: old).isEmpty)
    #expect(old.differences(from: new).count == 2)
  }
}
