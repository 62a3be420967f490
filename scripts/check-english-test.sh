#!/usr/bin/env bash
# Makes sure that check-english.py can fail: plants phrases in a copy, wherever text can be and over the ends of lines, and expects it to name each line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r README.md docs examples packaging scripts site softhsm-tests src "$copy/"

planted=()
# FILE, TEXT: the check must name the first line of the text.
plant() {
    local file=$copy/$1
    [[ -f $file ]] || { echo "check-english-test: no file $1" >&2; exit 1; }
    planted+=("$1:$(($(wc -l <"$file") + 1)):")
    printf '%s\n' "$2" >>"$file"
}

plant src/x509/tbs.rs '/// The last lines were cut off.'
plant src/x509/tbs.rs $'// A file that is\n// no certificate.'
plant src/cli/key.rs $'    /// Whoever has it\n    fn f() {}'
plant src/token/key.rs $'const A: &str = "it is held \\\n    against the key";'
plant src/token/key.rs 'const B: &str = "name it.\nThere is no key";'
plant docs/ledger.md $'When the token is well\nagain, run it anew.'
plant scripts/demo.sh $'# The key has\n# to exist.'
plant softhsm-tests/ceremony/verifier/trail.py '"""Mend it."""'

if said=$("$copy/scripts/check-english.py" 2>&1); then
    echo "check-english-test: the copy with phrases passed" >&2
    exit 1
fi
for place in "${planted[@]}"; do
    [[ $'\n'$said = *$'\n'"$place"* ]] || { echo "check-english-test: not noticed: $place" >&2; exit 1; }
done
echo "check-english-test: ${#planted[@]} planted phrases, all noticed"
