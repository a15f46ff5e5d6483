import Files
import Foundation
import StrictJSON
import Studies
import Synchronization
import TestSupport
import Testing

/// Studies that several processes share. The lock does not care whether it is kept from another
/// process or from another thread of this one.
@Suite struct SharedStudyTests {
  /// What one of several workers has done.
  private struct Work: Sendable {
    var outcome: StudyOutcome?
    var finished: [String] = []
    var failed: [String] = []
    var waits: [[String]] = []
  }

  /// What some workers do that run at the same time.
  ///
  /// - Parameter atWait: called by each that finds nothing to do.
  private func work(
    _ count: Int, on study: Study, waits: Bool = false,
    atWait: @escaping @Sendable (_ worker: Int) -> Void = { _ in }
  ) -> [Work] {
    let found = Mutex<[Work]>([])
    let threads = (0..<count).compactMap { worker in
      BackgroundWork {
        let listener = StudyListener()
        listener.atWait = { atWait(worker) }
        let outcome = try? study.run(observer: listener, waits: waits)
        let work = Work(
          outcome: outcome, finished: listener.finished.map(\.cell),
          failed: listener.failed.map(\.cell), waits: listener.waits)
        found.withLock { $0.append(work) }
      }
    }
    for thread in threads { thread.join() }
    return found.withLock { $0 }
  }

  @Test func everyCellIsMadeOnce() throws {
    let world = try StudyWorld()
    let alone = try world.study(world.text(), overrides: ["output_dir=\(world.root)/alone"])
    _ = try alone.run(observer: StudyListener())
    _ = try alone.report(pool: world.toy.pool)
    let study = try world.study(world.text())
    let workers = work(3, on: study, waits: true)
    #expect(workers.compactMap(\.outcome).allSatisfy { $0.elsewhere == 0 && $0.failures.isEmpty })
    #expect(
      workers.flatMap(\.finished).sorted()
        == study.cells.map(\.name).sorted())
    #expect(study.cells.allSatisfy { $0.record != nil })
    // Each worker reports; the tables are those of one process.
    for _ in 0..<2 { _ = try study.report(pool: world.toy.pool) }
    #expect(
      try TestFiles.bytes("\(world.folder)/cells.csv")
        == TestFiles.bytes("\(world.root)/alone/cells.csv"))
    // So are the models, whoever asked the teacher first.
    for (shared, own) in zip(study.cells, alone.cells) {
      #expect(
        try TestFiles.bytes("\(shared.folder)/model.safetensors")
          == TestFiles.bytes("\(own.folder)/model.safetensors"))
    }
  }

  @Test func aCellOfAnotherMachineIsLeftAloneUntilThatIsSilent() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    let cell = study.cells[1]
    try ForeignLock.write(in: cell.folder, changing: ForeignLock.elsewhere)
    let outcome = try study.run(observer: StudyListener())
    #expect(outcome.finished == 3 && outcome.elsewhere == 1 && !outcome.wasInterrupted)
    let status = StudyStatus(study)
    #expect(status.rows.map(\.cell.name) == [cell.name])
    #expect(status.rows.map(\.state) == ["being made"])
    #expect(status.rows.map(\.maker) == ["process 1234 on node7"])
    #expect(status.total == 4 && status.finished == 3 && status.running == 1)
    #expect((status.secondsLeft ?? -1) >= 0)
    let others = StudyStatus(study) { $0.name != cell.name }
    #expect(others.total == 3 && others.finished == 3 && others.rows.isEmpty)
    try ForeignLock.touch(
      ForeignLock.file(in: cell.folder), secondsAgo: Double(FolderLock.patience) + 60)
    #expect(StudyStatus(study).running == 0)
    let resumed = try study.run(observer: StudyListener())
    #expect(resumed.finished == 1 && resumed.skipped == 3 && resumed.elsewhere == 0)
    #expect(StudyStatus(study).finished == 4 && StudyStatus(study).secondsLeft == 0)
  }

  @Test func whoWaitsTakesWhatOthersLeave() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    try ByteFile.makeFolder(study.cells[0].folder)
    let lock = try FolderLock(study.cells[0].folder)
    let listener = StudyListener()
    listener.atWait = { lock.release() }
    let outcome = try study.run(observer: listener, waits: true)
    #expect(outcome.finished == 4 && outcome.elsewhere == 0)
    #expect(listener.waits == [[study.cells[0].name]])
    #expect(listener.finished.last?.cell == study.cells[0].name)
  }

  @Test func whatFailsElsewhereIsNotTriedAgain() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(
        methods: #", "deep": {"student": {"config": null, "from_teacher_layers": [7]}, "#
          + #""method": {"name": "kd"}}"#))
    // A worker that starts after a failure tries once more, so all must have begun by then.
    func workTogether() throws -> [Work] {
      let locks = try study.cells.filter { $0.method == "deep" }.map { cell in
        try ByteFile.makeFolder(cell.folder)
        return try FolderLock(cell.folder)
      }
      let waiting = Mutex<Set<Int>>([])
      return work(3, on: study, waits: true) { worker in
        let count = waiting.withLock { waiting in
          waiting.insert(worker)
          return waiting.count
        }
        if count == 3 { for lock in locks { lock.release() } }
      }
    }
    let workers = try workTogether()
    let failed = workers.flatMap(\.failed)
    #expect(failed.sorted() == ["short/deep/seed-1", "short/deep/seed-2"])
    // Everybody hears of it.
    #expect(workers.allSatisfy { $0.outcome?.failures.count == 2 })
    #expect(StudyStatus(study).failed == 2)
    // A later start tries once more, again only once.
    let again = try workTogether()
    #expect(again.flatMap(\.failed).sorted() == failed.sorted())
  }

  @Test func whoeverLosesACellDoesNotSpoilIt() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    let listener = StudyListener()
    let cell = study.cells[0]
    // Its process stands still, and another one takes the cell.
    listener.atDisplay = { name in
      if name == cell.name { try? ForeignLock.writeNext(after: cell.folder) }
    }
    let outcome = try study.run(observer: listener)
    #expect(outcome.finished == 3 && outcome.elsewhere == 1 && outcome.failures.isEmpty)
    #expect(listener.failed.map(\.cell) == [cell.name])
    #expect(listener.failed.first?.problem.contains("process 1234 on node7 has taken it") == true)
    for file in ["model.safetensors", "all_results.json", "cell.json", "error.txt"] {
      #expect(!ByteFile.exists("\(cell.folder)/\(file)"))
    }
    #expect(StudyStatus(study).rows.map(\.maker) == ["process 1234 on node7"])
  }
}
