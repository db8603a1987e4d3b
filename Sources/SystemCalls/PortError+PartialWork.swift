package import FarmPorts

extension PortError {
    /// The same failure of a work of several steps when steps before it were carried out: what stands now is not known
    /// to the caller, who repeats or undoes the whole.
    package var afterPartOfTheWork: PortError {
        var error = self
        error.effect = .outcomeUnknown
        return error
    }
}
