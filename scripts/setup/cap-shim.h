/*
 * Compiled in front of the source of the package `cap` (-include, see cap.mjs), which hands over a packet's bytes and
 * nothing else. Here each packet gets what libpcap knows of it written in front:
 *
 *   "edgedive" 8 | seconds 4 | nanoseconds 4 | length on the wire 4 | captured 4 | bytes
 *
 * with the kernel's time, numbers in the order of the machine. And EDGEDIVE_SNAPLEN in the environment says how much of
 * a packet is captured: libpcap's ring has slots of that size, so that 32 MiB of it are 80,000 packets and not 512.
 */
#ifndef EDGEDIVE_CAP_SHIM_H
#define EDGEDIVE_CAP_SHIM_H

#include <pcap/pcap.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EDGEDIVE_PREFIX_BYTES 24
#define EDGEDIVE_PACKET_BYTES_MAX 65535

struct edgedive_call {
  pcap_handler callback;
  u_char *user;
  int nanoseconds;
};

static void edgedive_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes) {
  /* cap lives on one thread and copies the bytes before it returns. */
  static u_char packet[EDGEDIVE_PREFIX_BYTES + EDGEDIVE_PACKET_BYTES_MAX];
  const struct edgedive_call *call = (const struct edgedive_call *)user;
  uint32_t captured = header->caplen;
  if (captured > EDGEDIVE_PACKET_BYTES_MAX) captured = EDGEDIVE_PACKET_BYTES_MAX;
  const uint32_t fraction = (uint32_t)header->ts.tv_usec;
  const uint32_t words[4] = {(uint32_t)header->ts.tv_sec, call->nanoseconds ? fraction : 1000 * fraction,
                             header->len, captured};
  memcpy(packet, "edgedive", 8);
  memcpy(packet + 8, words, sizeof words);
  memcpy(packet + EDGEDIVE_PREFIX_BYTES, bytes, captured);
  struct pcap_pkthdr longer = *header;
  longer.caplen = EDGEDIVE_PREFIX_BYTES + captured;
  call->callback(call->user, &longer, packet);
}

static int edgedive_dispatch(pcap_t *handle, int count, pcap_handler callback, u_char *user) {
  struct edgedive_call call = {callback, user,
                               pcap_get_tstamp_precision(handle) == PCAP_TSTAMP_PRECISION_NANO};
  return pcap_dispatch(handle, count, edgedive_packet, (u_char *)&call);
}

static int edgedive_set_snaplen(pcap_t *handle, int bytes) {
  const char *wanted = getenv("EDGEDIVE_SNAPLEN");
  return pcap_set_snaplen(handle, wanted != NULL && atoi(wanted) > 0 ? atoi(wanted) : bytes);
}

static int edgedive_activate(pcap_t *handle) {
  /* Where it is not to be had, microseconds do. */
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  return pcap_activate(handle);
}

#define pcap_dispatch edgedive_dispatch
#define pcap_set_snaplen edgedive_set_snaplen
#define pcap_activate edgedive_activate

#endif
