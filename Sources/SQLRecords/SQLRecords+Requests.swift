package import FarmModel
package import FarmRules

extension SQLRecords {
    package func answer(to request: RequestID, of actor: String) throws(LedgerError) -> StoredAnswer? {
        try one(
            "requests", "SELECT command, answer FROM requests WHERE actor = $1 AND request = $2",
            [SQLValue(actor), SQLValue(request.text)]
        ) { columns in StoredAnswer(command: columns.integer(), text: columns.text()) }
    }

    package func put(
        _ answer: StoredAnswer, to request: RequestID, of actor: String
    ) throws(LedgerError) {
        let number = try nextNumber(of: "request")
        try run(
            "INSERT INTO requests (actor, request, number, command, answer) VALUES ($1, $2, $3, $4, $5)",
            [
                SQLValue(actor), SQLValue(request.text), SQLValue(number), SQLValue(answer.command),
                SQLValue(answer.text),
            ])
        if number % 1000 == 0 {
            try run("DELETE FROM requests WHERE number <= $1", [SQLValue(number - answersHeld)])
        }
    }
}
