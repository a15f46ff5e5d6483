import MateKDCommands
import Testing

@Suite struct ProgressBarTests {
  private static let terminal = TerminalStyle(redraws: true, colors: false, width: 200)

  private func progress(_ step: Int) -> RunProgress {
    RunProgress(
      step: step, totalSteps: 100, loss: 0.69312, learningRate: 2e-5, samplesPerSecond: 412.4,
      last: .init("accuracy", 0.9), best: .init("accuracy", 0.91))
  }

  @Test func plainLinesOnlyWhereLogged() {
    let (captured, clock) = (CapturedStream(), SetClock())
    let bar = ProgressBar("distill", on: captured.stream(), now: clock.now)
    bar.update(progress(1), isLogged: false)
    clock.advance(.seconds(18))
    bar.update(progress(10), isLogged: true)
    bar.end()
    #expect(
      captured.text
        == "distill step 10/100  loss 0.6931  lr 2.00e-05  412 samples/s  ETA 3:00  "
        + "accuracy 0.9000  best 0.9100\n")
  }

  @Test func aTerminalIsRedrawnAtMostTenTimesASecond() {
    let (captured, clock) = (CapturedStream(), SetClock())
    let bar = ProgressBar("distill", on: captured.stream(Self.terminal), now: clock.now)
    for step in 1...50 {
      bar.update(RunProgress(step: step, totalSteps: 100), isLogged: true)
      clock.advance(.milliseconds(10))
    }
    #expect(captured.text.split(separator: "\r").count == 5)
    #expect(captured.text.hasPrefix("\r\u{1B}[Kdistill [----------------] 1/100"))
    #expect(!captured.text.contains("\n"))
    bar.update(RunProgress(step: 100, totalSteps: 100), isLogged: false)
    bar.end()
    #expect(captured.text.hasSuffix("\r\u{1B}[Kdistill [################] 100/100\n"))
  }

  @Test func logLinesGoAboveTheBar() {
    let captured = CapturedStream()
    let stream = captured.stream(TerminalStyle(redraws: true, colors: false, width: 20))
    stream.show(status: "a-status-line-that-is-too-long")
    stream.print("log")
    stream.endStatus()
    stream.print("end")
    #expect(
      captured.text
        == "\r\u{1B}[Ka-status-line-that-\r\u{1B}[Klog\na-status-line-that-\r\u{1B}[Kend\n")
  }

  @Test func unknownNumbersAreLeftOut() {
    let captured = CapturedStream()
    let bar = ProgressBar("pretrain", on: captured.stream())
    bar.update(RunProgress(step: 0, totalSteps: 0), isLogged: true)
    bar.update(RunProgress(step: 3, totalSteps: 3, loss: .nan), isLogged: true)
    #expect(captured.text == "pretrain step 0/0\npretrain step 3/3  loss nan\n")
  }
}
