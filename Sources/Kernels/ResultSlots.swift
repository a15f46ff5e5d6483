import Synchronization

/// Results of parallel tasks, each written exactly once, by its own task.
package final class ResultSlots<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  package init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  package subscript(_ index: Int) -> Value? {
    get { values.withLock { $0[index] } }
    set { values.withLock { $0[index] = newValue } }
  }
}
