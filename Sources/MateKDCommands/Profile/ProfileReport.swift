import Kernels
import StrictJSON
import Trainers

/// A run's profile, as tables for people or as JSON for programs.
package struct ProfileReport: Sendable {
  private let profile: RunProfile
  private let model: ThreadsModel?
  private let predictions: [Predicted]

  /// What is expected of a phase on more cores, with the measurement behind it.
  package struct Predicted: Sendable {
    let phase: RunProfile.Phase
    let prediction: ThreadsModel.Prediction

    package init(phase: RunProfile.Phase, prediction: ThreadsModel.Prediction) {
      self.phase = phase
      self.prediction = prediction
    }

    /// Operations a second of a thread in products, as they are cut for these cores.
    var productRate: Double {
      let products = phase.breakdown.rows.filter {
        [.forwardProduct, .inputGradientProduct, .weightGradientProduct, .vocabularyProduct]
          .contains($0.part)
      }
      return products.reduce(0) { $0 + $1.total.flops }
        / max(1e-9, products.reduce(0) { $0 + $1.total.seconds })
    }
  }

  /// A report on a profile.
  package init(
    _ profile: RunProfile, model: ThreadsModel? = nil, predictions: [Predicted] = []
  ) {
    self.profile = profile
    self.model = model
    self.predictions = predictions
  }

  /// Writes a table for each of the run's models, and the totals.
  package func print(on stream: TerminalStream) {
    for phase in profile.phases {
      stream.print(StyledText(title(phase), .bold))
      table(phase).print(on: stream)
      stream.print("")
    }
    totals().print(on: stream)
    guard let model, !predictions.isEmpty else { return }
    stream.print("")
    let rate = NumberText.fixed(model.memoryRate / 1e9, 0)
    let meeting = NumberText.fixed(model.meeting * 1e6, 1)
    stream.print(
      StyledText("expected with \(rate) GB/s of memory and \(meeting) us a meeting", .bold))
    predictionTable().print(on: stream)
  }

  private func predictionTable() -> TextTable {
    var table = TextTable([
      .text("model"), .number("cores"), .number("ms an update"), .number("efficiency"),
      .number("memory-bound ms"), .number("serial ms"), .number("meetings ms"),
      .number("products, GFLOP/s a thread"),
    ])
    for predicted in predictions {
      let p = predicted.prediction
      table.add([
        predicted.phase.name.isEmpty ? "main model" : predicted.phase.name, "\(p.cores)",
        NumberText.fixed(p.seconds * 1e3, 1), NumberText.fixed(p.efficiency, 2),
        NumberText.fixed(p.memory * 1e3, 1), NumberText.fixed(p.serial * 1e3, 1),
        NumberText.fixed(p.meetings * 1e3, 1), NumberText.fixed(predicted.productRate / 1e9, 1),
      ])
    }
    return table
  }

  private func title(_ phase: RunProfile.Phase) -> String {
    "updates of the \(phase.name.isEmpty ? "main model" : phase.name): \(phase.updates) counted"
  }

  private func table(_ phase: RunProfile.Phase) -> TextTable {
    var table = TextTable([
      .text("kernel"), .number("calls"), .number("thread ms"), .number("share"),
      .number("GFLOP/s"), .number("GB/s"),
    ])
    let updates = Double(max(1, phase.updates))
    for row in phase.breakdown.rows {
      let (total, seconds) = (row.total, row.total.seconds)
      table.add([
        row.part.name, total.calls == 0 ? "" : NumberText.fixed(Double(total.calls) / updates, 0),
        NumberText.fixed(seconds / updates * 1e3, 2), NumberText.percent(row.share),
        total.flops == 0 ? "" : NumberText.fixed(total.flops / seconds / 1e9, 1),
        total.bytes == 0 ? "" : NumberText.fixed(total.bytes / seconds / 1e9, 1),
      ])
    }
    let breakdown = phase.breakdown
    let threadSeconds = breakdown.seconds * Double(breakdown.threads)
    table.add([
      "all", "", NumberText.fixed(threadSeconds / updates * 1e3, 2),
      NumberText.percent(breakdown.rows.reduce(0) { $0 + $1.share }),
      NumberText.fixed(breakdown.flops / max(1e-9, threadSeconds) / 1e9, 1), "",
    ])
    return table
  }

  private func totals() -> TextTable {
    var table = TextTable(
      [.text("total")]
        + profile.phases.map { .number($0.name.isEmpty ? "main model" : $0.name) })
    func row(_ name: String, _ value: (RunProfile.Phase) -> String) {
      table.add([name] + profile.phases.map(value))
    }
    row("ms an update") { NumberText.fixed($0.secondsPerUpdate * 1e3, 1) }
    row("texts a second") { rate($0.texts, $0) }
    row("tokens a second") { rate($0.tokens, $0) }
    row("GFLOP/s, \(profile.threads) threads") {
      NumberText.fixed($0.breakdown.flops / max(1e-9, $0.breakdown.seconds) / 1e9, 1)
    }
    row("share of the FMA peak (\(NumberText.fixed(profile.peakRate / 1e9, 0)) GFLOP/s)") {
      NumberText.percent(peakShare($0))
    }
    if profile.phases.count > 1 {
      row("share of the run's updates") { NumberText.percent($0.shareOfUpdates) }
      table.add([
        "ms an update, mean of the run", NumberText.fixed(profile.meanSecondsPerUpdate * 1e3, 1),
      ])
    }
    if profile.processes > 1 {
      row("processes") { _ in "\(profile.processes)" }
      row("MB of gradients sent an update") {
        NumberText.fixed(Double($0.exchange?.bytes ?? 0) / Double(max(1, $0.updates)) / 1e6, 2)
      }
      row("times their size") { NumberText.fixed($0.exchange?.timesTheirSize ?? 0, 3) }
      row("of that while backward passes ran") {
        NumberText.percent($0.exchange?.shareBehindPasses ?? 0)
      }
    }
    table.add(["peak memory, MB", NumberText.grouped(profile.peakMemory >> 20)])
    return table
  }

  private func rate(_ count: Int, _ phase: RunProfile.Phase) -> String {
    NumberText.grouped(Int(Double(count) / max(1e-9, phase.breakdown.seconds)))
  }

  private func peakShare(_ phase: RunProfile.Phase) -> Double {
    phase.breakdown.flops / max(1e-9, phase.breakdown.seconds * profile.peakRate)
  }

  /// The whole report; times are in seconds, counts are sums over the counted updates.
  package var json: JSONValue {
    .object([
      ("phases", .array(profile.phases.map(json))), ("threads", .int(profile.threads)),
      ("processes", .int(profile.processes)),
      ("mean_update_seconds", .double(profile.meanSecondsPerUpdate)),
      ("peak_flops_per_second", .double(profile.peakRate)),
      ("peak_memory_bytes", .int(profile.peakMemory)),
      (
        "predictions",
        .array(
          predictions.map { predicted in
            let p = predicted.prediction
            return .object([
              ("model", .string(predicted.phase.name)), ("cores", .int(p.cores)),
              ("update_seconds", .double(p.seconds)), ("efficiency", .double(p.efficiency)),
              ("memory_seconds", .double(p.memory)), ("serial_seconds", .double(p.serial)),
              ("meeting_seconds", .double(p.meetings)),
              ("product_flops_per_second", .double(predicted.productRate)),
              ("profile", json(predicted.phase)),
            ])
          })
      ),
    ])
  }

  private func json(_ phase: RunProfile.Phase) -> JSONValue {
    let breakdown = phase.breakdown
    return .object([
      ("model", .string(phase.name)), ("updates", .int(phase.updates)),
      ("share_of_updates", .double(phase.shareOfUpdates)),
      ("seconds", .double(breakdown.seconds)),
      ("update_seconds", .double(phase.secondsPerUpdate)), ("texts", .int(phase.texts)),
      ("tokens", .int(phase.tokens)), ("flops", .double(breakdown.flops)),
      ("share_of_peak", .double(peakShare(phase))),
      (
        "exchange",
        phase.exchange.map { exchange in
          .object([
            ("bytes", .int(exchange.bytes)), ("gradient_bytes", .int(exchange.gradientBytes)),
            ("bytes_behind_passes", .int(exchange.bytesBehindPasses)),
          ])
        } ?? .null
      ),
      (
        "kernels",
        .array(
          breakdown.rows.map { row in
            .object([
              ("name", .string(row.part.name)), ("calls", .int(row.total.calls)),
              ("thread_seconds", .double(row.total.seconds)), ("share", .double(row.share)),
              ("flops", .double(row.total.flops)), ("bytes", .double(row.total.bytes)),
              ("shares", .int(row.total.shares)), ("parts", .int(row.total.parts)),
              ("shared_work", .double(row.total.sharedWork)),
              ("room_for_work", .double(row.total.roomForWork)),
            ])
          })
      ),
    ])
  }
}
