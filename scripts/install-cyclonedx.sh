#!/usr/bin/env bash
# Installs the tools that make and validate the packages' SBOMs in $CARGO_TARGET_DIR/tools (target/tools), if they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=0.5.9
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

if [[ $("$target/tools/bin/cargo-cyclonedx" cyclonedx --version 2>/dev/null || true) != "cargo-cyclonedx-cyclonedx $version" ]]; then
    # With the fastest build, because it runs only for a second.
    (
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
        export CARGO_TARGET_DIR=$target/tools/build
        cargo install --locked --quiet --root "$target/tools" "cargo-cyclonedx@$version"
        rm -rf "$CARGO_TARGET_DIR"
    )
fi

# The validator, with the schemas of CycloneDX.
venv=$target/tools/cyclonedx
wanted=$(sha256sum <packaging/requirements.txt)
if [[ $(cat "$venv/requirements.sha256" 2>/dev/null || true) != "$wanted" ]]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check --no-input --retries 5 install -r packaging/requirements.txt
    echo "$wanted" >"$venv/requirements.sha256"
fi
