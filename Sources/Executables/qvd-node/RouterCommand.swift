import ArgumentParser
import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import HTTPGuestAgent
import Logging
import NIOTransport
import NodeConfiguration
import OpenSSLSecrets
import SQLiteStore
import SystemClock

struct RouterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "l7r", abstract: "The router alone; `run` starts it.", shouldDisplay: false)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let (configuration, log) = try options.load("l7r")
        try DescriptorLimit.raise()
        try await TerminationSignal.endsTask {
            let store = try await SQLiteStore.open(at: configuration.paths.database)
            let identity = try await store.node(named: configuration.nodeName)
            let login = Login(
                ports: LoginPorts(
                    store: store, passwords: ScryptHasher(), clock: SystemClock(), random: SystemRandom(), log: log))
            let router = Router(
                configuration: RouterConfiguration(configuration, node: identity.node),
                ports: RouterPorts(
                    login: login, store: store, agent: HTTPGuestAgent(callTime: configuration.router.agentCall),
                    clock: SystemClock(), random: SystemRandom(), log: log))
            let listener = try ClientListener(listening(configuration), log: log)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    async let ready: Void = login.prepare()
                    await router.run()
                    await ready
                }
                group.addTask {
                    try await listener.run { port in
                        log.notice("clients are served", metadata: ["port": "\(port)"])
                    } handle: {
                        await router.handle($0)
                    }
                }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    private func listening(_ configuration: NodeConfiguration) -> ListenerConfiguration {
        let place: ListenerConfiguration.Place =
            ListeningSocket.inherited.map { .socket(descriptor: $0) }
            ?? .address(host: configuration.router.address.description, port: configuration.router.port)
        let files = ListenerConfiguration.TLSFiles(
            certificate: configuration.paths.routerCertificate, key: configuration.paths.routerKey)
        return ListenerConfiguration(place: place, tls: configuration.router.usesTLS ? files : nil)
    }
}

extension RouterConfiguration {
    init(_ configuration: NodeConfiguration, node: Node) {
        self.init(nodeName: configuration.nodeName, place: .node(node.id), address: node.address)
        agentPort = configuration.hypervisor.agentPort
        let configured = configuration.router
        limits.start = configured.start
        limits.stop = configured.stop
        limits.takeOver = configured.takeOver
        limits.sessionTriesMax = configured.xStartRetriesMax + 1
        limits.listening = configured.listening
        limits.agentCall = configured.agentCall + .seconds(1)
        limits.storePoll = configured.storePoll
        limits.sessionPoll = configured.sessionPoll
    }
}
