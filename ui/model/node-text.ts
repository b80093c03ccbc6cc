/** What is said of a node in a line: name, kind, state, addresses. The metadata keys are those of the reference. */
import type { Node } from '../../core/api/operations.ts';
import type { CaptureState } from '../../core/capture/capture.ts';

/** "" for what is no text. */
export function textOf(node: Node, key: string): string {
  const value = node.Metadata[key];
  return typeof value === 'string' ? value : '';
}

export function nameOf(node: Node): string {
  return textOf(node, 'Name') || node.ID;
}

export function typeOf(node: Node): string {
  return textOf(node, 'Type') || 'node';
}

export type NodeState = 'up' | 'down' | 'none';

/** Interfaces that have no carrier to lose, such as lo, say UNKNOWN and are up. */
export function stateOf(node: Node): NodeState {
  const state = textOf(node, 'State').toUpperCase();
  if (state === '') return 'none';
  if (state === 'UP' || state === 'UNKNOWN') return 'up';
  return 'down';
}

function listOf(node: Node, key: string): readonly string[] {
  const value = node.Metadata[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** The one that people know it by: link-local ones say little. "" for none. */
export function mainAddressOf(node: Node): string {
  return addressesOf(node).find((address) => !address.startsWith('fe80:')) ?? '';
}

/** With their prefix lengths. */
export function addressesOf(node: Node): readonly string[] {
  return [...listOf(node, 'IPV4'), ...listOf(node, 'IPV6')];
}

export function macOf(node: Node): string {
  return textOf(node, 'MAC');
}

/** "" for what has none. */
export function mtuOf(node: Node): string {
  const value = node.Metadata['MTU'];
  return typeof value === 'number' ? String(value) : '';
}

export function tidOf(node: Node): string {
  return textOf(node, 'TID');
}

/** What runs on it now. */
export function capturesOf(node: Node): readonly CaptureState[] {
  const value = node.Metadata['Captures'];
  return Array.isArray(value) ? (value as CaptureState[]) : [];
}

/** A Gremlin query that yields this node also after its probe began anew. */
export function queryOf(node: Node): string {
  const tid = tidOf(node);
  return tid === '' ? `G.V(${quoted(node.ID)})` : `G.V().Has('TID', ${quoted(tid)})`;
}

/** A Gremlin text in single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
