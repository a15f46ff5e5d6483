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
  /// What some workers do that run at the same time.
  private func work(
    _ count: Int, on study: Study, waits: Bool = false
  ) -> [(outcome: StudyOutcome?, listener: StudyListener)] {
    let found = Mutex<[(outcome: StudyOutcome?, listener: StudyListener)]>([])
    let threads = (0..<count).compactMap { _ in
      BackgroundWork {
        let listener = StudyListener()
        let outcome = try? study.run(observer: listener, waits: waits)
        found.withLock { $0.append((outcome, listener)) }
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
      workers.flatMap { $0.listener.finished.map(\.cell) }.sorted()
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
    let started = Atomic<Bool>(false)
    let release = BackgroundWork {
      while study.cells[1...].contains(where: { $0.record == nil }) { usleep(10_000) }
      started.store(true, ordering: .relaxed)
      lock.release()
    }
    let workers = work(1, on: study, waits: true)
    release?.join()
    #expect(started.load(ordering: .relaxed))
    #expect(workers.first?.outcome?.finished == 4)
    #expect(workers.first?.listener.waits == [[study.cells[0].name]])
  }

  @Test func whatFailsElsewhereIsNotTriedAgain() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(
        methods: #", "deep": {"student": {"config": null, "from_teacher_layers": [7]}, "#
          + #""method": {"name": "kd"}}"#))
    let workers = work(3, on: study, waits: true)
    let failed = workers.flatMap { $0.listener.failed.map(\.cell) }
    #expect(failed.sorted() == ["short/deep/seed-1", "short/deep/seed-2"])
    // Everybody hears of it.
    #expect(workers.allSatisfy { $0.outcome?.failures.count == 2 })
    #expect(StudyStatus(study).failed == 2)
    // A later start tries once more, again only once.
    let again = work(3, on: study, waits: true)
    #expect(again.flatMap { $0.listener.failed.map(\.cell) }.sorted() == failed.sorted())
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
