extension VMDetail {
    /// For the VM's row: `starting: filter rules` is a state and these words.
    package var words: String {
        switch self {
        case .nothing: ""
        case .waitingForSlot: "waiting for other VMs that are starting or stopping"
        case .tellingStore: "telling the store"
        case .storeRefuses(let why): "the store does not take the start: \(why?.words ?? "")"
        case .building(let step, let why): why.map { "\(step.words): \($0.words)" } ?? step.words
        case .waitingForAgent: "waiting for the agent to answer"
        case .keptForInspection: "the agent does not answer; kept for inspection"
        case .askedToPowerOff: "asked the agent to power off"
        case .askedToShutDown: "asked the guest to shut down"
        case .removing(let step, let tries): "removing the \(step.words)" + Self.tried(tries)
        case .notRemoved(let step, let tries): "the \(step.words) could not be removed" + Self.tried(tries)
        case .noAnswer(let step): "the node has not answered about the \(step.words)"
        }
    }

    private static func tried(_ times: Int) -> String {
        switch times {
        case 0: ""
        case 1: "; tried once"
        default: "; tried \(times) times"
        }
    }
}

extension VMFailure {
    /// For people, with what to do where that is known.
    package var words: String {
        switch self {
        case .reported(let words): words
        case .noImage(let failure): failure.words
        case .nodeSilent(let limit): "the node has not answered for \(limit.components.seconds) s"
        case .neverAnswered(let limit, let lastTry):
            "the agent did not answer within \(limit.components.seconds) s of the domain's start;"
                + " look at the VM's console log, or raise"
                + " internal.hkd.vmhandler.vma.failed.max_time.on.starting" + Self.end(lastTry)
        case .agentSilent(let time, let lastTry):
            "the agent has not answered for \(time.components.seconds) s" + Self.end(lastTry)
        case .diesAgain(let times): "the desktop died \(times) times; look at the VM's console log"
        case .notAnAnswer: "an answer that is none"
        case .storeSilent: "the store has not answered"
        }
    }

    private static func end(_ lastTry: String?) -> String { lastTry.map { "; the last try: \($0)" } ?? "" }
}

extension StartStep {
    /// For people: `starting: filter rules`.
    package var words: String {
        switch self {
        case .disks: "disks"
        case .tap: "tap"
        case .filter: "filter rules"
        case .reservation: "DHCP reservation"
        case .secret: "agent secret"
        case .domain: "domain"
        }
    }
}
