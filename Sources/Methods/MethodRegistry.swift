import Data
import Models
import Synchronization

/// All methods that configurations can name.
public enum MethodRegistry {
  /// The methods of this package. A new one is a file beside this one and a line here.
  private static let builtIn: [MethodDescription] = [
    LabelsOnly.description,
    KnowledgeDistillation.description,
    MATEKD.description,
    AnnealingKD.description,
    ContinuationKD.description,
    ComKD.description,
    CILDA.description,
    RAILKD.description,
    CoDIR.description,
    PKD.description,
    DistilBERT.description,
    TinyBERT.description,
    TinyBERTAugmentation.description,
    MiniLM.description,
    MiniLMv2.description,
    ASDFD.description,
    ZSKT.description,
    ZSKD.description,
    RandomText.description,
    TextSmoothing.description,
    FreeLB.description,
    FreeLBKD.description,
    EDA.description,
  ]

  private static let registered = Mutex<[MethodDescription]>([])

  /// The methods in the order in which they are listed: those of this package, then those that
  /// others registered.
  public static var all: [MethodDescription] { builtIn + registered.withLock { $0 } }

  /// The method with a name.
  public static func named(_ name: String) -> MethodDescription? { all.first { $0.name == name } }

  /// Whether a method is one of this package, which has a document about it.
  package static func isBuiltIn(_ method: MethodDescription) -> Bool {
    builtIn.contains { $0.name == method.name }
  }

  /// Adds a method, so that configurations can name it. Safe to call from any thread.
  ///
  /// A program with a method of its own registers it and then runs the usual commands:
  ///
  /// ```swift
  /// try MethodRegistry.register(LastState.description)
  /// MateKD.run()
  /// ```
  ///
  /// - Throws: `MismatchError` if there is a method with this name already.
  public static func register(_ method: MethodDescription) throws {
    try registered.withLock { registered in
      guard !(builtIn + registered).contains(where: { $0.name == method.name }) else {
        throw MismatchError(
          .method, "there is a method named \(method.name) already; give the new one another name")
      }
      registered.append(method)
    }
  }

  /// Checks that a method is defined for the labels of a task.
  ///
  /// - Throws: `MismatchError`.
  package static func check(_ method: MethodDescription, fits task: TaskDescription) throws {
    guard task.isMultiLabel, !method.takesSeveralLabels else { return }
    throw MismatchError(
      .method,
      "method \(method.name) is for texts with one label each, but those of task \(task.name) may "
        + "have several; the methods for them are "
        + all.filter(\.takesSeveralLabels).map(\.name).joined(separator: ", "))
  }
}
