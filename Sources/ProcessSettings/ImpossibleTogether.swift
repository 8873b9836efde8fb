/// Values that are each allowed, and cannot work together.
enum ImpossibleTogether {
    /// - Parameter wrong: settings that are refused for themselves, of which nothing more is said.
    static func problems(in settings: Settings, besides wrong: Set<String>) -> [SettingsProblem] {
        let right = { (names: [String]) in names.allSatisfy { !wrong.contains($0) } }
        var problems = samePorts(settings, right)
        if right(["inventory.hold-seconds", "gateway.timeout-milliseconds"]),
            settings.holdSeconds * 1000 <= settings.gatewayTimeoutMilliseconds
        {
            problems.append(
                settings.problem(
                    "inventory.hold-seconds", "gateway.timeout-milliseconds",
                    "a reservation held for \(settings.holdSeconds) s ends before one call to the gateway is given up, "
                        + "after \(settings.gatewayTimeoutMilliseconds) ms: no call could ever be repeated"))
        }
        if right(["trace.share", "trace.file-bytes", "trace.collector"]), settings.origins["trace.share"] != nil,
            settings.traceShare > 0, settings.traceFileBytes == 0, settings.traceCollector == nil
        {
            problems.append(
                settings.problem(
                    "trace.share", "trace.file-bytes",
                    "traces are asked for, with no file and no collector to go to; give one of the two, or share 0"))
        }
        return problems
    }

    /// Two servers on one machine cannot share a port; a gateway that is called elsewhere is on another machine.
    private static func samePorts(_ settings: Settings, _ right: ([String]) -> Bool) -> [SettingsProblem] {
        var ports = [
            ("checkout.port", settings.checkoutPort), ("order.admin-port", settings.orderAdminPort),
            ("inventory.admin-port", settings.inventoryAdminPort), ("payment.admin-port", settings.paymentAdminPort),
            ("notification.admin-port", settings.notificationAdminPort),
            ("analytics.admin-port", settings.analyticsAdminPort),
        ]
        if settings.gatewayHost == "127.0.0.1" { ports.append(("gateway.port", settings.gatewayPort)) }
        // 0 is a free port, another one each time.
        ports.removeAll { $0.1 == 0 || !right([$0.0]) }
        return ports.indices.flatMap { later in
            ports[..<later].filter { $0.1 == ports[later].1 }.prefix(1).map { earlier in
                settings.problem(ports[later].0, earlier.0, "both are port \(earlier.1)")
            }
        }
    }
}

extension Settings {
    /// Names two settings and where both come from.
    fileprivate func problem(_ one: String, _ other: String, _ text: String) -> SettingsProblem {
        SettingsProblem(
            setting: one, place: place(of: one), text: "\(one) and \(other) (\(place(of: other))): \(text)")
    }

    private func place(of name: String) -> String { origins[name]?.place ?? "default of \(name)" }
}
