import Data
import Inference
import MateKDCommands
import StrictJSON
import Testing

@Suite struct EvaluationReportTests {
  private static func report(bootstrap: Bootstrap?) -> EvaluationReport {
    EvaluationReport(
      model: "runs/a", task: .cola, split: .validation,
      found: TaskModel.Report(
        metrics: [("matthews_correlation", 0.25), ("loss", 0.5)], samples: 1043, seconds: 2,
        parameters: 12345,
        intervals: bootstrap == nil
          ? []
          : [("matthews_correlation", Bootstrap.Interval(lower: 0.125, upper: 0.375))],
        confusion: ConfusionMatrix(
          predictions: [0, 1, 1], references: [0, 0, 1], classes: [0, 1])),
      bootstrap: bootstrap)
  }

  @Test func withoutIntervals() {
    let captured = CapturedStream()
    Self.report(bootstrap: nil).print(on: captured.stream())
    #expect(
      captured.text == """
        cola validation        value
        --------------------  ------
        matthews_correlation  0.2500
        loss                  0.5000
        samples                1 043
        samples per second     521.5
        parameters            12 345

        """)
    let json = Self.report(bootstrap: nil).json(confusion: false)
    #expect(
      json.object?.keys == [
        "model", "task", "split", "matthews_correlation", "loss", "samples", "runtime",
        "samples_per_second", "num_parameters",
      ])
  }

  @Test func withIntervalsAndConfusion() {
    let report = Self.report(bootstrap: Bootstrap(resamples: 100, seed: 7))
    let captured = CapturedStream()
    report.print(on: captured.stream())
    #expect(captured.text.contains("cola validation        value  95 % interval\n"))
    #expect(captured.text.contains("matthews_correlation  0.2500  0.1250 to 0.3750\n"))
    #expect(captured.text.contains("loss                  0.5000\n"))
    let counts = CapturedStream()
    report.printConfusion(on: counts.stream())
    #expect(
      counts.text == """
        data \\ predicted  unacceptable  acceptable
        ----------------  ------------  ----------
        unacceptable                 1           1
        acceptable                   0           1

        """)
    let json = report.json(confusion: true)
    let intervals = json["confidence_intervals"]
    #expect(intervals?["seed"]?.int == 7 && intervals?["resamples"]?.int == 100)
    #expect(
      intervals?["intervals"]?["matthews_correlation"]?.array?.compactMap(\.double)
        == [0.125, 0.375])
    #expect(json["confusion_matrix"]?["counts"]?.array?.count == 2)
    #expect(
      json["confusion_matrix"]?["labels"]?.array?.compactMap(\.string)
        == ["unacceptable", "acceptable"])
  }
}
