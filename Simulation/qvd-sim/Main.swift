import Scenarios
import SimulatedPorts
import Simulator

@main
struct Placeholder {
    static func main() {
        for (vms, users) in [(1, 1), (100, 100)] {
            var plan = Plan(name: "smoke", seed: 7)
            plan.farm.vms = vms
            plan.farm.users = users
            for vm in 1...vms { plan.steps.append(Step(at: Plan.second, .connect(user: plan.farm.owner(ofVM: vm), vm: vm, stays: 60 * Plan.second))) }
            plan.until = 300 * Plan.second
            for _ in 0..<3 {
                let result = Runner(plan, keeping: vms == 1 ? .words : .digest).run()
                if vms == 1 {
                    for (index, record) in result.trace.records.enumerated() {
                        print(Double(record.at) / 1e9, result.sources[Int(record.source)], record.kind, record.subject, record.value, result.trace.words[index] ?? "")
                    }
                }
                print(result.violation.map { "\($0)" } ?? "fine", result.trace.digest, result.virtualTime, result.portCalls, result.jobs, result.wallTime)
                if vms == 1 { break }
            }
        }
    }
}
