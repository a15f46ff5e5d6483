import Foundation
import StrictJSON
import Trainers

/// What a run tells TensorBoard: scalars under the names that transformers gives them, the
/// configuration as text, and hyper-parameters.
package struct TensorBoardLog: Sendable {
  /// The folder of event files in that of the run.
  static let folderName = "runs"

  private let file: EventFile

  /// Begins a file of events.
  ///
  /// - Parameters:
  ///   - run: the run's folder.
  ///   - config: the configuration with all defaults.
  ///   - resumedAt: the updates that were made before, if the run goes on from a checkpoint.
  /// - Throws: `FileError` of kind `unwritable`.
  package init(run: String, config: JSONValue, resumedAt: Int?) throws {
    file = try EventFile(
      folder: "\(run)/\(Self.folderName)", purgedFrom: resumedAt.map { $0 + 1 })
    // A second file would say the same as the first one.
    guard file.isFirst else { return }
    try file.append(step: 0, values: [Self.text("args", JSONWriter().string(config))])
    try file.append(step: 0, values: [Self.sessionStart(run: run, config: config)])
  }

  /// Adds the numbers of a log entry or of a result. Those that are not finite are left out.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package func add(_ numbers: [(name: String, value: Double)], step: Int) throws {
    let values = numbers.filter { $0.value.isFinite }.map { name, value in
      ProtobufMessage { summary in
        summary.add(1, Self.tag(name))
        summary.add(2, Float(value))
      }
    }
    if !values.isEmpty { try file.append(step: step, values: values) }
  }

  /// Adds a histogram.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package func add(_ histogram: Histogram, as tag: String, step: Int) throws {
    let content = ProtobufMessage { content in
      content.add(1, histogram.least)
      content.add(2, histogram.greatest)
      content.add(3, Double(histogram.count))
      content.add(4, histogram.sum)
      content.add(5, histogram.sumOfSquares)
      // A range of TensorBoard's ends at its limit and begins at that of the one before.
      content.add(6, histogram.counts.indices.map { Double($0 + 1) * histogram.width })
      content.add(7, histogram.counts.map(Double.init))
    }
    let value = ProtobufMessage { value in
      value.add(1, tag)
      value.add(5, content)
    }
    try file.append(step: step, values: [value])
  }

  /// Says that the run has come to its end.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  func end() throws {
    let end = ProtobufMessage { session in
      session.add(1, 1)  // STATUS_SUCCESS
      session.add(2, Date().timeIntervalSince1970)
    }
    try file.append(
      step: 0,
      values: [
        Self.hyperparameters("_hparams_/session_end_info", ProtobufMessage { $0.add(4, end) })
      ])
  }

  /// The name of a number as transformers' `TensorBoardCallback` has it (`rewrite_logs`).
  package static func tag(_ name: String) -> String {
    name.hasPrefix("eval_") ? "eval/" + name.dropFirst("eval_".count) : "train/" + name
  }

  /// A `Summary.Value` with text in Markdown: lines that are indented stand as they are.
  private static func text(_ tag: String, _ text: String) -> ProtobufMessage {
    let code = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { "    " + $0 }.joined(separator: "\n")
    return ProtobufMessage { value in
      value.add(1, "\(tag)/text_summary")
      value.add(
        8,
        ProtobufMessage { tensor in
          tensor.add(1, 7)  // DT_STRING
          // A tensor of one element.
          tensor.add(
            2, ProtobufMessage { $0.add(2, ProtobufMessage { dimension in dimension.add(1, 1) }) })
          tensor.add(8, code)
        })
      value.add(9, metadata(plugin: "text"))
    }
  }

  /// Every setting that is a number, a text or true or false, by its path.
  private static func sessionStart(run: String, config: JSONValue) -> ProtobufMessage {
    let start = ProtobufMessage { session in
      for (path, value) in config.flattened {
        let entry = ProtobufMessage { entry in
          entry.add(1, path)
          entry.add(2, hyperparameter(value))
        }
        session.add(1, entry)
      }
      session.add(4, run)
      session.add(5, Date().timeIntervalSince1970)
    }
    return hyperparameters("_hparams_/session_start_info", ProtobufMessage { $0.add(3, start) })
  }

  /// A `google.protobuf.Value`.
  private static func hyperparameter(_ json: JSONValue) -> ProtobufMessage {
    ProtobufMessage { value in
      if let number = json.double {
        value.add(2, number)
      } else if let flag = json.bool {
        value.add(4, flag)
      } else {
        value.add(3, json.string ?? JSONWriter(layout: .line).string(json))
      }
    }
  }

  private static func hyperparameters(
    _ tag: String, _ content: ProtobufMessage
  ) -> ProtobufMessage {
    ProtobufMessage { value in
      value.add(1, tag)
      value.add(9, metadata(plugin: "hparams", content: content))
    }
  }

  private static func metadata(
    plugin: String, content: ProtobufMessage? = nil
  ) -> ProtobufMessage {
    ProtobufMessage { metadata in
      let data = ProtobufMessage { data in
        data.add(1, plugin)
        if let content { data.add(2, content) }
      }
      metadata.add(1, data)
    }
  }
}
