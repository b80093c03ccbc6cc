#!/bin/sh
# The lab in which the reference's behaviour was recorded (host skyref), in the network and mount namespaces that
# this runs in, which must be new: the names are those of the recording, the interfaces come in its order, and so
# their indexes are the same. Ends with the command that it is given.
set -e
mount -t tmpfs tmpfs /var/run/netns 2>/dev/null || { mkdir -p /var/run/netns; mount -t tmpfs tmpfs /var/run/netns; }
ip link set lo up
ip link add br1 address 02:00:00:00:00:b1 type bridge
ip addr add 10.50.0.254/24 dev br1
ip addr add fd00:50::fe/64 dev br1 nodad
ip link set br1 up
for i in 1 2; do
  ip netns add vm$i
  ip -n vm$i link set lo up
  ip link add vm$i-eth0 address 02:00:00:00:01:0$i type veth peer name eth0 address 02:00:00:00:02:0$i netns vm$i
  ip link set vm$i-eth0 master br1 up
  ip -n vm$i addr add 10.50.0.$i/24 dev eth0
  ip -n vm$i addr add fd00:50::$i/64 dev eth0 nodad
  ip -n vm$i link set eth0 up
  ip -n vm$i route add default via 10.50.0.254
done
ip link add up0 address 02:00:00:00:03:00 type veth peer name up1 address 02:00:00:00:03:01
ip addr add 172.30.0.1/24 dev up0
ip link set up0 up
ip link set up1 up
ip route add 192.0.2.0/24 via 172.30.0.2
ip link add mv0 link up1 address 02:00:00:00:03:02 type macvlan mode bridge
ip link set mv0 up
ip link add vx100 address 02:00:00:00:04:00 mtu 1500 type vxlan id 100 local 172.30.0.1 remote 172.30.0.2 dstport 4789
ip link set vx100 master br1 up
ip tuntap add tap0 mode tap
ip link set tap0 address 02:00:00:00:05:00 up
ip link add ifb9 type ifb
ip link set ifb9 up
# What the recording shows in neighbour tables and counters.
ip netns exec vm1 ping -q -c 1 -W 1 10.50.0.2 >/dev/null || true
ip netns exec vm1 ping -q -c 1 -W 1 fd00:50::2 >/dev/null || true
ping -q -c 1 -W 1 172.30.0.2 >/dev/null || true
exec "$@"
