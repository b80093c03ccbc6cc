/** The IP addresses of a node, as its metadata lists them. */
import type { GraphNode, Json } from './element.ts';

/** Of both families, without their prefix lengths. */
export function addressesOf({ metadata }: GraphNode): readonly string[] {
  return [metadata['IPV4'], metadata['IPV6']].flatMap((list: Json | undefined) =>
    Array.isArray(list)
      ? (list as readonly Json[]).flatMap((text) =>
          typeof text === 'string' ? [text.replace(/\/\d+$/, '')] : [],
        )
      : [],
  );
}
