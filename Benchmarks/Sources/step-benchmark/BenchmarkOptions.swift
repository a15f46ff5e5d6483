import Kernels
import Models

/// A sentence about a mistake on the command line or in its files.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The command line, as described in main.swift.
struct BenchmarkOptions {
  /// What to time.
  enum Kind: String, CaseIterable { case finetune, kd, mate, inference, tokenize }

  let kind: Kind
  private let values: [String: String]

  init(_ arguments: [String]) throws {
    guard let first = arguments.first, let kind = Kind(rawValue: first) else {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw BenchmarkError("usage: step-benchmark KIND [key=value ...], KIND one of \(kinds)")
    }
    self.kind = kind
    let known = [
      "batches", "text", "vocabulary", "rows", "student", "teacher", "generator", "threads",
      "precision", "rounds",
    ]
    var values: [String: String] = [:]
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, known.contains(parts[0]) else {
        throw BenchmarkError(
          "\(argument) is not key=value with a key of \(known.joined(separator: ", "))")
      }
      values[parts[0]] = parts[1]
    }
    self.values = values
  }

  /// The value of a key, or nil.
  subscript(_ key: String) -> String? { values[key] }

  /// The value of a required key.
  func required(_ key: String) throws -> String {
    guard let value = values[key] else { throw BenchmarkError("\(kind.rawValue) needs \(key)=") }
    return value
  }

  /// Number of threads in the pool and of shards per batch.
  var threads: Int { values["threads"].flatMap(Int.init) ?? 2 }

  /// Number of timed passes; nil to take commands from standard input.
  var rounds: Int? { values["rounds"] == "stdin" ? nil : values["rounds"].flatMap(Int.init) ?? 3 }

  /// Precision of the factors in products with weights.
  var precision: Precision {
    get throws {
      let name = values["precision"] ?? Precision.float32.rawValue
      guard let precision = Precision(rawValue: name) else {
        let known = Precision.allCases.map(\.rawValue).joined(separator: ", ")
        throw BenchmarkError("precision \(name) is none of \(known)")
      }
      if let complaint = precision.complaint { throw BenchmarkError(complaint) }
      return precision
    }
  }

  /// The architecture given by a key.
  func shape(_ key: String, default fallback: String) throws -> EncoderConfiguration {
    let numbers = (values[key] ?? fallback).split(separator: "x").compactMap { Int($0) }
    guard numbers.count == 4 else {
      throw BenchmarkError("\(key) must be LAYERSxHIDDENxHEADSxINTERMEDIATE")
    }
    return EncoderConfiguration(
      vocabularySize: 30522, hiddenSize: numbers[1], layers: numbers[0],
      attentionHeads: numbers[2], intermediateSize: numbers[3])
  }
}
