#!/usr/bin/env bash
# Makes sure that the checks of the documentation site can fail. scripts/docs.sh must have run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# The command must fail with this text.
fails_with() { # TEXT COMMAND...
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "docs-test.sh: passed, but must fail with: $text" >&2
        exit 1
    fi
    grep -Fq -- "$text" <<<"$said" || {
        printf 'docs-test.sh: the output must have: %s\n%s\n' "$text" "$said" >&2
        exit 1
    }
}

# Links: the built site with one additional page.
cp -R "$target/site" "$directory/site"
page=$directory/site/docs/more.html
while IFS='|' read -r link text; do
    echo "<p id=here><a href='$link'>link</a></p>" >"$page"
    if [[ $text = sound ]]; then
        scripts/check-links.py "$directory/site" >/dev/null
    else
        fails_with "docs/more.html: $link: $text" scripts/check-links.py "$directory/site"
    fi
done <<'LINKS'
#here|sound
ledger.html#checkpoints-and-proofs|sound
https://example.com/a?b#c|sound
gone.html|no such file
ledger.html#gone|no such anchor
../../outside.html|leads out of the site
https://nowhere|not a well-formed address
LINKS

# Reference: each profile of the program, and each kind of error of the table, is on the site.
program=$target/debug/hsm-ca
shows() { # PAGE TEXT
    grep -Fq -- "$2" "$target/site/$1" || {
        printf 'docs-test.sh: %s does not have: %s\n' "$1" "$2" >&2
        exit 1
    }
}
while read -r name role days _; do
    [[ $name != NAME ]] || continue
    shows reference/profiles.html "id=\"$name\""
    "$program" profile show "$name" | grep -E "^role +$role$" >/dev/null || {
        echo "docs-test.sh: profile show $name does not have the role $role" >&2
        exit 1
    }
done < <("$program" profile list)
shows reference/profiles.html "at most 5000 characters"
for kind in $(sed -n 's/^| `\([a-z-]*\)` | [1-4] .*/\1/p' docs/exit-codes.md); do
    shows docs/exit-codes.html "<code>$kind</code>"
done

# Each schema has a section, and is there as a file.
for schema in docs/schema/*.json; do
    name=$(basename "$schema" .json)
    shows reference/schemas.html "hsm-ca/$name/"
    shows "reference/schemas-${name%%-*}.html" "id=\"$name\""
    cmp "$schema" "$target/site/reference/schema/$name.json"
done

# Pages: the sources, with one unlisted page and one broken link.
mkdir "$directory/source"
cp -R README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md LICENSE deny.toml docs scripts site "$directory/source"
echo "[gone](gone.md)" >>"$directory/source/docs/crl.md"
touch "$directory/source/docs/unlisted.md"
lay_out=("$directory/source/scripts/site-pages.py" "$target/debug/hsm-ca")
fails_with "site/SUMMARY.md does not list docs/unlisted.md" "${lay_out[@]}" "$directory/first"
fails_with "docs/crl.md: the link gone.md does not lead to a file" "${lay_out[@]}" "$directory/second"
