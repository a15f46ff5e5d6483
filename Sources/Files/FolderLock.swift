import Dispatch
import Foundation
import Glibc
import Synchronization

/// Keeps other processes, also those of other machines, out of a folder.
///
/// The lock is a file `.lock-N` in the folder, which names its holder. It is held as long as its
/// first word says so, and nobody needs to remove it after a crash. Others take it over
///
/// - at once if the holder ran on the same machine and is gone;
/// - otherwise when the holder has not touched the file for `patience` seconds, and no kernel or
///   file server says that it still has it open (`flock`). A process that only stands still keeps
///   its lock where file locks reach across machines, as on NFS.
///
/// Whoever takes over makes the file with the next number, which the file system lets only one of
/// them do. The file with the highest number is never removed, so a number is never taken twice,
/// however long somebody pauses between looking and taking. A holder that was taken for dead finds
/// out by the higher number (`requireHeld`). If its file is gone or is another one, the folder was
/// removed or moved away, and one of the same name may be somebody else's: that lock is lost, too.
package final class FolderLock: Sendable {
  /// After so many seconds without a sign of life, a holder on another machine counts as gone.
  package static let patience = 300

  /// The folder.
  package let folder: String
  private let claim: Claim
  private let heart: Mutex<BackgroundWork?>
  private let slot: LockSlots.Slot?
  private let isReleased = Atomic<Bool>(false)

  private init(_ claim: Claim) {
    folder = claim.folder
    self.claim = claim
    slot = LockSlots.add(claim.file.descriptor)
    // Where there is no thread for it, other machines take the folder over after a while.
    heart = Mutex(BackgroundWork { claim.beat() })
  }

  /// Locks a folder.
  ///
  /// - Throws: `FileError` of kind `unwritable` if another run holds the lock, or if the folder
  ///   cannot be written.
  package convenience init(_ folder: String) throws {
    switch try Self.take(folder) {
    case .taken(let claim): self.init(claim)
    case .held(let holder?):
      throw FileError.unwritable(folder, reason: "another run is writing to it (\(holder))")
    case .held(nil):
      let name = Self.newest(in: folder).map { "\(Self.prefix)\($0)" } ?? "a file \(Self.prefix)N"
      throw FileError.unwritable(
        folder,
        reason: "\(name) in it says that another run is writing to it; if there is none, remove "
          + "that file")
    }
  }

  /// Locks a folder unless somebody else holds it; nil if so.
  ///
  /// - Throws: `FileError` of kind `unwritable` if the folder cannot be written.
  package static func ifFree(_ folder: String) throws -> FolderLock? {
    if case .taken(let claim) = try take(folder) { FolderLock(claim) } else { nil }
  }

  /// Locks a folder as soon as it is free.
  ///
  /// - Throws: `FileError` of kind `unwritable` if the folder cannot be written.
  package static func waiting(for folder: String) throws -> FolderLock {
    while true {
      if let lock = try ifFree(folder) { return lock }
      usleep(50_000)
    }
  }

  deinit { release() }

  /// Lets others have the folder.
  package func release() {
    guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
    claim.wake.signal()
    heart.withLock {
      $0?.join()
      $0 = nil
    }
    slot?.empty()
    claim.free()
  }

  /// Whether another process has taken the folder over, as far as this one has noticed: it looks
  /// whenever it gives a sign of life.
  package var isLost: Bool { claim.isLost.load(ordering: .relaxed) }

  /// To be called before anything is written that must not stand beside another process's files.
  ///
  /// - Throws: `FileError` of kind `unwritable` if another process has taken the folder over.
  package func requireHeld() throws {
    claim.look()
    guard isLost else { return }
    guard let newest = Self.newest(in: folder), newest > claim.number else {
      throw FileError.unwritable(
        folder,
        reason: "the folder, or the file of this process's lock in it, was removed, moved or "
          + "replaced while this process was writing to it; what it did since then is lost")
    }
    let holder = Self.state(of: folder)?.holder.map { "\($0)" } ?? "another process"
    throw FileError.unwritable(
      folder,
      reason: "\(holder) has taken it over, because this process gave no sign of life for "
        + "\(Self.patience) seconds; what this process did since then is lost")
  }

  /// Whether a name in a folder is that of a lock.
  package static func isLock(_ name: String) -> Bool { name.hasPrefix(prefix) }

  // MARK: Looking

  /// A lock that is held.
  package struct State: Sendable {
    /// The process; nil if the file does not say.
    package let holder: LockHolder?
    /// Whether it is known to be gone, so that the lock is free.
    package let isAbandoned: Bool
  }

  /// Who holds a folder; nil if nobody does.
  package static func state(of folder: String) -> State? {
    guard let number = newest(in: folder) else { return nil }
    return try? state(of: folder, number)
  }

  private static let prefix = ".lock-"

  /// The highest number; nil if the folder has never been locked.
  fileprivate static func newest(in folder: String) -> Int? {
    (try? names(in: folder)).flatMap { newest(of: $0) }
  }

  private static func newest(of names: [String]) -> Int? {
    names.compactMap(number).max()
  }

  /// The number of a lock; nil for other names.
  private static func number(of name: String) -> Int? {
    guard let number = Int(name.dropFirst(prefix.count)), number > 0, name == "\(prefix)\(number)"
    else { return nil }
    return number
  }

  /// - Throws: `FileError` if the folder cannot be listed, for lack of file descriptors for example.
  private static func names(in folder: String) throws -> [String] {
    guard let listing = opendir(folder) else {
      throw FileError.unwritable(
        folder, reason: "it cannot be listed: \(String(cString: strerror(errno)))")
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if isLock(name) { names.append(name) }
    }
    return names
  }

  /// - Returns: nil if the lock was released.
  private static func state(of folder: String, _ number: Int) throws -> State? {
    let path = "\(folder)/\(prefix)\(number)"
    guard let file = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
      // Whoever has taken the next number removes it.
      if errno == ENOENT { return State(holder: nil, isAbandoned: false) }
      throw FileError.unwritable(path, reason: String(cString: strerror(errno)))
    }
    guard let status = file.status, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError.unwritable(path, reason: "it is in the place of a run's lock; move it away")
    }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = bytes.withUnsafeMutableBytes { file.read(into: $0) }
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    if text.hasPrefix(LockMark.free) { return nil }
    let holder = LockHolder(text)
    if let isAlive = holder?.isAlive { return State(holder: holder, isAbandoned: !isAlive) }
    guard let touched = file.status?.st_mtim.tv_sec, let now = time(in: folder),
      now - touched > patience
    else { return State(holder: holder, isAbandoned: false) }
    let isOpenSomewhere = flock(file.descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    return State(holder: holder, isAbandoned: !isOpenSomewhere)
  }

  /// The time by the clock of the file system, which may be another machine's.
  private static func time(in folder: String) -> Int? {
    let path = temporary(in: folder)
    guard let file = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) else { return nil }
    defer { unlink(path) }
    return file.status?.st_mtim.tv_sec
  }

  private static func temporary(in folder: String) -> String {
    "\(folder)/\(prefix)tmp-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
  }

  // MARK: Taking

  private enum Outcome {
    case taken(Claim)
    case held(LockHolder?)
  }

  private static func take(_ folder: String) throws -> Outcome {
    let last = newest(of: try names(in: folder))
    if let last, let state = try state(of: folder, last), !state.isAbandoned {
      return .held(state.holder)
    }
    guard (last ?? 0) < Int.max else {
      throw FileError.unwritable(
        folder,
        reason: "\(prefix)\(Int.max) has the highest number that a lock can have; remove that file")
    }
    let number = (last ?? 0) + 1
    guard let claim = try make(number, in: folder) else { return .held(nil) }
    // What `last` was may be long ago: others may have taken the lock, and removed lower numbers.
    let present: [String]
    do { present = try names(in: folder) } catch {
      unlink(claim.path)
      throw error
    }
    guard newest(of: present) == number else {
      unlink(claim.path)
      return .held(nil)
    }
    for name in present where isLeftover(name, of: claim) { unlink("\(folder)/\(name)") }
    return .taken(claim)
  }

  /// Whether a file is a lock before this one, or a temporary one of a process that was killed.
  private static func isLeftover(_ name: String, of claim: Claim) -> Bool {
    if let number = number(of: name) { return number < claim.number }
    guard name.hasPrefix("\(prefix)tmp-") else { return false }
    var found = stat()
    return lstat("\(claim.folder)/\(name)", &found) == 0
      && (claim.file.status?.st_mtim.tv_sec ?? 0) - found.st_mtim.tv_sec > patience
  }

  /// Makes a lock's file; nil if there is one of that number.
  private static func make(_ number: Int, in folder: String) throws -> Claim? {
    let path = "\(folder)/\(prefix)\(number)"
    // The name appears with the content, so that nobody sees a lock without a holder.
    let hidden = temporary(in: folder)
    guard let file = OpenFile(hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW) else {
      throw FileError.unwritable(folder, reason: String(cString: strerror(errno)))
    }
    defer { unlink(hidden) }
    let claim = Claim(folder, number, path, file)
    guard claim.sign() else {
      throw FileError.unwritable(folder, reason: String(cString: strerror(errno)))
    }
    if link(hidden, path) == 0 { return claim }
    let error = errno
    // A file server that is asked twice because its answer was lost says that the name is there.
    if claim.file.status?.st_nlink == 2 { return claim }
    if error == EEXIST { return nil }
    return try makePlainly(number, path, in: folder)
  }

  /// The same on a file system without hard links. Who is killed between making the file and
  /// writing to it is recognised like one on another machine.
  private static func makePlainly(
    _ number: Int, _ path: String, in folder: String
  ) throws -> Claim? {
    if let file = OpenFile(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW) {
      let claim = Claim(folder, number, path, file)
      if claim.sign() { return claim }
    } else if errno == EEXIST {
      return nil
    }
    throw FileError.unwritable(folder, reason: String(cString: strerror(errno)))
  }
}

