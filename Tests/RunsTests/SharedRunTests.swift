import Files
import Foundation
import Models
import Processes
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Runs that several processes share, with everything that is read and written.
@Suite struct SharedRunTests {
  private static let files = [
    "model.safetensors", "best/model.safetensors", "log.jsonl", "eval_predictions.tsv",
  ]

  @Test(arguments: ["none", "kd", "mate-kd", "cilda", "zskd"])
  func aRunMayStopAndGoOnWithOtherProcesses(name: String) throws {
    let world = try ResumeTests.World()
    let own = ResumeTests.settings[name] ?? [:]
    let method = JSONValue.object([("name", .string(name))]).merged(with: own)
    _ = try world.prepared(method, output: "whole", shards: 4).execute(SilentObserver())
    let first = try ThreadGroup.run(4) { group in
      let observer = SilentObserver()
      // Any process may be the one that is asked to stop.
      if group.rank == 2 { observer.stopsWhenAsked = 7 }
      return try world.prepared(method, output: "shared", shards: 4, sharedBy: group)
        .execute(observer)
    }
    #expect(first.map(\.wasInterrupted) == [true, true, true, true])
    let second = try ThreadGroup.run(3) { group in
      try world.prepared(method, output: "shared", shards: 4, sharedBy: group)
        .execute(SilentObserver())
    }
    #expect(second.map(\.wasInterrupted) == [false, false, false])
    #expect(second[0].notices.contains { $0.hasPrefix("3 processes shared the run") })
    for file in Self.files {
      #expect(try world.bytes("shared/\(file)") == world.bytes("whole/\(file)"), "\(file)")
    }
    // What is finished is left alone by all.
    let third = try ThreadGroup.run(2) { group in
      try world.prepared(
        method, output: "shared", train: ["resume_from_checkpoint": true], shards: 4,
        sharedBy: group
      ).execute(SilentObserver())
    }
    #expect(third[0].notices.contains { $0.contains("is finished") })
  }

  /// A run keeps the shards with which it began, which only the first process can look up.
  @Test func onlyTheFirstProcessNeedsTheOutputFolder() throws {
    let world = try ResumeTests.World()
    let run: @Sendable (ThreadGroup, Int?) throws -> RunOutcome = { group, stop in
      var configuration = try world.configuration(
        ["name": "kd"], output: group.rank == 0 ? "run" : "unseen", shards: 0)
      try configuration.takeEarlierShards(in: group)
      let observer = SilentObserver()
      observer.stopsWhenAsked = stop
      return try PreparedRun.distill(configuration, sharedBy: group).execute(observer)
    }
    _ = try ThreadGroup.run(2) { try run($0, 5) }
    let outcomes = try ThreadGroup.run(3) { try run($0, nil) }
    #expect(outcomes.allSatisfy { !$0.wasInterrupted })
    _ = try world.prepared(["name": "kd"], output: "whole", shards: 4).execute(SilentObserver())
    for file in Self.files {
      #expect(try world.bytes("run/\(file)") == world.bytes("whole/\(file)"), "\(file)")
    }
    #expect(!ByteFile.exists("\(world.toy.scratch.path)/unseen"))
  }

  @Test func onlyTheFirstProcessSaysAnything() throws {
    let world = try ResumeTests.World()
    let said = try ThreadGroup.run(2) { group in
      let observer = SilentObserver()
      _ = try world.prepared(["name": "kd"], output: "run", sharedBy: group).execute(observer)
      return observer.logged.count + observer.evaluated.count + observer.notices.count
    }
    #expect(said[0] > 0 && said[1] == 0)
  }

  @Test func processesWithOtherSettingsAreRefused() throws {
    let world = try ResumeTests.World()
    let error = #expect(throws: OtherRun.self) {
      try ThreadGroup.run(2) { group in
        try world.prepared(
          ["name": "kd"], output: "run",
          train: ["learning_rate": .double(0.1 + Double(group.rank))],
          sharedBy: group
        ).execute(SilentObserver())
      }
    }
    #expect(error?.description.contains("process 1 on thread-1") == true)
    #expect(error?.description.contains("train.learning_rate (0.1 there, 1.1 here)") == true)
  }

  @Test func everyProcessNeedsAShard() throws {
    let world = try ResumeTests.World()
    #expect(throws: TrainingError.tooFewShards(2, processes: 3)) {
      try ThreadGroup.run(3) {
        _ = try world.prepared(["name": "kd"], output: "run", sharedBy: $0)
      }
    }
  }

  @Test func theStateOfTheFirstProcessIsThatOfAll() throws {
    let toy = try ToyWorld()
    let weights = try ThreadGroup.run(3) { group in
      // The last process begins with other weights, as if its processor rounded otherwise.
      let (method, student, _, generator) = try toy.mateKD()
      if group.rank == 2 { student.initialize(seed: 99) }
      let session = try TrainingSession(
        Trainer(
          arguments: TrainingArguments(maxSteps: 1), seed: 1, dataSeed: 1, shards: 3,
          pool: toy.pool, group: group),
        objective: method, data: toy.train, metric: ("loss", false), evaluate: nil)
      try session.meet()
      return [student.parameters.weights, generator.parameters.weights]
    }
    #expect(weights[1] == weights[0] && weights[2] == weights[0])
  }
}
