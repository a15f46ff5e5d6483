import StrictJSON
import Testing
import Trainers

@Suite struct LossSpikesTests {
  /// The updates at which a spike is told of.
  private func told(_ losses: [Double]) -> [Int] {
    var spikes = LossSpikes()
    return losses.enumerated().filter { spikes.add($0.element, step: $0.offset) != nil }
      .map(\.offset)
  }

  /// Losses that go down and up by a fifth.
  private func usual(_ count: Int) -> [Double] {
    (0..<count).map { number in
      let place = Double((number * 7) % 11 - 5) / 5
      return 0.5 + 0.1 * place
    }
  }

  @Test func usualLossesAreNone() {
    #expect(told(usual(300)) == [])
    #expect(told([]) == [])
    let falling: [Double] = (0..<200).map { 3 / Double($0 + 1) }
    #expect(told(falling) == [])
    #expect(told([Double](repeating: 0, count: 50)) == [])
  }

  @Test func divergenceIsToldOfOnce() {
    let diverged = [0.7, 597] + [Double](repeating: 600, count: 20)
    #expect(told(diverged) == [1])
    let once: [Double] = usual(100) + [5, 6, 7, 8] + usual(50)
    #expect(told(once) == [100])
    let twice: [Double] = usual(100) + [5] + usual(50) + [5]
    #expect(told(twice) == [100, 151])
  }

  /// A loss that is twice as high for other reasons, such as a new stage, becomes the usual one.
  @Test func aNewLevelIsLearnt() {
    let losses = usual(100) + usual(400).map { 4 * $0 }
    #expect(told(losses) == [100])
    #expect(told(losses + [60]) == [100, 500])
  }

  @Test func lossesBelowZeroHaveNone() { #expect(told([-1, -2, 50, -1, 70]) == []) }

  @Test func goesOnAfterBeingWritten() throws {
    var spikes = LossSpikes()
    for loss in usual(40) { _ = spikes.add(loss, step: 0) }
    #expect(try LossSpikes(spikes.json) == spikes)
    #expect(try LossSpikes(nil) == LossSpikes())
    #expect(throws: StateError.self) { try LossSpikes([1, 2]) }
  }
}
