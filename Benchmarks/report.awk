# Turns the figures of a run into tables. Input: lines `round <tab> system <tab> scenario <tab> metric <tab> value`.
# Each cell is the median of the rounds and, in brackets, the smallest and the largest; a ratio is taken within each
# round first. ASCII only: awk pads by bytes.
BEGIN {
    FS = "\t"
    split("1 16 256 1024", sizes, " ")
}

{
    value[$3, $4, $2, $1] = $5
    if ($1 > rounds) rounds = $1
    if (!($2 in seen)) { seen[$2] = 1; systems[++system_count] = $2 }
}

# --- Numbers -------------------------------------------------------------------------------------------------------

# sort_list(): `list[1 .. n]`, ascending.
function sort_list(n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (j = i - 1; j >= 1 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
    }
}

# spell(x): three significant digits, groups of thousands.
function spell(x,    text, sign) {
    if (x < 0) return "-" spell(-x)
    if (x < 1) return sprintf("%.3f", x)
    if (x < 10) return sprintf("%.2f", x)
    if (x < 100) return sprintf("%.1f", x)
    scale = 1
    while (x / scale >= 1000) scale *= 10
    text = sprintf("%.0f", int(x / scale + 0.5) * scale)
    sign = ""
    while (length(text) > 3) {
        sign = "," substr(text, length(text) - 2) sign
        text = substr(text, 1, length(text) - 3)
    }
    return text sign
}

# summary(n): median and range of `list[1 .. n]`; "-" where there is nothing.
function summary(n,    median) {
    if (n == 0) return "-"
    sort_list(n)
    median = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    return n == 1 ? spell(median) : spell(median) " (" spell(list[1]) "-" spell(list[n]) ")"
}

# collect(): the values of one figure in all rounds into `list`; how many there are.
function collect(scenario, metric, who,    round, n) {
    n = 0
    for (round = 1; round <= rounds; round++)
        if ((scenario, metric, who, round) in value) list[++n] = value[scenario, metric, who, round]
    return n
}

function figure(scenario, metric, who) { return summary(collect(scenario, metric, who)) }

# ratio(): the log's figure by another system's, round by round.
function ratio(scenario, metric, who,    round, n) {
    n = 0
    for (round = 1; round <= rounds; round++)
        if ((scenario, metric, who, round) in value && (scenario, metric, "log", round) in value \
            && value[scenario, metric, who, round] != 0)
            list[++n] = value[scenario, metric, "log", round] / value[scenario, metric, who, round]
    return who == "log" ? "1" : summary(n)
}

# without_hash(): events/s if each event took less by what its share of a frame's SHA-256 takes in the same round.
function without_hash(scenario, size,    round, n, rest) {
    n = 0
    for (round = 1; round <= rounds; round++) {
        if (!((scenario, "events/s", "log", round) in value)) continue
        rest = 1e6 / value[scenario, "events/s", "log", round] - value["i.hash." size, "us/event", "log", round]
        if (rest > 0) list[++n] = 1e6 / rest
    }
    return summary(n)
}

# --- Tables --------------------------------------------------------------------------------------------------------

# row(TEXT): cells between tabs; the first row is the heading.
function row(text,    n, i) {
    rows[++row_count] = text
    n = split(text, cells, "\t")
    for (i = 1; i <= n; i++) if (length(cells[i]) > width[i]) width[i] = length(cells[i])
    columns = n
}

function print_table(    r, i, line, rule) {
    if (row_count == 1) print "Nothing was measured."
    for (r = 1; r <= row_count; r++) {
        split(rows[r], cells, "\t")
        line = rule = "|"
        for (i = 1; i <= columns; i++) {
            line = line sprintf(" %-" width[i] "s |", cells[i])
            rule = rule sprintf(" %-" width[i] "s |", "---")
        }
        print line
        if (r == 1) print rule
    }
    print ""
    row_count = 0
    for (i in width) delete width[i]
}

