import TestSupport
import Testing
import Trainers

/// A squared distance of scores has no temperature, and no factor for one.
@Suite struct RegressionTemperatureTests {
  /// A step of a method on scores, or on classes.
  private func step(
    _ method: String, _ text: String, regression: Bool = true
  ) throws -> (scalars: Scalars, gradients: [Float]) {
    let lesson = try LayerMethodsTests.Lesson(regression: regression)
    return try lesson.step(lesson.method(method, text))
  }

  @Test(arguments: [
    ("kd", ""), ("freelb-kd", ""), ("text-smoothing", #", "targets": "both""#), ("rail-kd", ""),
    ("random-text", ""), ("zskt", #", "generator_steps": 0"#), ("distilbert", ""), ("minilm", ""),
    ("minilmv2", ""), ("tinybert", #", "regression_target": "teacher""#),
    ("tinybert-augmentation", ""), ("pkd", ""),
  ])
  func changesNothing(_ method: String, _ settings: String) throws {
    let one = try step(method, "{\"temperature\": 1\(settings)}")
    let four = try step(method, "{\"temperature\": 4\(settings)}")
    #expect(one.scalars["loss"] > 0)
    for (a, b) in zip(one.scalars.entries, four.scalars.entries) {
      #expect(a.name == b.name && a.value == b.value, "\(a.name)")
    }
    #expect(one.gradients == four.gradients && one.gradients.contains { $0 != 0 })
  }

  @Test func lossIsTheWeightedSumOfSquaredDistances() throws {
    let text = #"{"temperature": 4, "loss_weights": {"ce": 0.25, "kd": 0.75}}"#
    let scalars = try step("kd", text).scalars
    let sum = 0.25 * scalars["ce_loss"] + 0.75 * scalars["kd_loss"]
    #expect(Roundings.agree(scalars["loss"], sum, roundings: 16))
  }

  /// The factor is there where there are distributions.
  @Test func changesClassification() throws {
    let text = #"{"temperature": 4, "loss_weights": {"ce": 0.25, "kd": 0.75}}"#
    let scalars = try step("kd", text, regression: false).scalars
    let sum = 0.25 * scalars["ce_loss"] + 0.75 * 16 * scalars["kd_loss"]
    #expect(Roundings.agree(scalars["loss"], sum, roundings: 16))
  }
}
