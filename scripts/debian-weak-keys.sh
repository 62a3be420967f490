#!/usr/bin/env bash
# Generates the keys that Debian's OpenSSL of 2006 to 2008 could generate (CVE-2008-0166).
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/debian-weak-keys.sh DIR [TYPE]...
  Generates all 294,912 keys of each TYPE on all processors: rsa:2048, ec:p256 and
  ec:p384, or rsa:3072, rsa:4096, ec:p521 if they are named. Writes to DIR:
    TYPE.txt         SHA-256 of each modulus or x coordinate, for --refused-keys
    debian_keys.bin  the table of these types, for src/signer/key_fault/
  If DIR has a part of the keys from a run that was stopped, it goes on from there.
  One processor with AVX-512 IFMA takes 77 minutes for rsa:2048, and four for the
  two curves; rsa:3072 takes about 8 hours, and rsa:4096 about 20.
END
}

[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# -gt 0 && $1 != -* ]] || { usage >&2; exit 2; }
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
mkdir -p "$1"
cd "$1"
shift
(($# > 0)) || set -- rsa:2048 ec:p256 ec:p384

cc -O2 -o debian_weak_keys "$here/debian_weak_keys.c" -lcrypto

# A part has the keys of 512 process ids.
generate() { # TYPE NUMBER
    local part=$1.part-$2
    [[ ! -f $part ]] || return 0
    ./debian_weak_keys "$1" $((512 * $2)) $((512 * $2 + 511)) >"$part.new"
    mv "$part.new" "$part"
}
export -f generate
for type; do
    seq -w 0 63 | xargs -P "$(nproc)" -I N bash -euc 'generate "$0" "$((10#$1))"' "$type" N
    cut -d ' ' -f 1 "$type".part-* | sort -u >"$type.txt"
    echo "$type: $(wc -l <"$type.txt") keys"
done

python3 "$here/debian_keys_table.py" "${@/%/.txt}" >debian_keys.bin
echo "debian_keys.bin: $(stat -c %s debian_keys.bin) bytes"
