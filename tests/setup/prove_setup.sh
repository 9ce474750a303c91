#!/bin/sh
# Proves that `make demo` and `make test` do everything on an empty Debian 12: bootstraps one in a folder, clones HEAD of
# this repository into it, runs both in a clean environment, and prints what each took and how much disk it added.
#   prove_setup.sh                    all of it (an hour on two cores; about 8 GB of disk)
#   prove_setup.sh --bootstrap-only   only the empty system, to see whether this machine can do it
# TUCKERSEG_PROVE_DIR: where to build it (default: a new folder in /var/tmp; removed at the end unless --keep is given).
# TUCKERSEG_TEST_DATA: put beside the clone, read-only, if it exists (default: ../shared/data).
# TUCKERSEG_DEBIAN_MIRROR: default http://deb.debian.org/debian.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
data=${TUCKERSEG_TEST_DATA:-$root/../shared/data}
mirror=${TUCKERSEG_DEBIAN_MIRROR:-http://deb.debian.org/debian}
targets="demo test"
keep=no
for argument in "$@"; do
  case $argument in
    --bootstrap-only) targets= ;;
    --keep) keep=yes ;;
    *) echo "error: $argument: must be --bootstrap-only or --keep" >&2; exit 2 ;;
  esac
done
if [ "$(id -u)" -ne 0 ]; then
  echo "error: user: must be root, for debootstrap, mount and chroot" >&2
  exit 1
fi
if ! command -v debootstrap > /dev/null; then
  echo "error: debootstrap is missing: apt-get install debootstrap" >&2
  exit 1
fi

if [ -n "${TUCKERSEG_PROVE_DIR:-}" ]; then
  if [ -e "$TUCKERSEG_PROVE_DIR" ]; then
    echo "error: TUCKERSEG_PROVE_DIR exists: must be a folder that is not there yet" >&2
    exit 1
  fi
  mkdir -p "$TUCKERSEG_PROVE_DIR"
  work=$(cd "$TUCKERSEG_PROVE_DIR" && pwd)
else
  work=$(mktemp -d /var/tmp/tuckerseg-setup.XXXXXX)
fi
system=$work/debian12

# Mounts are undone in the opposite order; nothing is removed while one is left, or the host's /dev would go with it.
leave() {
  status=$?
  trap - EXIT INT TERM
  for place in root/shared/data dev sys proc; do
    if mountpoint -q "$system/$place" 2> /dev/null; then
      umount "$system/$place" 2> /dev/null || umount -l "$system/$place" || true
    fi
  done
  if grep -q " $system/" /proc/mounts; then
    echo "error: mounts are left below $system: umount them, then remove the folder" >&2
    exit 1
  fi
  if [ $keep = no ]; then rm -rf --one-file-system "$work"; else echo "kept: $work"; fi
  exit $status
}
trap leave EXIT
trap 'exit 130' INT TERM

megabytes() { du -sxm "$system" | cut -f1; }

# step NAME COMMAND...: runs it with its output in a log, and says what it took; the log's end is shown if it fails.
step() {
  title=$1
  shift
  before=$(if [ -d "$system" ]; then megabytes; else echo 0; fi)
  started=$(date +%s)
  echo "== $title"
  if ! "$@" > "$work/log" 2>&1; then
    tail -n 60 "$work/log" >&2
    echo "error: $title failed after $(($(date +%s) - started)) s" >&2
    exit 1
  fi
  tail -n 12 "$work/log" | sed 's/^/   | /'
  echo "   $title: $(($(date +%s) - started)) s, $(($(megabytes) - before)) MB more, $(megabytes) MB in all"
}

# How this machine reaches the network is not part of what is proved: name server, certificates, proxies, package sources.
copy_network_settings() {
  cp -L /etc/resolv.conf "$system/etc/resolv.conf"
  mkdir -p "$system/etc/ssl" "$system/usr/local/share"
  if [ -d /etc/ssl/certs ]; then cp -rL /etc/ssl/certs "$system/etc/ssl/"; fi
  if [ -d /usr/local/share/ca-certificates ]; then cp -rL /usr/local/share/ca-certificates "$system/usr/local/share/"; fi
  if [ -f /etc/pip.conf ]; then cp -L /etc/pip.conf "$system/etc/pip.conf"; fi
  for settings in .config/pip .pip; do
    if [ -d "$HOME/$settings" ]; then
      mkdir -p "$system/root/$(dirname $settings)"
      cp -rL "$HOME/$settings" "$system/root/$settings"
    fi
  done
  for file in /etc/apt/apt.conf.d/*; do
    if grep -q '^ *Acquire::' "$file"; then cp -L "$file" "$system/etc/apt/apt.conf.d/"; fi
  done
  # Only Debian's own sources: others come with keys that an empty system does not have.
  if grep -qs bookworm /etc/apt/sources.list.d/debian.sources; then
    cp -L /etc/apt/sources.list.d/debian.sources "$system/etc/apt/sources.list.d/"
    : > "$system/etc/apt/sources.list"
  fi
}

bootstrap() {
  debootstrap --variant=minbase bookworm "$system" "$mirror" &&
  copy_network_settings &&
  # Services that packages bring along must not start in here.
  printf '#!/bin/sh\nexit 101\n' > "$system/usr/sbin/policy-rc.d" && chmod +x "$system/usr/sbin/policy-rc.d"
}

# inside COMMAND: runs it in the new system, in the clone, with a clean environment.
inside() {
  set -- env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
  # PIP_FIND_LINKS is left behind: it names a folder of wheels on this machine, which an empty one has not.
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CERT \
              PIP_TRUSTED_HOST PIP_PROXY PIP_DEFAULT_TIMEOUT PIP_RETRIES GOPROXY GOSUMDB GONOSUMDB; do
    value=$(printenv "$name" || true)
    if [ -n "$value" ]; then
      shift 2
      set -- env -i "$name=$value" "$@"
    fi
  done
  chroot "$system" "$@"
}

prepare() {
  for place in proc sys dev; do mkdir -p "$system/$place"; done
  mount -t proc proc "$system/proc" && mount -t sysfs sysfs "$system/sys" && mount --bind /dev "$system/dev" &&
  git clone --quiet --no-hardlinks "$root" "$system/root/tuckerseg" || return 1
  if [ -d "$data" ]; then
    mkdir -p "$system/root/shared/data"
    mount --bind "$data" "$system/root/shared/data" && mount -o remount,bind,ro "$system/root/shared/data" || return 1
  else
    echo "no test data: tests that need them will skip"
  fi
  # What the README asks for before the first `make`; git is there to clone with.
  inside sh -c 'apt-get -qq update && apt-get -qq install --yes --no-install-recommends git make'
}

step "empty Debian 12" bootstrap
if [ -n "$targets" ]; then
  step "git, make and the clone" prepare
  for target in $targets; do step "make $target" inside make -C /root/tuckerseg "$target"; done
  echo "make demo and make test work on an empty Debian 12"
fi
