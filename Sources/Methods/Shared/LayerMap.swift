import Models

/// The layer of the teacher that each layer of the student learns from. Layers are counted from 0,
/// as in `from_teacher_layers`.
package enum LayerMap {
  /// Evenly spread layers for all but the student's last one: 1, 3, 5, 7, 9 for 12 and 6 layers
  /// ("skip" of PKD).
  package static func skip(teacher: Int, student: Int) -> [Int] {
    (1..<max(1, student)).map { $0 * teacher / student - 1 }
  }

  /// The layers before the teacher's last one for all but the student's last one: 6 to 10 for 12
  /// and 6 layers ("last" of PKD).
  package static func last(teacher: Int, student: Int) -> [Int] {
    (1..<max(1, student)).map { teacher - student + $0 - 1 }
  }

  /// The last layer of each of as many equal blocks as the student has layers: 1, 3, 5, 7, 9, 11
  /// for 12 and 6 layers (TinyBERT); nil if the blocks are not equal.
  package static func uniform(teacher: Int, student: Int) -> [Int]? {
    guard student > 0, teacher % student == 0 else { return nil }
    return (1...student).map { $0 * teacher / student - 1 }
  }

  /// Checks a map that a configuration names (`method.teacher_layers`).
  ///
  /// - Parameter count: how many layers it has to name.
  /// - Throws: `MismatchError`.
  static func check(_ layers: [Int], count: Int, teacher: Int, each: String) throws {
    guard layers.count == count else {
      throw MismatchError(
        .shape,
        "method.teacher_layers names \(layers.count) layer\(layers.count == 1 ? "" : "s"), but it "
          + "has to name \(count), one for each \(each)")
    }
    if let wrong = layers.first(where: { $0 < 0 || $0 >= teacher }) {
      throw MismatchError(
        .shape,
        "method.teacher_layers names layer \(wrong), but the teacher has layers 0 to \(teacher - 1)"
      )
    }
  }
}