/// A lock's file, open.
private final class Claim: Sendable {
  let folder: String
  let number: Int
  let path: String
  let file: OpenFile
  let isLost = Atomic<Bool>(false)
  let wake = DispatchSemaphore(value: 0)

  init(_ folder: String, _ number: Int, _ path: String, _ file: consuming OpenFile) {
    (self.folder, self.number, self.path) = (folder, number, path)
    self.file = file
  }

  /// Writes who holds the lock; false if that fails.
  func sign() -> Bool {
    // Where file locks are not to be had, the signs of life must do.
    flock(file.descriptor, LOCK_EX | LOCK_NB)
    let text = ([LockMark.held] + LockHolder.current.lines).joined(separator: "\n") + "\n"
    return Array(text.utf8).withUnsafeBytes { file.write($0) } && fsync(file.descriptor) == 0
  }

  /// Writes that nobody holds it.
  func free() {
    LockMark.writeFree(to: file.descriptor)
    fsync(file.descriptor)
  }

  /// Gives signs of life until the lock is released or lost.
  func beat() {
    while wake.wait(timeout: .now() + .seconds(20)) == .timedOut {
      // The time is that of whoever keeps the file system.
      utimensat(AT_FDCWD, path, nil, 0)
      look()
      if isLost.load(ordering: .relaxed) { return }
    }
  }

  /// Looks whether somebody has taken the next number, and whether the file is still there.
  func look() {
    if FolderLock.newest(in: folder).map({ $0 > number }) == true || !isInPlace {
      isLost.store(true, ordering: .relaxed)
    }
  }

  /// Whether the name still leads to this file, as far as that can be told.
  private var isInPlace: Bool {
    var found = stat()
    guard lstat(path, &found) == 0 else { return errno != ENOENT && errno != ENOTDIR }
    guard let own = file.status else { return true }
    return found.st_ino == own.st_ino && found.st_dev == own.st_dev
  }
}
