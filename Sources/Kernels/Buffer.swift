import Glibc
import Synchronization

/// A block of aligned Float memory. It returns to its pool when the last reference to it goes away.
public final class Buffer: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  /// The number of floats that fit.
  public let capacity: Int
  private let pool: BufferPool?

  /// Newly allocated memory, zeroed; for parameters and optimiser state, which live as long as the
  /// run.
  public init(zeroed capacity: Int) {
    let block = Block.allocate(max(1, capacity))
    base = block.base
    self.capacity = capacity
    blockCapacity = block.capacity
    pool = nil
    // Large blocks come from the system as zeros. Not touching them here saves start-up time and
    // lets the threads that work on them place their pages.
    if !block.isMapped { base.update(repeating: 0, count: block.capacity) }
  }

  let blockCapacity: Int

  init(block: Block, capacity: Int, pool: BufferPool) {
    base = block.base
    blockCapacity = block.capacity
    self.capacity = capacity
    self.pool = pool
  }

  /// Newly allocated memory with the same floats.
  public func copy() -> Buffer {
    let copy = Buffer(zeroed: capacity)
    copy.base.update(from: base, count: capacity)
    return copy
  }

  deinit {
    let block = Block(base: base, capacity: blockCapacity)
    if let pool { pool.giveBack(block) } else { block.free() }
  }

  /// Calls `body` with the first `capacity` floats.
  public func withFloats<R>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows -> R {
    try body(UnsafeMutableBufferPointer(start: base, count: capacity))
  }
}

/// A block of memory as obtained from the system.
struct Block {
  let base: UnsafeMutablePointer<Float>
  let capacity: Int

  private static let hugePage = 2 << 20

  /// True for memory that was mapped for this block alone and was zero when it was mapped.
  var isMapped: Bool { capacity * 4 >= Self.hugePage }

  /// From this size on, a block is compared with the limits on memory before it is mapped: the
  /// kernel maps what it does not have, and ends the process when it is used.
  private static let largeBlock = 32 << 20

  /// The bytes that a block for `count` floats takes; nil if there is no such size.
  ///
  /// A size that rounding up would make as large as a huge page is mapped too: see `isMapped`.
  static func length(_ count: Int) -> Int? {
    guard count >= 0, count < Int.max / 8 else { return nil }
    let bytes = count * 4
    return bytes > hugePage - 1024
      ? (bytes + hugePage - 1) / hugePage * hugePage : (bytes + 1023) / 1024 * 1024
  }

  /// At least `count` floats, 64-byte aligned; large ones are mapped with huge pages.
  static func allocate(_ count: Int) -> Block {
    guard let length = length(count) else { MemoryShortage.exit(wanting: .max) }
    if length >= largeBlock, MemoryLimit.all().contains(where: { $0.left < length }) {
      MemoryShortage.exit(wanting: length)
    }
    if length >= hugePage {
      if let base = map(length) {
        return Block(
          base: base.bindMemory(to: Float.self, capacity: length / 4), capacity: length / 4)
      }
    } else {
      var raw: UnsafeMutableRawPointer?
      if posix_memalign(&raw, 64, length) == 0, let raw {
        return Block(
          base: raw.bindMemory(to: Float.self, capacity: length / 4), capacity: length / 4)
      }
    }
    MemoryShortage.exit(wanting: length)
  }

  /// Maps `length` bytes of untouched zeros, aligned to the size of a huge page.
  private static func map(_ length: Int) -> UnsafeMutableRawPointer? {
    let found = mmap(
      nil, length + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let found, found != MAP_FAILED else { return nil }
    let before = (hugePage - Int(bitPattern: found) % hugePage) % hugePage
    let base = found + before
    if before > 0 { munmap(found, before) }
    munmap(base + length, hugePage - before)
    madvise(base, length, MADV_HUGEPAGE)
    return base
  }

  func free() {
    if isMapped { munmap(base, capacity * 4) } else { Glibc.free(base) }
  }
}

/// Keeps freed buffers for the next step, so that training stops allocating after a few steps.
public final class BufferPool: Sendable {
  private struct State: @unchecked Sendable {
    var free: [Block] = []  // ascending capacity
    var allocated = 0
  }
  private let state = Mutex(State())

  /// An empty pool.
  public init() {}

  deinit {
    state.withLock { for block in $0.free { block.free() } }
  }

  /// Uninitialised memory for `count` floats.
  public func take(_ count: Int) -> Buffer {
    let wanted = max(1, count)
    let block = state.withLock { state -> Block in
      var low = 0
      var high = state.free.count
      while low < high {
        let middle = (low + high) / 2
        if state.free[middle].capacity < wanted { low = middle + 1 } else { high = middle }
      }
      // A block more than twice as large as needed would not be there later for a large request.
      if low < state.free.count, state.free[low].capacity <= max(2 * wanted, 4096) {
        return state.free.remove(at: low)
      }
      // One that is too small is replaced. Otherwise each batch that is longer than all before
      // would leave behind the blocks of the one that was the longest until then.
      if low > 0, Self.replaces(state.free[low - 1].capacity, for: wanted) {
        let small = state.free.remove(at: low - 1)
        state.allocated -= small.capacity
        small.free()
      }
      let block = Block.allocate(wanted)
      state.allocated += block.capacity
      return block
    }
    return Buffer(block: block, capacity: count, pool: self)
  }

  /// An uninitialised matrix.
  public func matrix(_ rows: Int, _ columns: Int) -> Matrix {
    Matrix(take(Matrix.size(rows, columns)), rows: rows, columns: columns)
  }

  /// A matrix of zeros.
  public func zeros(_ rows: Int, _ columns: Int) -> Matrix {
    let result = matrix(rows, columns)
    result.fill(0)
    return result
  }

  /// The number of floats that this pool has from the system, in use or not.
  public var allocatedFloats: Int { state.withLock { $0.allocated } }

  /// Whether a free block makes way for one of `wanted` floats, for which it is too small. The
  /// blocks of much smaller buffers stay: they would have to be taken again, for little.
  package static func replaces(_ capacity: Int, for wanted: Int) -> Bool { capacity >= wanted / 8 }

  /// The floats of the block that a pool takes for `count` floats.
  package static func capacity(for count: Int) -> Int {
    Block.length(max(1, count)).map { $0 / 4 } ?? .max
  }

  func giveBack(_ block: Block) {
    state.withLock { state in
      var low = 0
      var high = state.free.count
      while low < high {
        let middle = (low + high) / 2
        if state.free[middle].capacity < block.capacity { low = middle + 1 } else { high = middle }
      }
      state.free.insert(block, at: low)
    }
  }
}
