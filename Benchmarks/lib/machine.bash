# shellcheck shell=bash
# What the figures depend on. Sourced; HERE is Benchmarks/, ROOT the repository.

# has_flag FLAG: whether the CPU has it.
has_flag() { grep -qw -m 1 "$1" /proc/cpuinfo; }

describe_machine() {
    local commit state=''
    commit=$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null || printf 'unknown')
    [[ -z $(git -C "$ROOT" status --porcelain -- Sources 2>/dev/null) ]] || state=', with changes in Sources'
    printf -- '- date: %s; commit %s%s\n' "$(date --utc +%Y-%m-%dT%H:%MZ)" "$commit" "$state"
    printf -- '- CPU: %s, %s cores; sha_ni: %s, sse4.2: %s\n' \
        "$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
        "$(has_flag sha_ni && printf yes || printf no)" "$(has_flag sse4_2 && printf yes || printf no)"
    printf -- '- memory: %s GiB; kernel %s; file system %s\n' \
        "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" "$(uname -r)" \
        "$(df --output=fstype "$HERE" | tail -n 1)"
    printf -- '- versions: %s\n' "$(versions)"
}

# versions: of the compilers and of the rivals that are here.
versions() {
    local text server
    text=$(swift --version 2>/dev/null | awk 'match($0, /Swift version [0-9.]+/) { print substr($0, RSTART, RLENGTH); exit }')
    pkg-config --exists sqlite3 && text+=", SQLite $(pkg-config --modversion sqlite3)"
    server=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | tail -n 1) || true
    [[ -z $server ]] || text+=", $("$server" --version | sed 's/postgres (PostgreSQL)/PostgreSQL/; s/ (.*//')"
    command -v redis-server >/dev/null && text+=", Redis $(redis-server --version | sed 's/.*v=//; s/ .*//')"
    server=$(nats_server)
    [[ -z $server ]] || text+=", NATS $("$server" --version | sed 's/.*: v//')"
    printf '%s\n' "$text"
}

# --- Whether anything else runs ------------------------------------------------------------------------------------

readonly QUIET_PERCENT=10 QUIET_TRIES=40

# cpu_ticks: what all programs used, what this script's used, and all there was; of all cores.
cpu_ticks() {
    awk 'FNR == NR { used = $2 + $3 + $4; for (i = 2; i <= 9; i++) all += $i; nextfile }
        { sub(/^.*\) /, ""); print used, $12 + $13 + $14 + $15, all; exit }' <(grep '^cpu ' /proc/stat) "/proc/$$/stat"
}

# begin_watch: from here on `others_percent` counts.
begin_watch() { read -r watch_used watch_own watch_all <<<"$(cpu_ticks)"; }

# others_percent: what other programs used of all cores since `begin_watch`; kernel threads are among them.
others_percent() {
    local used own all
    read -r used own all <<<"$(cpu_ticks)"
    awk -v used=$((used - watch_used)) -v own=$((own - watch_own)) -v all=$((all - watch_all)) \
        'BEGIN { others = all > 0 ? 100 * (used - own) / all : 0; printf "%.0f\n", (others > 0 ? others : 0) }'
}

# await_quiet: until other programs do nearly nothing, for 20 s at most.
await_quiet() {
    local tries
    for ((tries = 0; tries < QUIET_TRIES; tries++)); do
        begin_watch
        sleep 0.5
        (($(others_percent) > QUIET_PERCENT)) || return 0
    done
}
