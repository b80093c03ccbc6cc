/**
 * Every bound of Edgedive, with what happens when it is reached. Units end the name.
 * Counters of what was refused or dropped stand in `GET /api/status`.
 */
export { timings } from './timings.ts';

export const limits = {
  /** A REST request body above it is refused with 413. */
  bodyBytesMax: 1_048_576,
  /** … and one of YAML above this: a megabyte of it keeps the reader, and everybody else, busy for two seconds. */
  yamlBytesMax: 131_072,
  /** A capture file sent to the analyzer may have so many bytes, as sent and unpacked; a larger one ends with 413. */
  pcapBytesMax: 2 * 1_073_741_824,
  /** A gzip file may unpack to so many times its size, or to 64 MiB if that is more; beyond, 413. */
  pcapExpansionMax: 200,
  /**
   * Flows of one file in the memory of the Worker (an isolate has 128 MB, two files are read at a time): 232 bytes each,
   * 29 MiB. The idlest are stored, removed and counted.
   */
  pcapFlowsMax: 131_072,
  /** … where more is kept of each flow than its counters: TCP metrics, application layers, raw packets; up to 1 kB each. */
  pcapFlowsWithExtrasMax: 32_768,
  /** … and in the memory of a probe that reads files. */
  pcapFileFlowsMax: 200_000,
  /** Link types in one file; packets of further ones are counted and belong to no flow. */
  pcapLinkTypesMax: 8,
  /** Bytes of packets read while raw packets are kept; then flows are stored with those they have. */
  pcapRawBytesMax: 16 * 1_048_576,
  /** Files that one isolate reads at the same time; others wait. */
  pcapUploadsMax: 2,
  /** Files that wait for it; more are refused with 503. */
  pcapUploadsWaitingMax: 64,

  /** A query text above it is refused with 400. */
  queryCharsMax: 65_536,
  /** A query of more steps is refused with 400. */
  querySteps: 256,
  /** Predicates inside predicates beyond it are refused with 400. */
  queryNestingMax: 16,
  /** A regular expression longer than this is refused with 400. */
  regexCharsMax: 4_096,
  /** A regular expression that compiles to more instructions is refused with 400. */
  regexInstructionsMax: 10_000,
  /** Characters of the texts looked at times instructions of the expression; beyond it a query ends with 400. */
  regexWorkMax: 2_000_000_000,
  /** A query that visits more elements than this ends with 400 naming the limit. */
  queryVisitsMax: 20_000_000,
  /** A step that yields more elements than this ends the query with 400 naming the limit. */
  queryElementsMax: 2_000_000,
  /** `Aggregates` cuts its span into at most this many slices; more are refused with 400, as in the reference. */
  aggregateSlicesMax: 10_000,
  /** `Descendants(0)` and friends stop here; the query ends with 400 naming the limit. */
  queryDepthMax: 1_000,

  /** A packet filter text above it is refused. */
  filterCharsMax: 65_536,
  /** Parentheses, `not` and `-` in a packet filter nest this deep; deeper is refused. */
  filterNestingMax: 500,
  /** A packet filter with more blocks runs as generated: reducing it costs time with their square. */
  filterReducedBlocksMax: 3_000,
  /** Headers a `protochain` filter follows in one packet; a longer chain does not match. */
  filterChainMax: 8_192,

  /** Saved views of one principal; more are refused with 507. Longer names and links are refused with 400. */
  viewsMax: 50,
  viewNameCharsMax: 64,
  viewLinkCharsMax: 2_000,
  /** Flows in the page's table; the ones silent longest leave it and are counted there. */
  pageFlowsMax: 100_000,
  /** A graph of at most so many nodes is shown with all groups open; a larger one is opened by hand. */
  pageOpenNodesMax: 300,
  /** Nodes that the page's search shows; it says when there are more. */
  pageFoundMax: 1_000,
  /** Rows of a query's result in the page, and characters of it as JSON; the rest can be downloaded. */
  pageResultRowsMax: 1_000,
  pageJsonCharsMax: 500_000,
  /** Flows of another time that the page shows, the newest. */
  pagePastFlowsMax: 1_000,
  /** Points of the page's chart of an interface: an hour of them, and on; the oldest leave. */
  pageChartPointsMax: 720,
  /** Boxes and lines on the page's map; the rest stays in closed groups, or is told as a number. */
  pageMapBoxesMax: 1_500,
  pageMapLinesMax: 3_000,

  /** A frame on a probe socket above it closes the socket with 1009. */
  frameBytesMax: 16 * 1_048_576,
  /** A frame from a subscriber or publisher above it closes the socket with 1009. */
  clientFrameBytesMax: 4 * 1_048_576,
  /** Flows in one message to a subscriber; a larger batch is split, as the reference does. */
  flowsPerMessageMax: 100,
  /** Flows in one batch from a probe to its shard. */
  flowsPerBatchMax: 1_000,
  /** Batches a probe may have unacknowledged; it waits beyond that. */
  batchesInFlightMax: 16,
  /** A flow subscriber with more than this unread hears nothing until it has read half of it; then how much it missed. */
  subscriberHoldBytes: 8 * 1_048_576,
  /** Namespaces of one subscriber, and the length of its filter; more are refused with 400 before the upgrade. */
  subscriberNamespacesMax: 16,
  subscriberFilterCharsMax: 512,
  /** Answers to a subscriber's own messages: so many at once, and then so many a second; the rest is ignored. */
  subscriberRepliesBurst: 20,
  subscriberRepliesPerSecond: 5,
  /** Subscribers on one hub; more are refused with 503. */
  subscribersPerHubMax: 5_000,

  /** Subscribers, publishers and pubsub clients of one graph; more are refused with 503. */
  graphClientsMax: 5_000,
  /** A message from a publisher above it closes the socket with 1009. */
  publisherFrameBytesMax: 16 * 1_048_576,
  /** Nodes and edges of one publisher; more are refused with 400 and counted. */
  elementsPerPublisherMax: 200_000,
  /** Messages of publishers written together, and bytes of them: at this many they are written at once. */
  publisherGroupMax: 500,
  publisherGroupBytesMax: 4 * 1_048_576,
  /** A graph filter longer than this is refused with 400. */
  graphFilterCharsMax: 2_048,
  /** Different filters in use; clients with one more are refused with 503. */
  graphFiltersMax: 256,
  /** Nodes and edges remembered for filters that only their query can tell; beyond it the largest filter's clients are closed with 1013. */
  graphFilterElementsMax: 400_000,
  /** A graph client with more than this unread hears nothing until it has read; then the latest state of what changed. */
  graphHoldBytes: 8 * 1_048_576,
  /** Events sent before others have their turn (a send takes about 13 µs); the rest goes out in the next one, changes of one element as one. */
  graphSendsPerTurnMax: 5_000,
  /** Changed elements, and sync requests, that wait for one client; more close it with 1013. */
  graphHeldElementsMax: 200_000,
  graphHeldSyncsMax: 16,
  /** A graph larger than this is not sent as one reply: 413, use a filter. */
  syncReplyBytesMax: 96 * 1_048_576,
  /** … and one up to this is kept until the graph changes, for others who ask. */
  syncReplyKeptBytesMax: 8 * 1_048_576,
  /** Graphs a client may ask for: so many at once, and then so many a second; more are answered 429. */
  graphSyncsBurst: 20,
  graphSyncsPerSecond: 2,

  /** Flow messages kept by a probe while its analyzer is away, in memory or (with a folder) on disk; the oldest go first and are counted. */
  outboxBytesMax: 192 * 1_048_576,
  spoolBytesMax: 1_073_741_824,
  /** With more than this waiting, a probe holds periodic updates back and sends births and ends only. */
  outboxHoldBytes: 16 * 1_048_576,
  /** Encoded flows in one batch; a larger one is split. */
  flowBatchBytesMax: 2 * 1_048_576,
  /** Encoded flows between the capture process and the probe; beyond half of it updates wait, beyond it flow messages are dropped and counted. */
  captureIpcBytesMax: 32 * 1_048_576,
  /** Captures times interfaces that one probe runs; the rest shows an error on its node. */
  captureHandlesMax: 1_024,
  /** Kernel buffer of one capture; the kernel counts what does not fit. */
  captureBufferBytesMax: 32 * 1_048_576,
  /** Kernel buffers of all captures of a probe; later captures get smaller ones. */
  captureBuffersBytesMax: 512 * 1_048_576,
  /** Packet rings of their own for captures in one namespace with one filter; further ones share a ring. */
  captureRingsPerFilterMax: 8,
  /** Headers followed in one packet; a longer chain ends there and is counted as `TooManyLayers`. */
  packetLayersMax: 64,
  /** A packet or block of a capture file above it ends the reading with an error. */
  capturePacketBytesMax: 16 * 1_048_576,
  /** IPv4 fragments that wait for the rest of their datagram in one table; the oldest go first and are counted. */
  fragmentBytesMax: 16 * 1_048_576,
  /** TCP segments that wait for a gap to close, in one stream and in all of a table; beyond, the gap is skipped and counted. */
  segmentsWaitingMax: 1_024,
  segmentsWaitingTotalMax: 262_144,
  /** DNS records of each section kept with a flow; the flow's counts tell how many there were. */
  dnsRecordsMax: 256,
  /** Flows live in one capture's table; the idlest is sent, removed and counted. */
  flowTableEntriesMax: 500_000,
  /** Bytes of flows live in one shard's memory (an object has 128 MB); the idlest leave and are counted. */
  shardLiveBytesMax: 64 * 1_048_576,

  /** Templates of NetFlow 9 and IPFIX exporters on one probe; more are refused and their data counted as unknown. */
  exporterTemplatesMax: 4_096,
  /** Fields of one template; a longer one is refused and counted. */
  exporterTemplateFieldsMax: 512,
  /** Kernel buffer of a socket that exporters send to; the kernel counts what does not fit. */
  exporterBufferBytes: 4 * 1_048_576,
  /** Counter sources of sFlow exporters shown on one node; records of more are left out. */
  exporterInterfacesMax: 512,
  /** Raw packets that stay with a live flow, the first ones; what a capture may ask for at most. */
  rawPacketsPerFlowMax: 10,
  /** Bytes of them; above it only the packets of the last message stay. */
  rawPacketBytesPerFlowMax: 1_000_000,
  /** Bytes of one row of a shard's log or snapshot (a row of SQLite ends at 2 MB); batches are divided over rows. */
  rowBytesMax: 1_500_000,
  /** Log behind the snapshot that a woken shard may have to read, at least; more than a snapshot makes a new one. */
  snapshotTailBytesMin: 4 * 1_048_576,
  /** Bytes of the log in one archived file; about a third of it is written. */
  archiveFileLogBytesMax: 16 * 1_048_576,
  /** Files written or deleted before others have their turn. */
  archiveFilesPerTurn: 4,
  /** What one shard keeps in the archive unless `EDGEDIVE_ARCHIVE_BYTES` says otherwise; the oldest goes first and is counted. */
  archiveBytesMax: 1_099_511_627_776,
  /** Share of `EDGEDIVE_HISTORY_BYTES` above which the oldest flows are archived before their time. */
  archiveFullShare: 0.8,
  /** What an object stores of the past unless `EDGEDIVE_HISTORY_BYTES` says otherwise; the oldest goes first and is counted. */
  historyBytesMax: 2 * 1_073_741_824,
  /** Rows of the graph's past that one read of it looks at, and characters of JSON; more is refused with 400 and counted. */
  pastGraphRowsMax: 1_000_000,
  pastGraphReadCharsMax: 256 * 1_048_576,
  /** Characters of JSON of the states that it keeps in memory beside the live graph (about 2.5 bytes each); more is refused with 400 and counted. */
  pastGraphCharsMax: 20 * 1_048_576,
  /** Flow messages of the past that one search looks at on one shard, and bytes of the log that it reads for it; then 400, counted. */
  pastFlowVisitsMax: 4_000_000,
  pastFlowReadBytesMax: 2 * 1_073_741_824,
  /** Flows, and bytes of those that pass the filter, that one search of the past holds on one shard beside the live ones; then 400, counted. */
  pastFlowsMax: 100_000,
  pastFlowBytesMax: 16 * 1_048_576,
  /** Searches of the past that wait for the one that runs on a shard; more are refused with 400 and counted. */
  pastSearchesWaitingMax: 32,
  /** States of nodes that differ in statistics only and wait to be written; at this many they are written at once. */
  statisticsHeldMax: 10_000,
  /** Graphs of the past kept for who asks again, and their size as characters of JSON; the one asked for longest ago goes. */
  pastGraphsCached: 4,
  pastGraphsCachedChars: 10 * 1_048_576,
  /** Hosts whose last sequence a shard remembers; those gone longest are forgotten first. */
  hostsPerShardMax: 20_000,
  /** Captures whose statistics a shard keeps for the status; the oldest go first. */
  captureStatsMax: 10_000,
  /** Bytes on their way to one hub; what comes on top is not published and counted. */
  hubBacklogBytesMax: 32 * 1_048_576,
  /** Bytes of rows a hub keeps for subscribers that come back; who was away for more is told that it missed some. */
  hubRecentBytesMax: 16 * 1_048_576,

  /** Bytes of the log, and flow messages, that one request tells others (OTLP, Kafka). */
  exportBytesMax: 1_048_576,
  exportFlowsMax: 1_000,
  /** Spans of requests an isolate holds until they are told; more are dropped and counted. */
  tracesHeldMax: 2_000,
  /** Bytes of one IPFIX message, one datagram: what paths take unfragmented; and of those that the kernel has not taken: more are dropped and counted. */
  ipfixMessageBytes: 1_400,
  ipfixQueueBytesMax: 4 * 1_048_576,

  /** Packets of one injection from one node; more are refused with 400. */
  injectionPacketsMax: 1_000_000,
  /** Bytes of payload in one injected packet, grown ones included; more are refused with 400. */
  injectionPayloadBytesMax: 65_000,
  /** Bytes of all packets of one injection from one node; then it ends as done with an error that says so. */
  injectionBytesMax: 1_073_741_824,
  /** Nodes that one injection sends from; a query that finds more is refused with 400. */
  injectionSourcesMax: 100,
  /** Injections that run at the same time on one probe; more end with an error at once. */
  injectionsRunningMax: 64,
  /** Packets that all injections of one probe send a second, whatever their intervals say. */
  injectionPacketsPerSecond: 10_000,
  /** Injections of which a probe remembers how they ended, to tell it again after a reconnection; the oldest go first. */
  injectionReportsMax: 1_000,

  /** Memory of one script unless `EDGEDIVE_WORKFLOW_MEMORY` says otherwise; more ends it with an error that it may catch, or with 400, counted. */
  scriptMemoryBytes: 32 * 1_048_576,
  /** Memory of all scripts that run in one isolate (which has 128 MB); beyond, one that has more than its share ends with 400, counted. */
  scriptsMemoryBytesMax: 64 * 1_048_576,
  /** Requests of one script to the API unless `EDGEDIVE_WORKFLOW_QUERIES` says otherwise; more end it with 400, counted. */
  scriptQueries: 100,
  /** Stack of one script; a deeper recursion is an error that it may catch. */
  scriptStackBytesMax: 256 * 1024,
  /** Characters of one answer that a script takes; a larger one is an error that it may catch. */
  scriptAnswerCharsMax: 8 * 1_048_576,
  /** Characters of a result as JSON; a larger one ends the script with 400, counted. */
  scriptResultCharsMax: 4 * 1_048_576,
  /** Characters of what a script throws, and of what it says on its console; the rest is cut. */
  scriptErrorCharsMax: 4_096,
  scriptLogCharsMax: 4_096,
  /** Scripts that run at the same time in one isolate; others wait … */
  scriptsRunningMax: 16,
  /** … and with more waiting a call is refused with 503. */
  scriptsWaitingMax: 128,

  /** Captures, and other resources, in one fabric; more are refused with 507. */
  resourcesMax: 10_000,
  /** Characters of all resources of one kind as JSON, which are listed together; more are refused with 507. */
  resourceCharsMax: 16 * 1_048_576,
  /** Metadata of one node or edge as JSON; a larger one is refused and counted. */
  elementBytesMax: 1_000_000,
  /** Nodes and edges of one host, or of one other origin; the rest is refused and counted. */
  elementsPerHostMax: 200_000,
  /**
   * Nodes and edges of the whole fabric, which stand in the memory of one object (an object has 128 MB, measured in
   * docs/design/queries.md); what comes on top is refused (REST: 507) and counted.
   */
  elementsMax: 150_000,
  /** … and of a self-hosted one, where only the machine's memory ends (about 2 KB a node with two edges). */
  elementsSelfHostedMax: 600_000,
  /** Characters of an element's id and of its other texts beside the metadata; a longer one is refused. */
  elementIdCharsMax: 512,
  /** Members of objects and lists that applying one JSON Patch may copy; a dearer one is refused with 400. */
  patchWorkMax: 250_000,
  /** What people set on one node of a probe or a publisher, and what all rules set on one node, as JSON; more is refused. */
  overlayBytesMax: 262_144,

  /** Node rules, and edge rules, in one fabric; more are refused with 507. */
  rulesMax: 1_000,
  /** Metadata of one rule as JSON; a larger one is refused with 400. */
  ruleMetadataBytesMax: 65_536,
  /** Edges that one edge rule makes; the rest is left out, counted, and said in the status. */
  ruleEdgesMax: 10_000,
  /** Times that rules are evaluated again because of what rules made; beyond it the rest waits, counted. */
  ruleRoundsMax: 8,
  /** Elements that rules make or change in one transaction; more take several, so that others get their turn. */
  ruleChangesPerWriteMax: 2_000,
  /** Elements that the rules' queries look at before others get their turn. */
  ruleVisitsPerTurnMax: 1_000_000,
  /** Kernel events waiting for the probe, per namespace; beyond it everything is read anew and that is counted. */
  netlinkBufferBytes: 4 * 1_048_576,
  /** Routes, neighbours or forwarding entries of one namespace; the rest is not shown, and that is counted. */
  tableEntriesMax: 10_000,
  /** … and of one interface, or rules of one namespace: an element of more bytes would be refused. Cut, and counted. */
  tableEntriesPerNodeMax: 2_500,
  /** Network namespaces that a probe looks into; more are refused and counted. */
  namespacesMax: 5_000,
  /** One answer or message of a container engine or database; a longer one ends the connection, counted as its failure. */
  sourceMessageBytesMax: 64 * 1_048_576,
  /** Containers of one engine, neighbours on all wires; more are left out and counted. */
  sourceElementsMax: 5_000,
  /** Objects of one Kubernetes cluster; more are left out and counted. */
  k8sObjectsMax: 50_000,
  /** A state or hosts file of a container or machine above it is not read; that is counted. */
  stateFileBytesMax: 4 * 1_048_576,
  /** Neighbours on one wire; frames of more are counted and left out. */
  lldpNeighboursMax: 32,
  /** A frame of a neighbour that is longer is cut there, and read as far as it goes. */
  lldpFrameBytesMax: 8_192,
  /** Sockets shown of one namespace, those that listen first; more are left out and counted. */
  socketsPerNodeMax: 2_000,
  /** Descriptors of processes looked at to find whose sockets they are; the rest stays without a process, counted. */
  processDescriptorsMax: 1_000_000,
  /** Objects and lists inside one another in metadata; a deeper element is refused and counted. */
  metadataDepthMax: 64,
  /** Probe sockets of one Topology or FlowShard object; more are refused with 503. */
  probeSocketsMax: 10_000,
  /** What a probe tells about itself for the status; a longer text is cut away and counted. */
  probeStatusCharsMax: 65_536,
  /** Questions to Skydive agents that wait for an answer; beyond it they are not asked, and named as silent. */
  agentQueriesMax: 1_000,
  /** Agents whose datagrams the UDP relay hands on; those of others are dropped and counted. */
  udpSourcesMax: 4_096,
  /** What waits of one of them; beyond it datagrams are dropped and counted. */
  udpSourceBytesMax: 8 * 1_048_576,
  /** Entries of one page of a list. */
  pageMax: 10_000,
  /** Entries of the audit trail unless EDGEDIVE_AUDIT_ENTRIES says otherwise; beyond it the oldest go. */
  auditEntries: 100_000,
  /** The most that it may say; more is no setting. */
  auditEntriesMax: 1_000_000,
  /** Old entries that go at once, with each that comes or is asked for. */
  auditPrunedMax: 1_000,
  /** Entries of one page of it. */
  auditPageMax: 1_000,
  /** Refusals, and outcomes of changes, that wait to be recorded in one isolate; more are only counted. */
  auditWaitingMax: 1_000,
  /** At once one may ask so many times what one may in a second (`EDGEDIVE_RATE`, `EDGEDIVE_WRITE_RATE`); more is refused with 429. */
  rateBurstFactor: 5,
  /** Wrong credentials of one address: so many at once, and then so many a second; more is refused with 429. */
  wrongCredentialsBurst: 20,
  wrongCredentialsPerSecond: 0.5,
  /** Principals, and as many addresses, whose rate is known; beyond it the fullest of the longest unused begins anew. */
  rateBucketsMax: 10_000,
  /** Among so many of the longest unused it is looked for. */
  rateBucketsLookedAt: 32,
  /** Users that got in from an address, and have tries of their own there; beyond it the longest unused is forgotten. */
  knownPairsMax: 10_000,
  /** Alerts; more are refused with 507. */
  alertsMax: 1_000,
  /** An alert's URL that is longer is refused with 400. */
  alertActionCharsMax: 2_048,
  /** Alerts with an interval ask no more often than this. */
  alertIntervalMsMin: 1_000,
  /** What alerts' actions are still to be told; beyond it the oldest is dropped and counted. */
  webhooksWaitingMax: 10_000,
  /** An alert's answer above it is not sent along: who listens asks for it. */
  alertReasonBytesMax: 1_048_576,
  /** API tokens of a fabric; more are refused with 507. */
  tokensMax: 10_000,
  /** Logins that are remembered; beyond it the oldest ends. */
  sessionsMax: 10_000,
  /** An answer above it travels between objects as a stream. */
  answerBytesMax: 1_048_576,
} as const;
