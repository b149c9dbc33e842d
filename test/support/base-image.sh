#!/usr/bin/env bash
# Makes the image that test/image.test.ts builds on, where no registry can be reached: Debian by debootstrap, with
# the Node.js of this project's packages. About two minutes and 1 GB. Needs root, buildah and debootstrap:
#   apt-get install -y --no-install-recommends buildah debootstrap
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
store="${IMAGE_STORE:?a folder for the images}"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$store/root" --runroot "$store/run")
rootfs="$(mktemp -d)"
trap 'rm -rf "$rootfs"' EXIT
debootstrap --variant=minbase --include=ca-certificates bookworm "$rootfs"
install node_modules/node/bin/node "$rootfs/usr/local/bin/node"
modules="$(npm root --global)"
mkdir -p "$rootfs/usr/local/lib/node_modules"
cp -rL "$modules/npm" "$rootfs/usr/local/lib/node_modules/npm"
for name in npm npx; do
  ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "$rootfs/usr/local/bin/$name"
done
# As in the image that this one stands in for: initdb wants an account with a name.
echo "node:x:1000:1000::/home/node:/bin/sh" >>"$rootfs/etc/passwd"
echo "node:x:1000:" >>"$rootfs/etc/group"
container="$(buildah "${storage[@]}" from scratch)"
buildah "${storage[@]}" add --quiet "$container" "$rootfs" /
# What the machine itself trusts, the image trusts while it is built.
buildah "${storage[@]}" config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
buildah "${storage[@]}" commit --quiet --rm "$container" localhost/node:24-bookworm-slim
