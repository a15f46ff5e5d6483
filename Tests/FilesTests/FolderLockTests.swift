import Files
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite struct FolderLockTests {
  @Test func oneAtATime() throws {
    let scratch = try ScratchFolder()
    let lock = try FolderLock(scratch.path)
    #expect(scratch.content == [".lock-1"])
    let state = try #require(FolderLock.state(of: scratch.path))
    #expect(state.holder?.process == getpid() && !state.isAbandoned)
    #expect(try FolderLock.ifFree(scratch.path) == nil)
    let error = #expect(throws: FileError.self) { try FolderLock(scratch.path) }
    #expect(
      error?.problem.contains("another run is writing to it (process \(getpid()) on ") == true)
    lock.release()
    #expect(FolderLock.state(of: scratch.path) == nil)
    do {
      let second = try #require(try FolderLock.ifFree(scratch.path))
      #expect(scratch.content == [".lock-2"])
      try second.requireHeld()
    }
    // It ends with whoever holds it.
    #expect(FolderLock.state(of: scratch.path) == nil)
  }

  @Test func aLockWhoseFileIsGoneOrAnotherIsLost() throws {
    let scratch = try ScratchFolder()
    let folder = "\(scratch.path)/run"
    try ByteFile.makeFolder(folder)
    let lock = try FolderLock(folder)
    try lock.requireHeld()
    #expect(rename(folder, "\(scratch.path)/moved") == 0)
    let error = #expect(throws: FileError.self) { try lock.requireHeld() }
    #expect(error?.problem.contains("was removed, moved or replaced") == true)
    #expect(lock.isLost)
    try ByteFile.makeFolder(folder)
    let second = try FolderLock(folder)
    ByteFile.remove(folder)
    try ByteFile.makeFolder(folder)
    let third = try FolderLock(folder)
    #expect(throws: FileError.self) { try second.requireHeld() }
    try third.requireHeld()
  }

  @Test func theHighestNumberHasNoNext() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.write("free", as: ".lock-\(Int.max)")
    let error = #expect(throws: FileError.self) { try FolderLock(scratch.path) }
    #expect(error?.problem.contains("has the highest number") == true)
  }

  @Test func aProcessOfThisMachineThatIsGoneLosesItAtOnce() throws {
    let scratch = try ScratchFolder()
    func isTaken(_ lines: [(old: String, new: String)]) throws -> Bool {
      removeAll(in: scratch)
      try ForeignLock.write(in: scratch.path, changing: lines)
      return try FolderLock.ifFree(scratch.path) != nil
    }
    #expect(try !isTaken([]))
    #expect(try !isTaken([("host", "another-name")]))
    #expect(try isTaken([("process", "\(ShortProcess.number())")]))
    // The number has been given to another process.
    #expect(try isTaken([("started", "1")]))
  }

  @Test func aZombieIsGone() throws {
    let scratch = try ScratchFolder()
    let child = try ShortProcess.start()
    defer { waitpid(child, nil, 0) }
    var stat = ""
    while !stat.contains(") Z ") {
      stat = String(decoding: try ByteFile.read("/proc/\(child)/stat"), as: UTF8.self)
    }
    let started = try #require(stat.split(separator: ")").last).split(separator: " ")[19]
    try ForeignLock.write(
      in: scratch.path, changing: [("process", "\(child)"), ("started", "\(started)")])
    #expect(try FolderLock.ifFree(scratch.path) != nil)
  }

  @Test func aProcessOfAnotherMachineLosesItWhenItHasBeenSilentForLong() throws {
    let scratch = try ScratchFolder()
    let patience = Double(FolderLock.patience)
    for line in [("kernel", "another"), ("processes", "pid:[1]")] {
      try ForeignLock.write(in: scratch.path, changing: [line], secondsAgo: patience - 60)
      #expect(try FolderLock.ifFree(scratch.path) == nil)
      let file = try ForeignLock.file(in: scratch.path)
      try ForeignLock.touch(file, secondsAgo: patience + 60)
      // As long as it has the file open, somebody knows that it lives.
      let descriptor = open(file, O_RDWR)
      #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
      #expect(try FolderLock.ifFree(scratch.path) == nil)
      close(descriptor)
      #expect(FolderLock.state(of: scratch.path)?.isAbandoned == true)
      #expect(try FolderLock.ifFree(scratch.path) != nil)
    }
  }

  @Test func aFileThatNamesNobodyCountsByItsAge() throws {
    let scratch = try ScratchFolder()
    for text in ["", "held\n", "held\nprocess x\n"] {
      removeAll(in: scratch)
      let file = try scratch.write(text, as: ".lock-3")
      #expect(try FolderLock.ifFree(scratch.path) == nil)
      try ForeignLock.touch(file, secondsAgo: Double(FolderLock.patience) + 60)
      #expect(try FolderLock.ifFree(scratch.path) != nil)
      #expect(scratch.content == [".lock-4"])
    }
    // A link is not followed.
    removeAll(in: scratch)
    symlink("/etc/passwd", "\(scratch.path)/.lock-1")
    #expect(throws: FileError.self) { try FolderLock(scratch.path) }
  }

  @Test func ofManyThatFindItAbandonedOneTakesIt() throws {
    for _ in 0..<20 {
      let scratch = try ScratchFolder()
      try ForeignLock.write(in: scratch.path, changing: [("started", "1")])
      let taken = Mutex<[FolderLock]>([])
      let start = Atomic<Bool>(false)
      let threads = (0..<8).compactMap { _ in
        BackgroundWork {
          while !start.load(ordering: .relaxed) {}
          for _ in 0..<3 {
            if let lock = try? FolderLock.ifFree(scratch.path) {
              taken.withLock { $0.append(lock) }
            }
          }
        }
      }
      start.store(true, ordering: .relaxed)
      for thread in threads { thread.join() }
      #expect(taken.withLock { $0.count } == 1)
    }
  }

  /// Threads take and release it again and again.
  @Test func neverTwoAtOnce() throws {
    let scratch = try ScratchFolder()
    let holders = Atomic<Int>(0)
    let times = Atomic<Int>(0)
    let clashes = Atomic<Int>(0)
    let threads = (0..<6).compactMap { _ in
      BackgroundWork {
        var left = 15
        while left > 0 {
          guard let lock = try? FolderLock.ifFree(scratch.path) else { continue }
          left -= 1
          let others = holders.add(1, ordering: .sequentiallyConsistent).oldValue
          if others != 0 { clashes.add(1, ordering: .relaxed) }
          usleep(200)
          holders.subtract(1, ordering: .sequentiallyConsistent)
          times.add(1, ordering: .relaxed)
          lock.release()
        }
      }
    }
    for thread in threads { thread.join() }
    let (clashing, taken) = (clashes.load(ordering: .relaxed), times.load(ordering: .relaxed))
    #expect(clashing == 0 && taken == 90)
    #expect(scratch.content.count == 1)
  }

  @Test func whoWasTakenForDeadFindsOut() throws {
    let scratch = try ScratchFolder()
    let lock = try FolderLock(scratch.path)
    try lock.requireHeld()
    try ForeignLock.writeNext(after: scratch.path)
    let error = #expect(throws: FileError.self) { try lock.requireHeld() }
    #expect(error?.problem.contains("process 1234 on node7 has taken it over") == true)
    #expect(lock.isLost)
    // It gives nothing back that is another's.
    lock.release()
    #expect(FolderLock.state(of: scratch.path)?.holder?.host == "node7")
  }

  private func removeAll(in scratch: ScratchFolder) {
    for name in scratch.content { unlink("\(scratch.path)/\(name)") }
  }
}
