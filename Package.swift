// swift-tools-version: 6.1
import PackageDescription

// Numeric code is compiled for the processor at hand, so that SIMD16<Float> becomes real vector
// instructions. `MATE_KD_MARCH=x86-64-v3 swift build -c release` makes a binary for other machines.
// On other architectures than x86 the compiler's own choice has all that the code needs.
#if arch(x86_64)
  let usualMarch = "native"
#else
  let usualMarch = ""
#endif

// MATE_KD_PORTABLE=1 compiles what other architectures get: no instruction of x86 by name, and none
// beyond those of every processor. It is slow, and there to be tested: only the kernels know
// instructions by name, so theirs are the only tests then.
let isPortable = Context.environment["MATE_KD_PORTABLE"] == "1"
let march = isPortable ? "" : Context.environment["MATE_KD_MARCH"] ?? usualMarch
let forThisProcessor: [SwiftSetting] =
  (march.isEmpty ? [] : [.unsafeFlags(["-Xcc", "-march=\(march)"])])
  + (isPortable ? [.unsafeFlags(["-Xcc", "-DMATE_KD_PORTABLE"])] : [])
// Debug builds have optimised kernels too, with their checks: otherwise tests take a hundred times
// as long, and debug builds are what one develops with, since they compile only what changed.
let kernelSettings: [SwiftSetting] =
  forThisProcessor + [
    .unsafeFlags(["-Ounchecked"], .when(configuration: .release)),
    .unsafeFlags(["-O"], .when(configuration: .debug)),
  ]

// What `mate-kd --version` tells. Where there is no git, as in an unpacked archive of the sources,
// MATE_KD_COMMIT in the environment names the commit.
let git = Context.gitInformation.map {
  $0.currentCommit.prefix(12) + ($0.hasUncommittedChanges ? "-dirty" : "")
}
let commit = Context.environment["MATE_KD_COMMIT"] ?? git.map { String($0) } ?? "unknown"
func quoted(_ text: String) -> String {
  "\"" + text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-+._".contains($0)) } + "\""
}
let buildFacts: [CSetting] = [
  .define("MATE_KD_COMMIT", to: quoted(commit)), .define("MATE_KD_MARCH", to: quoted(march)),
]

// `swift build --traits MPI` makes a program for several machines. MATE_KD_MPI names the
// implementation as pkg-config knows it: ompi-c (Open MPI) or mpich.
let mpi = Context.environment["MATE_KD_MPI"] ?? "ompi-c"

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let argumentParser: Target.Dependency =
  .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A target that sees vectors: it is compiled for the same processor as the kernels.
func numeric(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: forThisProcessor)
}

