#!/bin/sh
# limited_server.sh GROUP SERVER [ARGUMENT]...: becomes `SERVER ARGUMENT...` in the memory control group GROUP (its folder in the kernel's file system), with a view of its own (namespaces
# of mounts and of control groups) in which that group's limit is /sys/fs/cgroup/memory.max, as in a container. The process keeps its id, which the caller signals and looks at. 77: this
# machine does not let it; standard error says why.
set -eu

skip() {
  echo "skipped: $1" >&2
  exit 77
}

group=$1
shift
if [ "$group" != --inside ]; then
  for program in unshare mount; do command -v "$program" > /dev/null || skip "$program is missing (packages util-linux, mount)"; done
  echo $$ > "$group/cgroup.procs" || skip "no process may be put into $group"
  unshare --mount --cgroup true || skip "no namespaces of mounts and of control groups may be made"
  exec unshare --mount --cgroup --propagation private "$0" --inside "$group" "$@"
fi
group=$1
shift
if [ -e "$group/memory.max" ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup || skip "nothing can be mounted at /sys/fs/cgroup"
else
  # Of version 1: the kernel holds the process to the same limit, which programs read where version 2 has it.
  limit=$(cat "$group/memory.limit_in_bytes")
  mount -t tmpfs tmpfs /sys/fs/cgroup || skip "nothing can be mounted at /sys/fs/cgroup"
  echo "$limit" > /sys/fs/cgroup/memory.max
fi
exec "$@"
