#!/usr/bin/env bash
# Makes sure that scripts/check-sbom.py accepts what scripts/sbom.py writes for both variants, and notices what is wrong in an SBOM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-cyclonedx.sh
python=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools/cyclonedx/bin/python
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

for variant in hsm-ca hsm-ca-offline; do
    scripts/sbom.py "$variant" "$directory/$variant.json"
    scripts/sbom.py "$variant" "$directory/again.json"
    cmp "$directory/$variant.json" "$directory/again.json"
    "$python" scripts/check-sbom.py "$variant" "$directory/$variant.json"
done

planted=0
while IFS='|' read -r edit text; do
    "$python" -c "import json, sys
sbom = json.load(open(sys.argv[1]))
crates = {crate['name']: crate for crate in sbom['components']}
$edit
json.dump(sbom, open(sys.argv[2], 'w'))" "$directory/hsm-ca-offline.json" "$directory/planted.json"
    if output=$("$python" scripts/check-sbom.py hsm-ca-offline "$directory/planted.json"); then
        echo "check-sbom-test: not noticed: $edit" >&2
        exit 1
    fi
    grep -qF -- "$text" <<<"$output" || { printf 'check-sbom-test: %s: not named: %s\n%s\n' "$edit" "$text" "$output" >&2; exit 1; }
    planted=$((planted + 1))
done <<'PLANTED'
sbom['components'].remove(crates['zeroize'])|is compiled, but not listed
crates['zeroize']['version'] = '0.0.1'|zeroize 0.0.1 is listed, but not compiled
crates['zeroize']['name'] = 7|not CycloneDX 1.5
del crates['zeroize']['licenses']|no licence
sbom['metadata']['component']['name'] = 'other'|does not describe hsm-ca
sbom['dependencies'][0]['ref'] = 'path+file:///home/me/hsm-ca#0.1.0'|names a path of this machine
PLANTED
! "$python" scripts/check-sbom.py hsm-ca-offline "$directory/hsm-ca.json" >/dev/null || { echo "check-sbom-test: an SBOM of the other variant passed" >&2; exit 1; }
echo "check-sbom-test: both SBOMs are sound; $planted planted faults, all noticed"
