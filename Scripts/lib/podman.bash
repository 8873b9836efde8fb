# shellcheck shell=bash
# Podman with storage, networks and locks of its own, and podman-compose; for Scripts/containers-test. Sourced after
# common.bash.

readonly PODMAN_HOME=$ROOT/.build/containers
# shellcheck disable=SC2034 # the script that sources this builds it
readonly BASE=localhost/stampede-base IMAGE=localhost/stampede-test
# What podman needs while containers run; gone when none does. Always at the same place: podman notes it beside the images.
readonly PODMAN_RUN=$PODMAN_HOME/run
readonly COMPOSE_VERSION=1.6.0
readonly VENV=$PODMAN_HOME/venv-$COMPOSE_VERSION
project=stampede-test-$$
scratch=$(mktemp -d)

# cannot WHY: containers are not for this machine; nothing was tried.
cannot() {
    say "${0##*/}: containers cannot run here: $*"
    exit 4
}

# What is looked for, and the Debian package that brings it.
readonly PODMAN_NEEDS=("podman podman" "runc runc" "/usr/lib/podman/netavark netavark"
    "/usr/lib/podman/aardvark-dns aardvark-dns" "catatonit catatonit" "debootstrap debootstrap" "iptables iptables"
    "strip binutils" "curl curl" "ip iproute2" "/usr/share/doc/python3-venv python3-venv")

install_missing() {
    local need missing=()
    for need in "${PODMAN_NEEDS[@]}"; do
        # A program: there is a function of the name podman here.
        [[ -e ${need% *} ]] || type -P "${need% *}" >/dev/null || missing+=("${need#* }")
    done
    ((${#missing[@]} > 0)) || return 0
    type -P apt-get >/dev/null || cannot "missing: ${missing[*]}; on Debian, type: apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}"; } >"$scratch/apt.log" 2>&1 || cannot "missing: ${missing[*]}, and apt-get could not install it; type: apt-get update && apt-get install ${missing[*]}"
}

# prepare_podman: what is missing is installed where it may be; a container that does nothing shows whether they run.
prepare_podman() {
    ((EUID == 0)) || cannot "it needs root, to make a base image and networks; type: sudo Scripts/containers-test"
    [[ $(uname -s) == Linux ]] || cannot "it needs Linux"
    install_missing
    mkdir -p -- "$PODMAN_HOME"
    exec 8>>"$PODMAN_HOME/lock"
    flock --nonblock 8 || fail "another run is at it, in $PODMAN_HOME"
    write_podman_configuration
    take_down || fail "containers of a former run cannot be removed"
    if [[ ! -x $VENV/bin/podman-compose ]]; then
        { python3 -m venv "$VENV" && "$VENV/bin/pip" install -q "podman-compose==$COMPOSE_VERSION"; } \
            >"$scratch/pip.log" 2>&1 || { rm -rf -- "$VENV" && cannot "podman-compose cannot be installed from PyPI"; }
    fi
}

# write_podman_configuration: of runc, which also runs where control groups of both versions are mounted; with limits that
# a root without CAP_SYS_RESOURCE may set; and with every place of podman's below PODMAN_HOME.
write_podman_configuration() {
    local limit
    limit=$(ulimit -Hn)
    [[ $limit != unlimited ]] && ((limit < 20000)) || limit=20000
    cat >"$scratch/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$limit:$limit", "nproc=20000:20000"]
[engine]
runtime = "runc"
events_logger = "file"
lock_type = "file"
tmp_dir = "$PODMAN_RUN/libpod"
[network]
network_config_dir = "$PODMAN_RUN/networks"
END
    cat >"$scratch/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$PODMAN_HOME/storage"
runroot = "$PODMAN_RUN/storage"
[storage.options.overlay]
skip_mount_home = "true"
END
    export CONTAINERS_CONF=$scratch/containers.conf CONTAINERS_STORAGE_CONF=$scratch/storage.conf
}

# make_base: an image of this machine's own distribution, as small as it comes, with what the Dockerfile would install.
# Once; then it is kept.
make_base() {
    podman image exists "$BASE" || import_base
    podman run --rm --network none "$BASE" true >"$scratch/run.log" 2>&1 ||
        cannot "podman cannot run one: $(tail -n 1 "$scratch/run.log")"
}

import_base() {
    local mirror suite tree=$PODMAN_HOME/tree
    # shellcheck disable=SC2016 # apt-get fills them in
    read -r mirror suite < <(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages')
    say "making a base image of $suite"
    rm -rf -- "$tree"
    debootstrap --variant=minbase --include=ca-certificates,libsqlite3-0,libstdc++6 "$suite" "$tree" "$mirror" \
        >"$scratch/debootstrap.log" 2>&1 || cannot "debootstrap could not make a $suite: $(tail -n 1 "$scratch/debootstrap.log")"
    rm -rf -- "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/*
    tar -C "$tree" -c . | podman import - "$BASE" >"$scratch/import.log" 2>&1 ||
        cannot "podman cannot import an image: $(tail -n 1 "$scratch/import.log")"
    rm -rf -- "$tree"
}

# enter_own_network ARGUMENTS…: begins the script anew, in a network and with mounts of its own, which end with it; podman
# leaves rules in a firewall. What must be fetched has been fetched.
enter_own_network() {
    if [[ -z ${IN_OWN_NETWORK:-} ]]; then
        rm -rf -- "$scratch" "$PODMAN_RUN"
        IN_OWN_NETWORK=yes exec unshare --net --mount "$BASH" "$0" "$@"
    fi
    ip link set lo up
}

# podman ARGUMENTS…: what it leaves running must not hold our lock.
podman() { command podman "$@" 8>&-; }

# compose ARGUMENTS…
compose() { "$VENV/bin/podman-compose" --project-name "$project" --file "$ROOT/docker-compose.yml" "$@" 8>&-; }

# container SERVICE: the name of its container.
container() { printf '%s_%s_1\n' "$project" "$1"; }

# take_down: containers, volumes, networks; false where something of them is left.
take_down() {
    [[ -f $scratch/storage.conf && -d $PODMAN_RUN ]] || return 0
    {
        compose --profile flash-sale --profile operator down --volumes || true
        podman pod rm --all --force
        podman rm --all --force --volumes
        podman volume prune --force
        podman network prune --force
    } >>"$scratch/compose.log" 2>&1 || true
    [[ -z $(podman ps -aq) && -z $(podman volume ls -q) && -z $(podman network ls -q --filter "name=$project") ]] || return 1
    rm -rf -- "$PODMAN_RUN"
}
