import Foundation
import FuzzTargets
import Glibc

// `main` is libFuzzer's, and so are all arguments. The environment has the name of the target, as
// FUZZ_TARGET, and the folder in which readers find their files, as FUZZ_FOLDER.

private let target = FuzzTarget.all.first { $0.name == setting("FUZZ_TARGET") }
private let folder = setting("FUZZ_FOLDER") ?? "/dev/shm"

private func setting(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// What libFuzzer calls with each input. It keeps the input of a process that aborts.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let target else { stop("FUZZ_TARGET names no target") }
  do {
    try target.run(Array(UnsafeBufferPointer(start: bytes, count: count)), folder: folder)
  } catch {
    stop("\(error)")
  }
  return 0
}

private func stop(_ problem: String) -> Never {
  FileHandle.standardError.write(Data("\(problem)\n".utf8))
  abort()
}
