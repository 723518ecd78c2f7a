import Judging
import Testing

@testable import Reporting

@Suite struct ExitStatusTests {
  private func report(_ cases: Set<String>, known: [KnownFailing.Entry] = [], testerErrors: [String] = []) throws -> Report {
    Sample.report([Sample.run(try Sample.verdicts(only: cases), testerErrors: testerErrors)], known: known)
  }
  private let pass = "TP_HA_NID_BV_01"
  private let warning = "TP_HA_NID_BV_02"
  private let fail = "TP_HA_NID_BV_03"
  private let inconclusive = "TP_HA_UID_BV_01"
  private let error = "TP_HA_UID_BV_02"
  private let notApplicable = "TP_HA_RACE_BV_01"

  /// One case that passes, with nothing broken beside it.
  private func clean() throws -> Report {
    var verdicts = try Sample.verdicts(only: [pass])
    verdicts.findings = []
    return Sample.report([Sample.run(verdicts)])
  }

  @Test func oneBranchEach() throws {
    #expect(try clean().exitStatus == .success)
    #expect(try report([warning]).exitStatus == .success)
    #expect(try report([fail]).exitStatus == .fail)
    // The case passes; another rule broke on its home address meanwhile.
    #expect(try report([pass]).exitStatus == .fail)
    #expect(try report([inconclusive]).exitStatus == .inconclusive)
    #expect(try report([error, fail]).exitStatus == .testerError)
    #expect(try report([warning], testerErrors: ["frame 3"]).exitStatus == .testerError)
    #expect(try report([notApplicable]).exitStatus == .inconclusive)
    #expect(try report([]).exitStatus == .success, "a capture of others in which requirements were reached")
    #expect(Sample.report([]).exitStatus == .inconclusive)
    #expect(try report([fail, inconclusive]).exitStatus == .fail)
    #expect(try report([warning, notApplicable]).exitStatus == .success)
  }

  @Test func findingsOutsideOfCasesCount() throws {
    #expect(Sample.report([Sample.run(try Sample.foreign())]).exitStatus == .fail)
    var verdicts = try Sample.foreign()
    verdicts.findings.removeAll { $0.verdict == .fail }
    #expect(Sample.report([Sample.run(verdicts)]).exitStatus == .success, "warnings and open ends alone")
  }

  @Test func theCallerKnowsTheFirstOnes() throws {
    for status in [ExitStatus.interrupted, .usage, .privilege, .unreachable] {
      #expect(ExitStatus.of(try report([fail, error]), callers: [status]) == status)
    }
    #expect(ExitStatus.first(of: [.fail, .unreachable, .privilege, .usage, .interrupted]).rawValue == 130)
    #expect(ExitStatus.first(of: [.fail, .unreachable, .privilege, .usage]).rawValue == 64)
    #expect(ExitStatus.first(of: [.fail, .unreachable, .privilege]).rawValue == 77)
    #expect(ExitStatus.first(of: [.fail, .testerError, .unreachable]).rawValue == 69)
    #expect(ExitStatus.first(of: [.inconclusive, .drift, .fail, .testerError]).rawValue == 2)
    #expect(ExitStatus.first(of: [.inconclusive, .drift, .fail]).rawValue == 1)
    #expect(ExitStatus.first(of: [.inconclusive, .drift]).rawValue == 4)
    #expect(ExitStatus.first(of: [.success, .inconclusive]).rawValue == 3)
    #expect(ExitStatus.first(of: []).rawValue == 0)
  }

  @Test func whatIsListedDoesNotCount() throws {
    let failing = KnownFailing.Entry(testCase: fail, requirement: "24303-5.4.3.1-03b", verdict: .fail, reason: "bug 7")
    let open = KnownFailing.Entry(testCase: inconclusive, verdict: .inconclusive, reason: "no link")
    #expect(try report([fail], known: [failing]).exitStatus == .success)
    #expect(try report([fail, inconclusive], known: [failing]).exitStatus == .inconclusive)
    #expect(try report([fail, inconclusive], known: [failing, open]).exitStatus == .success)
    #expect(try report([fail, inconclusive], known: [failing, open]).summary.cases.known == 2)
  }

