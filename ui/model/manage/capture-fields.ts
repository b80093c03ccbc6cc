/** The form of a capture. */
import type { CaptureRequest } from '../../../core/api/operations.ts';
import {
  CAPTURE_TYPES_TAKEN,
  EXTRA_LAYERS,
  LAYER_KEY_MODES,
  TARGET_TYPES,
} from '../../../core/capture/capture-types.ts';
import type { FieldsOf } from './fields.ts';

export const CAPTURE_FIELDS = {
  GremlinQuery: {
    label: 'Interfaces (Gremlin)',
    example: "G.V().Has('Name', 'eth0')",
    isRequired: true,
    isWide: true,
  },
  BPFFilter: { label: 'Packets (BPF)', example: 'tcp port 443' },
  Name: { label: 'Name' },
  Description: { label: 'Description', lines: 2, isMore: true },
  Type: { label: 'Captured by', choices: ['', ...CAPTURE_TYPES_TAKEN], isMore: true },
  Port: { label: 'Port listened to (sflow, netflow)', as: 'number', isMore: true },
  HeaderSize: { label: 'Of each packet (bytes)', as: 'number', isMore: true },
  LayerKeyMode: { label: 'Flows are told apart by', choices: LAYER_KEY_MODES, isMore: true },
  ExtraLayers: { label: 'Layers looked into', as: 'bits', bits: EXTRA_LAYERS, isMore: true },
  ExtraTCPMetric: { label: 'Count TCP in detail', as: 'switch', isMore: true },
  IPDefrag: { label: 'Put IP fragments together', as: 'switch', isMore: true },
  ReassembleTCP: { label: 'Put TCP streams together', as: 'switch', isMore: true },
  RawPacketLimit: { label: 'Packets kept of each flow (at most 10)', as: 'number', isMore: true },
  SamplingRate: { label: 'A switch samples one of (packets)', as: 'number', isMore: true },
  PollingInterval: { label: 'A switch reports every (s)', as: 'number', isMore: true },
  Target: { label: 'Sent on to (host:port)', example: '192.0.2.1:6343', isMore: true },
  TargetType: { label: 'Sent on as', choices: ['', ...TARGET_TYPES], isMore: true },
} satisfies FieldsOf<CaptureRequest>;
