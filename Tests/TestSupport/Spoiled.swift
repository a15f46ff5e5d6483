import Testing

/// One spoiled configuration and all that is said about it.
package struct Spoiled: Sendable, CustomTestStringConvertible {
  package let old: String
  package let new: String
  package let message: String

  package init(_ old: String, _ new: String, _ message: String) {
    (self.old, self.new, self.message) = (old, new, "run.json:\(message)")
  }

  package var testDescription: String { new }
}
