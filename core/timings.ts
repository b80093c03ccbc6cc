/** How long things wait, last and are kept, in one place. All in ms. */
export const timings = {
  /** A new flow leaves the probe within this of its first packet. */
  newFlowMs: 500,
  /** A changed flow is sent again this often. */
  flowUpdateMs: 10_000,
  /** A flow without packets for this long ends with TIMEOUT. */
  flowExpireMs: 600_000,
  /** A finished flow (FIN, RST) stays in the table this long for late packets. */
  flowHoldMs: 15_000,
  /** How long a query waits for probes to flush what changed. */
  flushWaitMs: 300,
  /** How long a query waits for a flow shard; one that does not answer is named. */
  shardAnswerMs: 10_000,
  /** A probe is asked to flush at most this often. */
  flushEveryMs: 500,
  /** A shard that cannot keep up asks its probes for less at most this often … */
  slowDownRaiseMs: 5_000,
  /** … and for more again after so long a calm. */
  slowDownCalmMs: 30_000,
  /** How often it looks whether it keeps up, while flows come. */
  slowDownLookMs: 1_000,
  /** A shard writes and publishes what came in, together, after this. */
  groupCommitMs: 100,
  /** Statistics of nodes are written together after this; a crash takes at most that with it, and probes tell them again. */
  statisticsHeldMs: 5_000,
  /** New flows are told others after this, together; a request may take this long; after failures longer and longer, up to this. */
  exportEveryMs: 1_000,
  exportMs: 10_000,
  exportAgainMsMax: 60_000,
  /** IPFIX templates are told again after this; a message waits at most so long for more flows. */
  ipfixTemplatesMs: 60_000,
  ipfixFlushMs: 500,
  /** A connection to a self-hosted analyzer whose peer takes nothing for this long while something waits for it ends. */
  stalledConnectionMs: 10_000,
  /** A connection to a self-hosted analyzer over which nothing came for so long is asked whether it is still there. */
  quietConnectionMs: 30_000,
  /** A connection to the listener with TLS that has not finished its handshake by then ends. */
  tlsHandshakeMs: 10_000,
  /** One over which nothing is asked any more ends after this. */
  tlsIdleMs: 60_000,
  /** Files of certificates are looked at this often … */
  tlsFilesPollMs: 2_000,
  /** … and read when none of them changed for this long. */
  tlsFilesSettleMs: 500,
  /** A flow subscriber that is held back for this long is closed with 1013. */
  subscriberHeldMs: 30_000,
  /** How long a hub keeps rows for subscribers that come back, also when nobody is there. */
  hubRecentMs: 60_000,
  /** What subscribers have not read is looked at this often while there is any … */
  unreadLookMs: 1_000,
  /** … and this often while one of them may have too much. */
  unreadLookUrgentMs: 100,
  /** The graph of a probe that vanished without a goodbye is kept this long. */
  probeGraceMs: 35_000,
  /** Captures' queries are evaluated this long after the graph changed; a dear evaluation waits up to the second. */
  captureEvaluationMs: 100,
  captureEvaluationSlowMs: 5_000,
  /** What publishers send is written together with what comes within this. */
  publisherGroupMs: 5,
  /** A graph filter that only its query can tell runs this long after a change; a dear one waits up to the second. */
  graphFilterMs: 50,
  graphFilterSlowMs: 5_000,
  /** A graph client that is held back and takes nothing for this long is closed with 1013. */
  graphHeldMs: 5_000,
  /** Rules are evaluated this long after the graph changed; a dear evaluation waits up to the second. */
  ruleEvaluationMs: 100,
  ruleEvaluationSlowMs: 60_000,
  /** Flows stay in their shard this long when there is an archive, unless `EDGEDIVE_HISTORY_HOT` says otherwise … */
  historyHotMs: 86_400_000,
  /** … and this long in the archive, unless `EDGEDIVE_ARCHIVE_KEEP` does. */
  archiveMs: 365 * 86_400_000,
  /** When there is more to archive than one turn does, the next one comes after this. */
  archiveTurnMs: 1_000,
  /** A file is kept, fetched or deleted within this, or that has failed. */
  archiveRequestMs: 60_000,
  /** What the graph was, and every accepted flow message, are kept this long unless `EDGEDIVE_HISTORY` says otherwise. */
  historyMs: 7 * 86_400_000,
  /** How long entries of the audit trail are kept unless EDGEDIVE_AUDIT_KEEP says otherwise. */
  auditKeptMs: 90 * 86_400_000,
  /** A running injection is told anew on its node, and to the analyzer, this often. */
  injectionReportMs: 3_000,
  /** An injection of which no probe has said a word this long after its last one must have said it is over. */
  injectionSilentMs: 60_000,
  /** A live flow that nobody told about for this long has lost its probe's word of its end; it is dropped. */
  flowForgottenMs: 1_500_000,
  /** How long a query waits for the flow tables of Skydive agents … */
  agentTableMs: 2_000,
  /** … and how long one that did not answer twice is not asked. */
  agentSilentMs: 60_000,
  /** Alerts are asked this long after the graph changed; a dear one waits up to the second. */
  alertEvaluationMs: 100,
  alertEvaluationSlowMs: 30_000,
  /** Shards say at most this often that flows changed, when an alert asks for flows. */
  alertFlowsMs: 1_000,
  /** An alert's action has so long to answer. */
  webhookMs: 10_000,
  /** A login ends after this. */
  sessionMs: 12 * 3_600_000,
  /** What an isolate was told of a token is believed this long: a revoked one may be let in for so much longer. */
  tokenBelievedMs: 1_000,
  /** How long a user that got in from an address has tries of their own there (worker/auth/tries.ts). */
  knownPairMs: 86_400_000,
  /** When a token was used last is written at most this often. */
  tokenUseNotedMs: 60_000,
  /** How often an object looks for history that is too old. */
  historyCheckMs: 600_000,
  /** Sockets of the kernel are looked at this often in case a signal was lost … */
  readinessSweepMs: 1_000,
  /** … and this often where signals do not reach (outside a process's main thread). */
  readinessPollMs: 100,
  /** Interface counters are read, and everything compared with the kernel, this often. */
  metricsUpdateMs: 30_000,
  /** Routes and neighbours of a namespace are read at most this often. */
  tablesUpdateMs: 1_000,
  /** A namespace's file that is not mounted yet is tried again after this, doubling … */
  netnsRetryMs: 10,
  /** … up to this. */
  netnsRetryMaxMs: 10_000,
  /** A file that has not become a namespace after this is logged as none. */
  netnsGraceMs: 2_000,
  /** Whether the folder of namespaces has appeared or been replaced is looked at this often. */
  netnsFolderCheckMs: 1_000,
  /** Whether the socket of a container engine or database has appeared is looked at this often. */
  sourceLookMs: 2_000,
  /** What a source showed is taken back when it could not be reached for this long. */
  sourceForgetMs: 300_000,
  /** A container engine or database that does not answer a question within this is given up. */
  sourceAnswerMs: 10_000,
  /** Changes that a source hears of are gathered for this long before they are shown. */
  sourceSettleMs: 20,
  /** Folders of state files are looked at this often, whatever inotify says. */
  stateFolderCheckMs: 5_000,
  /** A script may run so long unless `EDGEDIVE_WORKFLOW_TIME` says otherwise, which may say at most the second; then 400, counted. */
  scriptMs: 10_000,
  scriptMsMax: 300_000,
  /** Kinds of application whose flows end early, by upper-cased Application. */
  applicationTimeoutMs: { ARP: 10_000, DNS: 10_000 } as Readonly<Record<string, number>>,
} as const;
