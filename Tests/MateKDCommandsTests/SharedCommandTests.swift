import MateKDCommands
import Processes
import Runs
import TestSupport
import Testing

/// What the processes of a run say to each other before anything else.
@Suite struct SharedCommandTests {
  @Test func programsOfAnotherCommitAreNoticedByAll() throws {
    let others = try ThreadGroup.run(3) { group in
      var build = BuildInformation()
      build.commit = group.rank == 2 ? "b" : "a"
      build.march = "processor \(group.rank)"
      return try group.otherProgram(build)
    }
    for other in others {
      #expect(other?.exitStatus == .usage)
      #expect(
        other?.description.hasPrefix(
          "process 2 on thread-2 runs mate-kd \(Version.current) (commit b), but process 0 runs "
            + "\(Version.current) (commit a)") == true)
    }
  }

  @Test func programsForOtherProcessorsMayShareARun() throws {
    let others = try ThreadGroup.run(2) { group in
      var build = BuildInformation()
      build.march = "processor \(group.rank)"
      return try group.otherProgram(build)
    }
    #expect(others.allSatisfy { $0 == nil })
  }
}