let package = Package(
  name: "mate-kd",
  products: [
    .executable(name: "mate-kd", targets: ["mate-kd"]),
    .library(name: "MateKD", targets: ["MateKD"]),
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Autograd", targets: ["Autograd"]),
    .library(name: "StrictJSON", targets: ["StrictJSON"]),
    .library(name: "Configuration", targets: ["Configuration"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Data", targets: ["Data"]),
    .library(name: "Inference", targets: ["Inference"]),
    .library(name: "Processes", targets: ["Processes"]),
    .library(name: "Trainers", targets: ["Trainers"]),
    .library(name: "Methods", targets: ["Methods"]),
    .library(name: "Runs", targets: ["Runs"]),
    .library(name: "Studies", targets: ["Studies"]),
    .library(name: "MateKDCommands", targets: ["MateKDCommands"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Runs that several processes and machines share, by MPI.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLAPACK", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),
    .target(name: "Kernels", dependencies: ["CBLAS", "CLAPACK"], swiftSettings: kernelSettings),
    numeric("Autograd", ["Kernels"]),
    .systemLibrary(name: "CSystem"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Files", dependencies: ["CSystem", "CZlib"]),
    .target(name: "StrictJSON", dependencies: ["Files"]),
    .target(name: "Configuration", dependencies: ["Files", "StrictJSON"]),
    numeric("Models", ["Autograd", "Configuration", "Files", "Kernels", "StrictJSON"]),
    .target(
      name: "Data", dependencies: ["Configuration", "Files", "Kernels", "StrictJSON", heap]),
    numeric(
      "Inference",
      ["Autograd", "Configuration", "Data", "Files", "Kernels", "Models", "StrictJSON"]),
    // What a program needs that only uses models.
    numeric(
      "MateKD",
      ["Configuration", "Data", "Files", "Inference", "Kernels", "Models", "StrictJSON"]),
    .target(name: "Processes", dependencies: ["Kernels"], swiftSettings: forThisProcessor),
    .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
    .target(
      name: "MPIProcesses",
      dependencies: [
        "Kernels", "Processes", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
      ],
      swiftSettings: forThisProcessor),
    numeric(
      "Trainers", ["Autograd", "Configuration", "Data", "Kernels", "Processes", "StrictJSON"]),
    numeric(
      "Methods",
      [
        "Autograd", "Configuration", "Data", "Files", "Kernels", "Models", "StrictJSON", "Trainers",
      ]),
    numeric(
      "Runs",
      [
        "Autograd", "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models",
        "Processes", "StrictJSON", "Trainers",
      ]),
    .target(
      name: "Studies",
      dependencies: [
        "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models", "Runs",
        "StrictJSON", "Trainers",
      ]),
    .target(name: "Reports", dependencies: ["Files", "StrictJSON"]),
    .target(name: "BuildFacts", cSettings: buildFacts),
    .target(
      name: "MateKDCommands",
      dependencies: [
        "BuildFacts", "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models",
        "Processes", "Reports", "Runs", "StrictJSON", "Studies", "Trainers", argumentParser,
        logging, .target(name: "MPIProcesses", condition: .when(traits: ["MPI"])),
      ]),
    .executableTarget(name: "mate-kd", dependencies: ["MateKDCommands", "Kernels"]),
    // A portable build has the kernels' tests alone, which need no more of it than this.
    .target(
      name: "TestSupport",
      dependencies: isPortable
        ? ["Kernels"]
        : [
          "Autograd", "Configuration", "Data", "Files", "Kernels", "Methods", "Models", "Processes",
          "Runs", "StrictJSON", "Trainers",
        ],
      path: "Tests/TestSupport",
      sources: isPortable ? ["ReducedPrecision.swift", "Roundings.swift"] : nil),
    // Readers of files, for a fuzzer and for the tests that replay its corpora.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Configuration", "Data", "Files", "Methods", "Models", "Runs", "StrictJSON", "Studies",
        "Trainers",
      ],
      path: "Fuzz/Targets"),
    .testTarget(
      name: "FuzzTargetsTests", dependencies: ["Files", "FuzzTargets", "TestSupport"]),
    .testTarget(name: "ProcessesTests", dependencies: ["Kernels", "Processes"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TestSupport"]),
    .testTarget(
      name: "AutogradTests",
      dependencies: ["Autograd", "Kernels", "StrictJSON", "TestSupport"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"]),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: [
        "Configuration", "Data", "Methods", "Models", "Runs", "StrictJSON", "TestSupport",
        "Trainers",
      ]),
    .testTarget(
      name: "ModelsTests",
      dependencies: [
        "Autograd", "Files", "Kernels", "Models", "Runs", "StrictJSON", "TestSupport",
      ]),
    .testTarget(
      name: "DataTests",
      dependencies: [
        "Configuration", "Data", "Files", "Kernels", "Runs", "StrictJSON", "TestSupport",
      ]),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Autograd", "Data", "Inference", "Kernels", "Models", "Runs", "StrictJSON", "TestSupport",
      ]),
    .testTarget(
      name: "MateKDTests",
      dependencies: ["Data", "Inference", "Kernels", "MateKD", "Models", "TestSupport"]),
    .testTarget(
      name: "TrainersTests",
      dependencies: [
        "Autograd", "Configuration", "Data", "Kernels", "Methods", "Models", "Processes", "Runs",
        "StrictJSON", "TestSupport", "Trainers",
      ]),
    .testTarget(
      name: "MethodsTests",
      dependencies: [
        "Autograd", "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models",
        "Processes", "StrictJSON", "TestSupport", "Trainers",
      ]),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Autograd", "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models",
        "Processes", "Runs", "StrictJSON", "TestSupport", "Trainers",
      ]),
    .testTarget(
      name: "ReportsTests", dependencies: ["Files", "Reports", "StrictJSON", "TestSupport"]),
    .testTarget(
      name: "StudiesTests",
      dependencies: [
        "Configuration", "Data", "Files", "Inference", "Models", "Runs", "StrictJSON", "Studies",
        "TestSupport", "Trainers",
      ]),
    .testTarget(
      name: "MateKDCommandsTests",
      dependencies: [
        "Configuration", "Data", "Files", "Inference", "Kernels", "MateKDCommands", "Methods",
        "Models", "Processes", "Runs", "StrictJSON", "TestSupport", "Trainers", argumentParser,
        logging,
      ]),
    // The examples of the documentation. Like the next target, it sees only what is public, as
    // another package does.
    .testTarget(
      name: "ExamplesTests",
      dependencies: [
        "Autograd", "Configuration", "Data", "Inference", "Kernels", "MateKD", "MateKDCommands",
        "Methods", "Models", "Processes", "Runs", "StrictJSON", "Studies", "Trainers",
      ],
      packageAccess: false),
    .testTarget(
      name: "OutsideMethodTests",
      dependencies: ["Autograd", "Configuration", "Methods", "Models", "Trainers"],
      packageAccess: false),
  ],
  swiftLanguageModes: [.v6]
)
// Its `main` is libFuzzer's, which is only there in a build for it, as `scripts/fuzz.sh` makes.
if Context.environment["MATE_KD_FUZZ"] == "1" {
  package.targets.append(
    .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Fuzz/Program"))
}
// Half the time of a release build would go into optimising tests, which run no faster for it: what
// they call is optimised.
for target in package.targets where target.type == .test {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [.unsafeFlags(["-Onone"], .when(configuration: .release))]
}
if isPortable {
  package.targets.removeAll { $0.type == .test && $0.name != "KernelsTests" }
}
