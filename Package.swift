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
let kernelSettings: [SwiftSetting] =
  forThisProcessor + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

let package = Package(
  name: "mate-kd",
  products: [
    .executable(name: "mate-kd", targets: ["mate-kd"]),
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Autograd", targets: ["Autograd"]),
    .library(name: "StrictJSON", targets: ["StrictJSON"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Data", targets: ["Data"]),
    .library(name: "Configuration", targets: ["Configuration"]),
    .library(name: "Trainers", targets: ["Trainers"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "Kernels", dependencies: ["CBLAS"], swiftSettings: kernelSettings),
    .target(name: "Autograd", dependencies: ["Kernels"], swiftSettings: forThisProcessor),
    .target(name: "StrictJSON"),
    .target(
      name: "Models", dependencies: ["Autograd", "StrictJSON"], swiftSettings: forThisProcessor),
    .target(name: "Data", dependencies: ["Kernels", "StrictJSON"]),
    .target(name: "Configuration", dependencies: ["StrictJSON"]),
    .target(
      name: "Trainers",
      dependencies: [
        "Models", "Data", "Configuration", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: forThisProcessor),
    .target(
      name: "MateKDCommands",
      dependencies: [
        "Trainers",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(name: "mate-kd", dependencies: ["MateKDCommands", "Kernels"]),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TestSupport"]),
    .testTarget(name: "AutogradTests", dependencies: ["Autograd", "StrictJSON", "TestSupport"]),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models", "TestSupport"]),
    .testTarget(name: "DataTests", dependencies: ["Data", "Kernels", "StrictJSON"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"]),
    .testTarget(name: "TrainersTests", dependencies: ["Trainers", "TestSupport"]),
    .testTarget(name: "MateKDCommandsTests", dependencies: ["MateKDCommands"]),
  ],
  swiftLanguageModes: [.v6]
)
if isPortable {
  package.targets.removeAll { $0.type == .test && $0.name != "KernelsTests" }
}
