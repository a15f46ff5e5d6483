import Kernels

/// A pool whose free memory is full of NaN, so that whatever reads memory that nobody wrote shows.
package func poisonedPool() -> BufferPool {
  let pool = BufferPool()
  let blocks = (0..<80).map { _ in pool.matrix(1, 4096) }
  for block in blocks { block.fill(.nan) }
  return pool
}
