// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "mate-kd-benchmarks",
  dependencies: [.package(name: "mate-kd", path: "..")],
  targets: [
    .executableTarget(
      name: "step-benchmark",
      dependencies: [
        .product(name: "Configuration", package: "mate-kd"),
        .product(name: "Data", package: "mate-kd"),
        .product(name: "Inference", package: "mate-kd"),
        .product(name: "Kernels", package: "mate-kd"),
        .product(name: "Methods", package: "mate-kd"),
        .product(name: "Models", package: "mate-kd"),
        .product(name: "StrictJSON", package: "mate-kd"),
        .product(name: "Trainers", package: "mate-kd"),
      ]),
    .executableTarget(
      name: "kernel-benchmark",
      dependencies: [
        .product(name: "Kernels", package: "mate-kd"),
        .product(name: "StrictJSON", package: "mate-kd"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
