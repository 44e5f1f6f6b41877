#!/usr/bin/env bash
# Installs what is missing, builds the preset `release` into build/, and runs every test.
#   tests/run.sh             all tests
#   tests/run.sh -R Rfc2131  any further words go to ctest
# COAXD_CORPUS=DIR adds real dhcpd.conf files of other projects (DIR/dhcpd-conf/MANIFEST.tsv).
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/packages.sh

[[ $(id -u) == 0 ]] || echo "not root: nothing can be installed, and tests in network namespaces will be skipped" >&2
[[ $(id -u) != 0 ]] || install_missing "${build_packages[@]}" "${test_packages[@]}"
unpack_beside build/unpacked "${compare_unpacked[@]}" || true  # without them their test is skipped

cmake --preset release >/dev/null
cmake --build --preset release
# The lease table once more under ThreadSanitizer: it is the one thing that all workers share.
cmake --preset tsan >/dev/null
cmake --build --preset tsan --target base_test lease_test
for test in base_test lease_test; do
  timeout 600 build-tsan/bin/$test --gtest_brief=1
done

# Tests in namespaces pace themselves by the clock; two at a time leave them room on two cores.
ctest --preset release -j"$(nproc)" "$@"