function rate_table(title, scenario,    i, s) {
    print "### " title "\n"
    row("system\tevents/s\tlog/this\tclient CPU us/event\tserver CPU us/event")
    for (i = 1; i <= system_count; i++) {
        s = systems[i]
        if (figure(scenario, "events/s", s) != "-")
            row(s "\t" figure(scenario, "events/s", s) "\t" ratio(scenario, "events/s", s) "\t" \
                figure(scenario, "client_cpu_us/event", s) "\t" figure(scenario, "server_cpu_us/event", s))
    }
    print_table()
}

function latency_table(title, scenario,    i, s) {
    print "### " title "\n"
    row("system\tp50 us\tlog/this\tp99 us\tmax us")
    for (i = 1; i <= system_count; i++) {
        s = systems[i]
        if (figure(scenario, "p50_us", s) != "-")
            row(s "\t" figure(scenario, "p50_us", s) "\t" ratio(scenario, "p50_us", s) "\t" \
                figure(scenario, "p99_us", s) "\t" figure(scenario, "max_us", s))
    }
    print_table()
}

function batch_table(    i, k, s, scenario) {
    print "### e.batch: one producer that waits for each append\n"
    row("events\tsystem\tevents/s\tlog/this\tp50 us an append\tp99 us an append")
    for (k = 1; k <= 4; k++) {
        scenario = "e.batch." sizes[k]
        for (i = 1; i <= system_count; i++) {
            s = systems[i]
            if (figure(scenario, "events/s", s) != "-")
                row(sizes[k] "\t" s "\t" figure(scenario, "events/s", s) "\t" ratio(scenario, "events/s", s) "\t" \
                    figure(scenario, "p50_us", s) "\t" figure(scenario, "p99_us", s))
        }
    }
    print_table()
}

function hash_table(    k, size) {
    print "### i.hash: what the hash chain costs\n"
    print "The log has no switch for its chain. SHA-256 over frames of the same sizes was measured by itself in the same"
    print "rounds; the last column is derived: the time of an event less its share of that. Where hashing overlaps the"
    print "sync it is an upper bound, and differences of about the sync's own scatter mean nothing.\n"
    row("scenario\tevents a frame\tSHA-256, us/event\tevents/s, measured\tevents/s without it, derived")
    for (k = 1; k <= 4; k++) {
        size = sizes[k]
        row("e.batch." size "\t" size "\t" figure("i.hash." size, "us/event", "log") "\t" \
            figure("e.batch." size, "events/s", "log") "\t" without_hash("e.batch." size, size))
    }
    row("a.append\t1024\t" figure("i.hash.1024", "us/event", "log") "\t" figure("a.append", "events/s", "log") "\t" \
        without_hash("a.append", 1024))
    row("c.read\t1024\t" figure("i.hash.1024", "us/event", "log") "\t" figure("c.read", "events/s", "log") "\t" \
        without_hash("c.read", 1024))
    print_table()
}

function own_table() {
    print "### The rest of the log\n"
    row("scenario\tfigure\tvalue")
    row("f.tail\tappend's return to receipt, p50 us\t" figure("f.tail", "p50_us", "log"))
    row("f.tail\tappend's return to receipt, p99 us\t" figure("f.tail", "p99_us", "log"))
    row("f.tail\tan idle reader, percent of a core\t" figure("f.tail", "idle_cpu_percent", "log"))
    row("g.recover\tsize of the topic, MiB of events\t" figure("g.recover", "MiB", "log"))
    row("g.recover\topening it after SIGKILL, files not cached, seconds\t" figure("g.recover", "seconds", "log"))
    row("h.verify\tlog verify, events/s\t" figure("h.verify", "events/s", "log"))
    row("h.verify\tlog verify, MB of events a second\t" figure("h.verify", "MB/s", "log"))
    print_table()
}

END {
    rate_table("a.append: one process, one topic", "a.append")
    rate_table("b.append4: four processes, a topic each", "b.append4")
    rate_table("c.read: one process reads what a.append left", "c.read")
    latency_table("d.latency: 1,000 events a second, due to received", "d.latency")
    batch_table()
    if ("log" in seen) {
        hash_table()
        own_table()
    }
}
