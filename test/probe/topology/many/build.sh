#!/bin/sh
# So many interfaces ($1) as veth pairs, up and with an address each, in the new network namespace that this runs in.
# Ends with the command that follows.
set -e
count=$1
shift
ip link set lo up
{
  n=0
  while [ $n -lt $((count / 2)) ]; do
    echo "link add a$n type veth peer name b$n"
    echo "link set a$n up"
    echo "link set b$n up"
    echo "addr add 10.$((n / 250)).$((n % 250)).1/30 dev a$n"
    echo "addr add 10.$((n / 250)).$((n % 250)).2/30 dev b$n"
    n=$((n + 1))
  done
} | ip -batch -
exec "$@"
