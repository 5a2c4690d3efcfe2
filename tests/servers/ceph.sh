#!/usr/bin/env bash
# A real S3 server on loopback, for tests: one-node Ceph (monitor, object store, gateway).
#   apt-get install --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw ceph-common curl
#   ceph.sh start DIR      starts one in a new folder on free ports; prints the endpoint
#   ceph.sh gateway DIR    starts the gateway again, on its port, after it was killed
#   ceph.sh user DIR NAME ACCESS SECRET   makes a user; "vsig" is there: AKvsig, SKvsigsecret
#   ceph.sh stop DIR       ends what start began, by its pids
# The pids are in DIR/mon.pid, osd.pid and rgw.pid. Several can run at once.
set -euo pipefail
command=${1:-} dir=$(realpath -m "${2:-.}")

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# begin NAME COMMAND…: in a session of its own, its pid kept
begin() {
  setsid "${@:2}" >>"$dir/log/$1.out" 2>&1 </dev/null &
  echo $! >"$dir/$1.pid"
}

ceph_here() { timeout 10 ceph -c "$dir/ceph.conf" "$@" >/dev/null 2>>"$dir/log/ceph.out"; }

# until_done WHAT SECONDS COMMAND…: again and again, for so long
until_done() {
  for _ in $(seq $((5 * $2))); do "${@:3}" && return; sleep 0.2; done
  echo "$1 did not answer in $2 s; see $dir/log" >&2
  exit 1
}

gateway() {
  local port
  port=$(sed -n 's/.*endpoint=127.0.0.1://p' "$dir/ceph.conf")
  begin rgw radosgw -c "$dir/ceph.conf" -n client.rgw -f
  until_done "the gateway" 180 curl -s -o /dev/null "http://127.0.0.1:$port/"
  echo "http://127.0.0.1:$port"
}

configure() {
  local monitor gateway
  monitor=$(free_port) gateway=$(free_port)
  cat >"$dir/ceph.conf" <<C
[global]
fsid=$1
mon host=v1:127.0.0.1:$monitor
mon initial members=a
auth cluster required=none
auth service required=none
auth client required=none
osd pool default size=1
osd pool default min size=1
osd pool default pg num=8
osd pool default pgp num=8
mon allow pool size one=true
mon max pg per osd=1000
mon data avail warn=1
mon data avail crit=0
osd crush chooseleaf type=0
osd crush update on start=false
osd class update on start=false
run dir=$dir/run
log file=$dir/log/\$name.log
admin socket=$dir/run/\$name.asok
mon data=$dir/mon
osd data=$dir/osd
osd objectstore=bluestore
bluestore block size=8589934592
osd memory target=939524096
ms bind ipv6=false
public addr=127.0.0.1
cluster addr=127.0.0.1
[mon.a]
mon addr=127.0.0.1:$monitor
[client.rgw]
# Without nodelay each small answer waits 40 ms for an acknowledgement of its first half.
rgw frontends=beast tcp_nodelay=1 endpoint=127.0.0.1:$gateway
C
  monmaptool --create --addv a "[v1:127.0.0.1:$monitor]" --fsid "$1" "$dir/monmap" >/dev/null
}

start() {
  local disk
  disk=$(cat /proc/sys/kernel/random/uuid)
  mkdir -p "$dir"/{mon,osd,run,log}
  configure "$(cat /proc/sys/kernel/random/uuid)"
  ceph-mon -c "$dir/ceph.conf" --mkfs -i a --monmap "$dir/monmap"
  begin mon ceph-mon -c "$dir/ceph.conf" -i a -f
  until_done "the monitor" 30 ceph_here osd new "$disk"
  ceph-osd -c "$dir/ceph.conf" -i 0 --mkfs --osd-uuid "$disk" >"$dir/log/mkfs.out" 2>&1
  # Its place is given here: asked for by the disk itself, it is refused now and then ("wrong fsid").
  ceph_here osd crush add osd.0 1 root=default host=here
  begin osd ceph-osd -c "$dir/ceph.conf" -i 0 -f
  gateway
}

user() {
  timeout 60 radosgw-admin -c "$dir/ceph.conf" -n client.rgw user create --uid "$1" \
    --display-name "$1" --access-key "$2" --secret-key "$3" >/dev/null 2>>"$dir/log/user.out"
}

stop() {
  for name in rgw osd mon; do
    [ -f "$dir/$name.pid" ] || continue
    kill "$(cat "$dir/$name.pid")" 2>/dev/null || continue
    while kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null; do sleep 0.1; done
  done
}

case $command in
start) start && user vsig AKvsig SKvsigsecret ;;
gateway) gateway ;;
user) user "${@:3}" ;;
stop) stop ;;
*) sed -n '2,8p' "$0" ;;
esac
