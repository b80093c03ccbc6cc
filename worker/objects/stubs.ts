/**
 * The names of the objects and who finds which. Every name begins with the fabric, so that two fabrics on one
 * analyzer share nothing. A host belongs to one shard and a subscriber to one hub by jump hash, which moves as few
 * of them as possible when the number changes.
 */
import { proxyDurable } from 'itty-durable/proxy-durable.js';
import type { Principal } from '../../core/auth/principal.ts';
import type { View } from '../../core/view/view.ts';
import { FILES_HOST } from '../../core/ids.ts';
import { hashOf, jumpHash, shardOf } from '../../core/shard-place.ts';
import { ApiError } from '../errors.ts';
import type { FlowHub } from './flow-hub.ts';
import type { FlowShard } from './flow-shard.ts';
import type { CreateOptions, Registry } from './registry.ts';
import type { ResourceKind, Resources } from './resource-kinds.ts';
import type { Topology } from './topology.ts';

export function topologyOf(env: Env): DurableObjectStub<Topology> {
  return env.TOPOLOGY.getByName(`${env.EDGEDIVE_FABRIC}/topology`);
}

export function registryOf(env: Env): DurableObjectStub<Registry> {
  return env.REGISTRY.getByName(`${env.EDGEDIVE_FABRIC}/registry`);
}

/** What can be asked of a principal's Preferences; texts are percent-encoded, as they travel in a header. */
interface PreferencesCalls {
  list(): Promise<View[]>;
  save(encoded: string): Promise<boolean>;
  forget(encoded: string): Promise<boolean>;
}

export function preferencesOf(env: Env, { kind, name }: Principal): PreferencesCalls {
  const id = `${env.EDGEDIVE_FABRIC}/preferences/${kind}/${encodeURIComponent(name)}`;
  return proxyDurable(env.PREFERENCES, { name: 'PREFERENCES', parse: true }).get(id) as PreferencesCalls;
}

/** So often somebody else may be faster. */
const CHANGE_TRIES_MAX = 16;

/** The fabric's resources of one kind, read from and written to the texts that the Registry keeps. */
export function resourcesOf<Kind extends ResourceKind>(
  env: Env,
  kind: Kind,
): ResourcesOfKind<Resources[Kind]> {
  const registry = registryOf(env);
  return {
    list: async () => (await registry.list(kind)).map((body) => JSON.parse(body) as Resources[Kind]),
    get: async (id) => {
      const body = await registry.get(kind, id);
      return body === undefined ? undefined : (JSON.parse(body) as Resources[Kind]);
    },
    create: async (request, options) => {
      const resource = {
        ...request,
        UUID: options?.uuid ?? crypto.randomUUID(),
      } as unknown as Resources[Kind];
      const created = await registry.create(kind, resource.UUID, JSON.stringify(resource), options);
      if (created.ok) return resource;
      throw new ApiError(created.status === 409 ? 'duplicateResource' : 'registryFull', created.text);
    },
    change: async (id, alter, duplicate) => {
      for (let tries = 0; tries < CHANGE_TRIES_MAX; tries++) {
        const before = await registry.get(kind, id);
        if (before === undefined) return undefined;
        const resource = alter(JSON.parse(before) as Resources[Kind]);
        const after = JSON.stringify(resource);
        const replaced = await registry.replace(kind, id, {
          before,
          after,
          duplicateKey: duplicate?.keyOf(resource),
        });
        if (replaced === 'replaced') return resource;
        if (replaced === 'missing') return undefined;
        if (replaced === 'duplicate') throw duplicate!.refusal(resource);
      }
      throw new ApiError('unavailable', 'others change it all the time: try again later', {
        'Retry-After': '1',
      });
    },
    delete: async (id) => registry.delete(kind, id),
  };
}

interface ResourcesOfKind<R> {
  /** Oldest first. */
  list(): Promise<R[]>;
  get(id: string): Promise<R | undefined>;
  /** Throws ApiError 409 for a duplicate, 507 when there are too many. */
  create(request: Omit<R, 'UUID'>, options?: CreateOptions): Promise<R>;
  /**
   * The resource as `alter` makes it of what it is at that moment: what somebody else wrote meanwhile is altered anew, never lost.
   * Undefined when there is none. Throws what `alter` throws, the `refusal` of one with the key of another, and ApiError 503.
   */
  change(
    id: string,
    alter: (before: R) => R,
    duplicate?: { readonly keyOf: (after: R) => string; readonly refusal: (after: R) => ApiError },
  ): Promise<R | undefined>;
  delete(id: string): Promise<boolean>;
}

export function shardsOf(env: Env): DurableObjectStub<FlowShard>[] {
  return numbers(shardCount(env)).map((index) => shardAt(env, index));
}

export function shardForHost(env: Env, hostId: string): DurableObjectStub<FlowShard> {
  return shardAt(env, shardOf(hostId, shardCount(env)));
}

/** The shard of all flows that were read from capture files. */
export function shardForFiles(env: Env): DurableObjectStub<FlowShard> {
  return shardForHost(env, FILES_HOST);
}

export function hubsOf(env: Env): DurableObjectStub<FlowHub>[] {
  return numbers(hubCount(env)).map((index) => hubAt(env, index));
}

/** `connectionKey` is the subscriber's host id, so that one host id always meets itself at the same hub. */
export function hubFor(env: Env, connectionKey: string): DurableObjectStub<FlowHub> {
  return hubAt(env, jumpHash(hashOf(connectionKey), hubCount(env)));
}

export function hubCount(env: Env): number {
  return countOf(env.EDGEDIVE_FLOW_HUBS);
}

export function hubAt(env: Env, index: number): DurableObjectStub<FlowHub> {
  return env.FLOW_HUB.getByName(`${env.EDGEDIVE_FABRIC}/hub/${index}`);
}

export function shardAt(env: Env, index: number): DurableObjectStub<FlowShard> {
  return env.FLOW_SHARD.getByName(`${env.EDGEDIVE_FABRIC}/shard/${index}`);
}

export function shardCount(env: Env): number {
  return countOf(env.EDGEDIVE_FLOW_SHARDS);
}

/** At least one, whatever the variable says. */
function countOf(variable: string): number {
  const count = Number(variable);
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
