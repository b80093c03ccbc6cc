/**
 * What the host node tells of its machine (topology notes, section 7), read once from files that any process may
 * read. A fact that is empty or cannot be read is left out.
 */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { Json, Metadata } from '../../core/graph/element.ts';

/** One entry of `CPU`: members that are empty or 0 are left out. */
export type CpuFacts = { readonly [key: string]: string | number };

/** The metadata of the host node but for Name, Type and TID. */
export function readHostFacts(read: (path: string) => string = readText): Metadata {
  const os = parseOsRelease(read('/etc/os-release'));
  const platform = os.get('ID') ?? '';
  const debianVersion = platform === 'debian' ? read('/etc/debian_version').trim() : '';
  const facts: Record<string, Json> = {
    Hostname: hostname(),
    OS: 'linux',
    Platform: platform,
    PlatformFamily: os.get('ID_LIKE')?.split(' ')[0] ?? platform,
    PlatformVersion: debianVersion || (os.get('VERSION_ID') ?? ''),
    KernelVersion: release(),
    KernelCmdLine: parseCommandLine(read('/proc/cmdline')),
    CPU: parseCpuInfo(read('/proc/cpuinfo')),
    IsolatedCPU: parseCpuList(read('/sys/devices/system/cpu/isolated')),
    InstanceID: read('/var/lib/cloud/data/instance-id').trim(),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => !isEmpty(value)));
}

/** The id that this start of the machine has; "" where the kernel has none to tell. */
export function readBootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** `KEY=value` lines, values perhaps in quotes (os-release(5)). */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 1 || line.startsWith('#')) continue;
    values.set(
      line.slice(0, equals).trim(),
      line
        .slice(equals + 1)
        .trim()
        .replace(/^(["'])(.*)\1$/, '$2'),
    );
  }
  return values;
}

/** `quiet root=/dev/vda` → {quiet: true, root: '/dev/vda'}; what stands in double quotes may hold spaces. */
export function parseCommandLine(text: string): { [key: string]: string | true } {
  const words = text.match(/(?:[^\s"]+|"[^"]*")+/g) ?? [];
  return Object.fromEntries(
    words.map((word): [string, string | true] => {
      const equals = word.indexOf('=');
      if (equals < 0) return [word, true];
      return [word.slice(0, equals), word.slice(equals + 1).replaceAll('"', '')];
    }),
  );
}

/** `0-2,5` → [0, 1, 2, 5] */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((range) => {
      const [from, to = from] = range.split('-').map(Number);
      if (range === '' || from === undefined || to === undefined) return [];
      return Array.from({ length: Math.max(0, Math.min(to - from + 1, 65_536)) }, (_, index) => from + index);
    });
}

/** [key of the reference, its name in /proc/cpuinfo, whether it is a number] */
const CPU_FIELDS: readonly (readonly [string, string, 'number' | 'text'])[] = [
  ['CPU', 'processor', 'number'],
  ['VendorID', 'vendor_id', 'text'],
  ['Family', 'cpu family', 'text'],
  ['Model', 'model', 'text'],
  ['Stepping', 'stepping', 'number'],
  ['PhysicalID', 'physical id', 'text'],
  ['CoreID', 'core id', 'text'],
  ['ModelName', 'model name', 'text'],
  ['Mhz', 'cpu MHz', 'number'],
  ['CacheSize', 'cache size', 'number'],
  ['Microcode', 'microcode', 'text'],
];

/** One entry a processor. `Cores` is 1: each entry is one logical processor. */
export function parseCpuInfo(text: string): CpuFacts[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => {
      const fields = new Map(
        block.split('\n').map((line): [string, string] => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
        }),
      );
      if (!fields.has('processor')) return {};
      const facts: Record<string, string | number> = { Cores: 1 };
      for (const [key, field, kind] of CPU_FIELDS) {
        const value = fields.get(field) ?? '';
        const fact = kind === 'number' ? Math.trunc(Number.parseFloat(value)) : value;
        if (fact !== '' && fact !== 0 && !Number.isNaN(fact)) facts[key] = fact;
      }
      return facts;
    })
    .filter((facts) => Object.keys(facts).length > 0);
}
