import Audit
import Contracts
import Delivery
import Simulation

/// The audit as the simulation's judge: the same ten invariants, on the evidence of a simulated run.
struct AuditJudge: Judge {
    func judge(_ evidence: ExportedEvidence) throws -> Judgement {
        let rebuilder = EvidenceRebuilder(evidence: evidence)
        let report = try Audit(dataDirectory: evidence.directory, rebuilder: rebuilder, isOwnCopy: true).run()
        let findings = report.invariants.filter { $0.holds != .yes }
        func all(_ list: (AuditReport.Invariant) -> [AuditReport.Finding]) -> [Judgement.Finding] {
            findings.flatMap { invariant in
                list(invariant).map {
                    Judgement.Finding(invariant: invariant.id, order: $0.order, message: $0.message)
                }
            }
        }
        return Judgement(verdict: report.verdict, findings: all(\.violations) + all(\.waits))
    }
}

/// Rebuilds in this process what the services' programs would rebuild.
private struct EvidenceRebuilder: Rebuilder {
    let evidence: ExportedEvidence

    func rebuild(_ service: ServiceName, live: EvidenceDatabase, into _: String) throws -> RebuiltDatabase {
        let rebuilt = try live.read { try evidence.rebuild(service, live: $0) }
        let tables = rebuilt.tables.map { StateTable(table: $0.table, columns: $0.columns, key: $0.key) }
        return RebuiltDatabase(rebuilt.database, tables: tables)
    }
}
