#!/usr/bin/env bash
# A throwaway token of NSS softokn, for tests.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: nss.sh DIR
  Makes an NSS key database in DIR (made if it is not there) with a random user
  PIN; its token has the label "ca". Writes
    DIR/module     the path of the PKCS#11 module
    DIR/token.env  the module's environment: NAME=VALUE lines, not quoted, since
                   a value has spaces:
                   mapfile -t vars <DIR/token.env; env "${vars[@]}" COMMAND...
    DIR/pin        the user PIN, mode 0600
  DIR/token.env has absolute paths: DIR must stay where it is.
Debian packages: libnss3 libnss3-tools, and gcc libc6-dev for NSS before 3.95.
USAGE
}

die() {
    echo "nss.sh: $*" >&2
    exit 1
}

case ${1-} in
-h | --help)
    usage
    exit 0
    ;;
'' | -*)
    usage >&2
    exit 2
    ;;
esac
[[ $# = 1 ]] || { usage >&2; exit 2; }

command -v certutil >/dev/null || die "certutil is missing; install libnss3-tools"
softokn=
for candidate in /usr/lib/*/libsoftokn3.so /usr/lib/*/nss/libsoftokn3.so /usr/lib64/libsoftokn3.so /usr/lib/libsoftokn3.so; do
    if [[ -e $candidate ]]; then
        softokn=$candidate
        break
    fi
done
[[ -n $softokn ]] || die "libsoftokn3.so is missing; install libnss3"

mkdir -p "$1"
dir=$(cd "$1" && pwd)
# NSS would interpret a quotation mark or a backslash, and ends a line at a newline.
[[ $dir != *[\'\"\\$'\n']* ]] || die "NSS cannot handle this directory's name: $dir"
[[ ! -e $dir/module ]] || die "$dir already has a token"

umask 077
rm -rf "$dir/db" # of a run that failed
mkdir "$dir/db"
od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >"$dir/pin"
[[ $(wc -c <"$dir/pin") = 24 ]] || die "no random PIN"
certutil -N -d "sql:$dir/db" -f "$dir/pin"
printf '%s\n' "NSS_LIB_PARAMS=configdir='sql:$dir/db' dbTokenDescription='ca'" >"$dir/token.env"

# softokn reads its parameters from NSS_LIB_PARAMS since NSS 3.95 (bug 1837987). Older versions need them in C_Initialize, in a reserved
# pointer that PKCS#11 requires to be NULL. For those, a small proxy module does what 3.95 does, and passes on all other functions.
# (p11-kit's x-init-reserved would do it too, but p11-kit ignores user configuration as root.)
module=$softokn
if ! grep -Fq NSS_LIB_PARAMS "$softokn"; then
    module=$dir/softokn-with-parameters.so
    command -v cc >/dev/null || die "cc is missing; install gcc and libc6-dev"
    cc -shared -fPIC -O1 -DSOFTOKN="\"$softokn\"" -x c -o "$module" - <<'SOURCE'
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long rv_t;
/* CK_C_INITIALIZE_ARGS as NSS reads it: with one pointer more. */
struct arguments {
    void *mutex_functions[4];
    unsigned long flags;
    const char *parameters;
    void *reserved;
};
/* CK_FUNCTION_LIST 2.40: the version, padding, and 68 functions of which C_Initialize is the first. */
struct functions {
    unsigned char version[sizeof(void *)];
    rv_t (*initialize)(void *);
    void *others[67];
};

static struct functions theirs, ours;

static rv_t initialize(void *given)
{
    struct arguments arguments;
    memset(&arguments, 0, sizeof arguments);
    if (given)
        memcpy(&arguments, given, offsetof(struct arguments, reserved));
    if (!arguments.parameters)
        arguments.parameters = getenv("NSS_LIB_PARAMS");
    return theirs.initialize(&arguments);
}

rv_t C_GetFunctionList(struct functions **list)
{
    rv_t (*get)(struct functions **);
    struct functions *found;
    rv_t rv;
    void *library = dlopen(SOFTOKN, RTLD_NOW | RTLD_LOCAL);
    if (!list)
        return 7; /* CKR_ARGUMENTS_BAD */
    if (!library || !(get = (rv_t (*)(struct functions **))dlsym(library, "C_GetFunctionList")))
        return 5; /* CKR_GENERAL_ERROR */
    if ((rv = get(&found)))
        return rv;
    theirs = ours = *found;
    ours.initialize = initialize;
    *list = &ours;
    return 0;
}
SOURCE
fi
printf '%s\n' "$module" >"$dir/module"