  @Test func anotherRequirementOrVerdictIsNotListed() throws {
    let other = KnownFailing.Entry(testCase: fail, requirement: "24303-5.4.3.1-03c", verdict: .fail, reason: "bug 7")
    #expect(try report([fail], known: [other]).exitStatus == .fail)
    let verdict = KnownFailing.Entry(testCase: fail, verdict: .inconclusive, reason: "bug 7")
    #expect(try report([fail], known: [verdict]).exitStatus == .fail)
    // A second requirement breaks in a case of which one is listed.
    var verdicts = try Sample.verdicts(only: [fail])
    verdicts.cases[0].assertions[1].verdict = .fail
    let listed = KnownFailing.Entry(testCase: fail, requirement: "24303-5.4.3.1-03b", verdict: .fail, reason: "bug 7")
    let report = Sample.report([Sample.run(verdicts)], known: [listed])
    #expect(report.exitStatus == .fail)
    #expect(report.summary.cases.known == 0)
  }

  @Test func findingsOutsideOfCasesCanBeListed() throws {
    let all = ["24303-5.4.3.1-03b", "24303-5.4.3.1-14"].map {
      KnownFailing.Entry(testCase: nil, requirement: $0, verdict: .fail, reason: "bug 9")
    }
    #expect(Sample.report([Sample.run(try Sample.foreign())], known: all).exitStatus == .success)
    #expect(Sample.report([Sample.run(try Sample.foreign())], known: [all[0]]).exitStatus == .fail)
    #expect(try report([pass], known: [KnownFailing.Entry(testCase: pass, verdict: .fail, reason: "bug 8")]).exitStatus == .success)
  }

  @Test func whatNoLongerHoldsIsDrift() throws {
    let passes = KnownFailing.Entry(testCase: warning, verdict: .fail, reason: "bug 7")
    let report = try report([warning], known: [passes])
    #expect(report.exitStatus == .drift)
    #expect(report.summary.stale == [passes])
    // What was not run says nothing about its entry.
    #expect(try self.report([warning], known: [KnownFailing.Entry(testCase: fail, verdict: .fail, reason: "bug 7")]).exitStatus == .success)
    let reached = KnownFailing.Entry(testCase: nil, requirement: "24303-5.4.3.1-03c", verdict: .fail, reason: "bug 7")
    #expect(try self.report([warning], known: [reached]).exitStatus == .drift)
  }

  @Test func anEntryHoldsWhenItHoldsInOneRun() throws {
    let listed = KnownFailing.Entry(testCase: fail, verdict: .fail, reason: "bug 7")
    var other = try Sample.verdicts(only: [fail])
    other.profile = "ts24303-0.4.1"
    other.cases[0].verdict = .pass
    other.findings = []
    #expect(Sample.report([Sample.run(other), Sample.run(try Sample.verdicts(only: [fail]))], known: [listed]).exitStatus == .success)
  }

  @Test func theBaselineIsHeldAgainst() throws {
    let baseline = try clean()
    #expect(Sample.report(baseline.runs, baseline: baseline).exitStatus == .success)
    var now = baseline.runs
    now[0].verdicts.cases[0].verdict = .notApplicable
    var other = try Sample.verdicts(only: [warning])
    other.profile = "ts24303-0.4.1"
    other.requirements.removeAll { $0.verdict == .fail }
    now.append(Sample.run(other))
    let report = Sample.report(now, baseline: baseline)
    #expect(report.exitStatus == .drift)
    #expect(
      report.drift == [Difference(run: "ha rfc5846", testCase: pass, requirement: nil, before: .pass, now: .notApplicable)],
      "a case that the baseline lacks is news only when it fails")
    #expect(Sample.report([], baseline: baseline).drift.isEmpty)
  }
}
