#!/usr/bin/env bash
# Runs the two commands of the README as a new user would: as root, on a Debian 12 with nothing installed but Rust.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/bare-machine.sh DIR [demo|test]
  Makes a minimal Debian 12 in DIR (debootstrap), clones what is committed here
  into it, and runs scripts/demo.sh and scripts/test.sh there, or one of them.
  Says what failed, with exit code and time; DIR/demo.log and DIR/test.log have
  the output. The exit code is 0 if all passed, and 1 otherwise.
  An existing DIR is used again, with the packages and the build of its last run;
  remove it to begin with nothing.
Needs: root, the right to mount (CAP_SYS_ADMIN), Debian's debootstrap and git, and
20 GB in DIR. Rust is the toolchain of this machine. apt, pip and Cargo get the
configuration files of this machine, and its proxy variables if there are any.
EOF
}

die() {
    echo "bare-machine.sh: $*" >&2
    exit 1
}

release=bookworm
toolchain=/opt/rust
checkout=/root/hsm-ca

# Step 2, in separate namespaces: the mounts, and then a command in the new system. When process 1 of the namespace ends, the kernel kills
# the others and removes the mounts.
enter() { # SYSTEM TOOLCHAIN COMMAND...
    local system=$1 rust=$2
    shift 2
    # The tests make mount namespaces, which needs a root that is a mount point.
    mount --bind "$system" "$system"
    mount --bind "$rust" "$system$toolchain"
    mount -o remount,bind,ro "$system$toolchain"
    mount -t proc -o nosuid,nodev,noexec proc "$system/proc"
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$system/sys"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$system/dev/pts"
    mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$system/dev/shm"
    cd "$system"
    exec chroot "$system" "$@"
}
if [[ ${1-} = --inside ]]; then
    shift
    enter "$@"
fi

[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# = 1 || $# = 2 ]] && [[ $1 != -* && -n $1 ]] || { usage >&2; exit 2; }
case ${2-} in
'') commands=(demo test) ;;
demo | test) commands=("$2") ;;
*) usage >&2; exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$root/scripts/${BASH_SOURCE[0]##*/}
((EUID == 0)) || die "needs root"
unshare --mount --pid --fork mount -t tmpfs none /tmp 2>/dev/null ||
    die "needs permission to create namespaces and to mount: root in a virtual machine has it, a container needs CAP_SYS_ADMIN"
for program in debootstrap git; do
    command -v "$program" >/dev/null || die "$program is missing; run: apt-get install $program"
done
rust=$(rustc --print sysroot) || die "no Rust toolchain"
for program in cargo rustc rustfmt cargo-clippy rustdoc; do
    [[ -x $rust/bin/$program ]] || die "the Rust toolchain in $rust has no $program"
done

directory=$(realpath -m "$1")
system=$directory/system
if [[ ! -e $system && -e $directory && -n $(find "$directory" -mindepth 1 -maxdepth 1 ! -name system.new) ]]; then
    die "$directory is not empty, and was not made by this script"
fi
mkdir -p "$directory"
exec 9>"$directory/lock"
flock --nonblock 9 || die "another run is using $directory"

# Runs a command in namespaces that always end with this script.
child=
trap 'trap - EXIT; [[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
isolated() { # COMMAND...
    local status=0
    # With job control, the command keeps the default action for SIGINT, which bash disables in background jobs.
    set -m
    setpriv --pdeathsig KILL unshare --mount --pid --kill-child --propagation private "$@" </dev/null 9>&- &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    return "$status"
}

# The package sources of this machine.
targets() { # FORMAT
    apt-get indextargets --format "$1" 'Created-By: Packages'
}

# Step 1: the system
if [[ ! -d $system ]]; then
    # The mirror from which apt on this machine gets this release.
    mirror=$(targets "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" | sed -n "s/^$release main //p" | sed -n 1p)
    [[ $mirror ]] || die "apt on this machine has no source for Debian $release; run: apt-get update, and check its sources"
    includes=()
    [[ $mirror != https:* ]] || includes=(--include=ca-certificates)
    echo "bare-machine.sh: making a Debian $release in $system"
    rm -rf --one-file-system "$system.new"
    isolated debootstrap --variant=minbase ${includes[@]+"${includes[@]}"} "$release" "$system.new" "$mirror" \
        >"$directory/debootstrap.log" 2>&1 || { tail -20 "$directory/debootstrap.log" >&2; die "debootstrap failed"; }
    mv "$system.new" "$system"
fi

# The network settings for the package sources, which may have changed since the last run.
targets "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" | grep " $release" | sort -u >"$system/etc/apt/sources.list"
apt-config dump Acquire | { grep -Ei '^Acquire::(https?|proxy|check|retries)' || true; } >"$system/etc/apt/apt.conf.d/99network"
for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /usr/local/share/ca-certificates; do
    [[ ! -e $path ]] || cp -RLT "$path" "$system$path"
done
for path in "${CARGO_HOME:-$HOME/.cargo}"/config{.toml,}; do
    [[ ! -e $path ]] || install -D -m 644 "$path" "$system/root/.cargo/${path##*/}"
done
mkdir -p "$system$toolchain"

# The checkout. Its target directory is kept between runs.
commit=$(git -C "$root" rev-parse HEAD)
[[ -z $(git -C "$root" status --porcelain) ]] ||
    echo "bare-machine.sh: uncommitted changes are not tested" >&2
[[ -d $system$checkout ]] || git clone --quiet --no-hardlinks --no-checkout "$root" "$system$checkout"
git -C "$system$checkout" fetch --quiet "$root" HEAD
git -C "$system$checkout" checkout --quiet --force --detach "$commit"
git -C "$system$checkout" clean --quiet -fd

environment=(HOME=/root "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$toolchain/bin")
for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do
    [[ -z ${!name-} ]] || environment+=("$name=${!name}" "no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost")
done

failed=0
for name in "${commands[@]}"; do
    echo "bare-machine.sh: scripts/$name.sh at ${commit:0:12}; its output is in $directory/$name.log"
    began=$SECONDS status=0
    isolated "$BASH" "$script" --inside "$system" "$rust" \
        /usr/bin/env -i "${environment[@]}" /bin/bash -c "cd $checkout && exec scripts/$name.sh" \
        >"$directory/$name.log" 2>&1 || status=$?
    took=$((SECONDS - began))
    if ((status == 0)); then
        echo "bare-machine.sh: scripts/$name.sh passed in $((took / 60)) min $((took % 60)) s"
    else
        failed=1
        tail -40 "$directory/$name.log" >&2
        echo "bare-machine.sh: scripts/$name.sh failed after $((took / 60)) min $((took % 60)) s with exit code $status" >&2
    fi
done
exit "$failed"
