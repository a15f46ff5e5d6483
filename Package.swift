// swift-tools-version: 6.1
import PackageDescription

// Numeric code is compiled for the processor at hand, so that SIMD16<Float> becomes real vector
// instructions. `MATE_KD_MARCH=x86-64-v3 swift build -c release` makes a binary for other machines.
let march = Context.environment["MATE_KD_MARCH"] ?? "native"
let forThisProcessor: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=\(march)"])]
let kernelSettings: [SwiftSetting] =
  forThisProcessor + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
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
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Autograd", targets: ["Autograd"]),
    .library(name: "StrictJSON", targets: ["StrictJSON"]),
    .library(name: "Configuration", targets: ["Configuration"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Data", targets: ["Data"]),
    .library(name: "Inference", targets: ["Inference"]),
    .library(name: "Trainers", targets: ["Trainers"]),
    .library(name: "Methods", targets: ["Methods"]),
    .library(name: "Runs", targets: ["Runs"]),
    .library(name: "Studies", targets: ["Studies"]),
    .library(name: "MateKDCommands", targets: ["MateKDCommands"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "Kernels", dependencies: ["CBLAS"], swiftSettings: kernelSettings),
    numeric("Autograd", ["Kernels"]),
    .target(name: "Files"),
    .target(name: "StrictJSON", dependencies: ["Files"]),
    .target(name: "Configuration", dependencies: ["StrictJSON"]),
    numeric("Models", ["Autograd", "Configuration", "Files", "Kernels", "StrictJSON"]),
    .target(name: "Data", dependencies: ["Configuration", "Files", "Kernels", "StrictJSON"]),
    numeric(
      "Inference",
      ["Autograd", "Configuration", "Data", "Files", "Kernels", "Models", "StrictJSON"]),
    numeric("Trainers", ["Autograd", "Configuration", "Data", "Kernels", "Models", "StrictJSON"]),
    numeric(
      "Methods", ["Autograd", "Configuration", "Data", "Files", "Kernels", "Models", "Trainers"]),
    numeric(
      "Runs",
      [
        "Autograd", "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models",
        "StrictJSON", "Trainers",
      ]),
    .target(
      name: "Studies",
      dependencies: [
        "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models", "Runs",
        "StrictJSON", "Trainers",
      ]),
    .target(
      name: "MateKDCommands",
      dependencies: [
        "Configuration", "Data", "Files", "Inference", "Kernels", "Methods", "Models", "Runs",
        "StrictJSON", "Studies", "Trainers", argumentParser, logging,
      ]),
    .executableTarget(name: "mate-kd", dependencies: ["MateKDCommands", "Kernels"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
    .testTarget(name: "AutogradTests", dependencies: ["Autograd", "StrictJSON"]),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models"]),
    .testTarget(name: "DataTests", dependencies: ["Data", "Kernels", "StrictJSON"]),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: ["Configuration", "Data", "Models", "Runs", "Studies", "Trainers"]),
    .testTarget(
      name: "TrainersTests",
      dependencies: ["Inference", "Methods", "Runs", "Studies", "Trainers"]),
    .testTarget(name: "MateKDCommandsTests", dependencies: ["MateKDCommands"]),
    // Written as in another package: it sees what is public alone.
    .testTarget(
      name: "OutsideMethodTests",
      dependencies: ["Autograd", "Configuration", "Kernels", "Methods", "Models", "Trainers"],
      packageAccess: false),
  ],
  swiftLanguageModes: [.v6]
)
