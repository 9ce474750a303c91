#!/bin/sh
# read_only_server.sh SERVER MODELS [ARGUMENT]...: becomes `SERVER --models MODELS ARGUMENT...` as user and group 65532, whom no file knows, without groups
# and capabilities, in a view of this machine's files (a mount namespace of its own) in which nothing can be written: every file system that is mounted is
# read-only, /tmp, /dev/shm and /proc among them. The process keeps its id, which the caller signals and looks at. 77: this machine does not let it; standard
# error says why.
#
# Server and models are taken to /mnt, and so are the folders of libraries outside of /usr: the repository and LibTorch may lie where only their owner comes.
set -eu
user=65532

skip() {
  echo "skipped: $1" >&2
  exit 77
}

if [ "$1" != --inside ]; then
  [ "$(id -u)" = 0 ] || skip "must be started by root"
  for program in unshare mount setpriv ldd; do command -v "$program" > /dev/null || skip "$program is missing (packages util-linux, mount, libc-bin)"; done
  unshare --mount true || skip "no mount namespace may be made"
  exec unshare --mount --propagation private "$0" --inside "$@"
fi
server=$2
models=$3
shift 3

# The kernel writes blanks and backslashes in the names of places as \040 and \134, which is \0040 and \0134 to printf. Of several mounts at one place this takes
# the uppermost, which hides the others; what another mount hides has no name.
while read -r _ _ _ _ place options _; do
  place=$(printf '%b' "$(printf '%s' "$place" | sed 's/\\/\\0/g')")
  [ -e "$place" ] || continue
  mount -o "remount,bind,ro${options#r[ow]}" "$place" || skip "$place cannot be made read-only"
done < /proc/self/mountinfo

mount -t tmpfs -o mode=755 tmpfs /mnt || skip "nothing can be mounted at /mnt"
mkdir /mnt/models /mnt/libraries
cp "$server" /mnt/tuckerseg-server
cp -R "$models/." /mnt/models
chmod -R a+rX /mnt
libraries=
IFS='
'
for folder in $(ldd "$server" | sed -n 's|.* => \(/.*\)/[^/]* (0x[0-9a-f]*)$|\1|p' | sort -u); do
  case $folder in /lib* | /usr/*) continue ;; esac
  place=/mnt/libraries/$(ls /mnt/libraries | wc -l)
  mkdir "$place"
  mount --bind "$folder" "$place" || skip "nothing can be mounted at $place"
  libraries=$libraries${libraries:+:}$place
done
mount -o remount,bind,ro /mnt

# The caller's death is the server's end; a change of user would make the kernel forget that.
exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all --pdeathsig KILL -- \
  env LD_LIBRARY_PATH="$libraries" /mnt/tuckerseg-server --models /mnt/models "$@"
