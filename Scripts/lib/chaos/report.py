"""What was struck, what came of it, and the verdict."""

import os
import statistics

from plan import DISK, KILL, STOP

EXIT_CODES = {"VALID": 0, "FAILED": 1, "INVALID": 3, "UNKNOWN": 4, "NOTHING TO JUDGE": 4}


def report(options, monkey, sale, findings):
    """The report as it is written with --json.

    The verdict is the sale's, which is never better than the audit's; where that one is VALID, a finding makes it FAILED.
    """
    counts = {
        KILL: sum(row["counted"] for row in monkey.struck.values()),
        STOP: sum(row["stopped"] for row in monkey.struck.values()),
        DISK: monkey.disk["felt"],
    }
    findings = findings + [f"no strike of this kind: {kind}" for kind in options.kinds if counts[kind] == 0]
    findings += sale_findings(sale)
    verdict = sale.get("verdict", "FAILED")
    returns = monkey.recovery.returns
    return {
        "schemaVersion": 1,
        "seed": options.seed,
        "minutes": options.minutes,
        "shoppers": options.shoppers,
        "cores": os.cpu_count(),
        "leastUnsettled": options.unsettled,
        "without": options.without,
        "struck": {name: {**row, "returnSeconds": spread(returns.get(name))} for name, row in monkey.struck.items()},
        "countedKills": counts[KILL],
        "disk": monkey.disk,
        "failedStarts": monkey.shop.failed_starts,
        "notStruck": len(monkey.strikes),
        "longestWaitSeconds": sale["latencyMilliseconds"]["accept"]["max"] / 1000 if sale else None,
        "accepted": sale.get("accepted"),
        "outcomes": sale.get("outcomes"),
        "lostAnswers": sale.get("lostAnswers"),
        "findings": findings,
        "verdict": "FAILED" if verdict == "VALID" and findings else verdict,
    }


def spread(seconds):
    return {"median": statistics.median(seconds), "slowest": max(seconds)} if seconds else None


def sale_findings(sale):
    """What the audit cannot know: shoppers that were sent away."""
    if not sale:
        return ["the sale made no report"]
    findings = [f"{count} shoppers were refused: {reason}" for reason, count in sale["refused"].items()]
    if sale["gaveUp"]:
        findings.append(f"{sale['gaveUp']} shoppers gave up")
    return findings


def text(report):
    lines = [
        f"CHAOS  {report['shoppers']:,} shoppers in {report['minutes']:g} minutes  seed {report['seed']}  "
        f"{report['cores']} cores",
        "",
        f"{'':22} {'':8} {'':8} {'back after':^21}",
        f"{'Struck':22} {'kill -9':>8} {'counted':>8} {'median':>10} {'slowest':>10} {'SIGSTOP':>8}",
    ]
    for name, row in report["struck"].items():
        back = row["returnSeconds"]
        median, slowest = (f"{back[which]:.2f} s" if back else "-" for which in ["median", "slowest"])
        lines.append(f"  {name:20} {row['killed']:8} {row['counted']:8} {median:>10} {slowest:>10} {row['stopped']:8}")
    rows = report["struck"].values()
    killed, stopped = sum(row["killed"] for row in rows), sum(row["stopped"] for row in rows)
    disk = report["disk"]
    lines += [
        f"  {'all':20} {killed:8} {report['countedKills']:8} {'':21} {stopped:8}",
        "",
        f"A kill counts with {report['leastUnsettled']:,} orders accepted and without outcome, or more.",
        f"Disk full      {disk['full']} times, {disk['seconds']:.0f} s in all; "
        f"services stood still in {disk['felt']} of them",
    ]
    if report["accepted"] is not None:
        outcomes = ", ".join(f"{count:,} {kind}" for kind, count in report["outcomes"].items() if count)
        lines += [
            f"Longest wait   {report['longestWaitSeconds']:.1f} s, from a shopper's first request to the 202",
            f"Lost answers   {report['lostAnswers']:,}, each asked for again with the same key",
            f"Accepted       {report['accepted']:,}: {outcomes}",
        ]
    if report["notStruck"]:
        lines.append(f"Planned, and not reached in time: {report['notStruck']} strikes")
    if report["failedStarts"]:
        lines.append(f"Starts of the supervisor that failed and were tried again: {report['failedStarts']}")
    if report["without"]:
        lines.append(f"Left out: {', '.join(report['without'])}")
    lines += [f"FINDING: {finding}" for finding in report["findings"]]
    return "\n".join(lines + ["", f"VERDICT    {report['verdict']}"])
