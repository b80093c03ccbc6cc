/**
 * Capture type `ovsmirror`: a mirror of one port to an internal port that is made for it, and an ordinary capture of the
 * device behind that. The switch forwards nothing else to an output port of a mirror, and nothing from it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../core/errors.ts';
import { bringUpSilently } from '../../linux/silent-device.ts';
import type { CapturedInterface } from '../captured-interface.ts';
import { CaptureError, type CaptureSpec } from '../capture-source.ts';
import type { Opening, Shown } from './ovs-capture.ts';
import { madeUuid, rowIn } from './ovs-database.ts';
import type { OvsTarget } from './ovs-target.ts';
import { mirrorName, mirrorOperations } from './ovs-rows.ts';
import type { OvsSourceOptions } from './ovs-options.ts';

/** The switch makes the device, the kernel tells, topology shows it: together some 50 ms. */
const DEVICE_MS_MAX = 5_000;
const LOOK_MS = 25;
/** Of a bridge; beyond it the switch says so in its own log only. */
const MIRRORS_MAX = 32;

export async function openMirror(
  spec: CaptureSpec & { readonly ovs: OvsTarget },
  opening: Opening,
  { packets, devicesNamed }: OvsSourceOptions,
): Promise<Shown> {
  const { uuid } = spec.ovs;
  const name = mirrorName(spec);
  const port = await opening.database.row('Port', uuid);
  if (port === undefined) throw new CaptureError(`Open vSwitch has no port ${spec.interfaceName} any more`);
  let made = '';
  let mirrors = 0;
  await opening.make(mirrorOperations(name, port, opening.mark), 2, (results) => {
    made = madeUuid(results[0]);
    mirrors = rowIn(results[4])?.uuids('mirrors').length ?? 0;
    return new Map([
      ['Port', [madeUuid(results[1])]],
      ['Mirror', [madeUuid(results[2])]],
    ]);
  });
  if (mirrors > MIRRORS_MAX)
    throw new CaptureError(
      `the bridge has ${MIRRORS_MAX} mirrors already, and Open vSwitch ignores further ones`,
    );
  const device = await deviceOf(name, made, opening, devicesNamed);
  try {
    bringUpSilently(device.netnsPath, name);
  } catch (cause) {
    throw new CaptureError(`the mirror's device ${name} cannot be brought up: ${messageOf(cause)}`, {
      cause,
    });
  }
  let shown: Shown = {};
  await opening.receive(async (lost) => {
    const { netnsPath, ifIndex, encapType } = device;
    // What the host sends through the device the port has not seen.
    const exclusion = [spec.exclusion, 'inbound'].filter((text) => text !== '').join(' and ');
    const inner = { ...spec, interfaceName: name, netnsPath, ifIndex, encapType, exclusion };
    const handle = await packets.open(inner, lost);
    if (handle.fallback !== undefined)
      shown = { fallback: { type: spec.ovs.type, reason: handle.fallback.reason } };
    return handle;
  });
  return shown;
}

async function deviceOf(
  name: string,
  interfaceUuid: string,
  opening: Opening,
  devicesNamed: OvsSourceOptions['devicesNamed'],
): Promise<CapturedInterface> {
  const giveUpAt = Date.now() + DEVICE_MS_MAX;
  while (Date.now() < giveUpAt) {
    const device = devicesNamed(name).find(({ encapType }) => encapType !== '');
    if (device !== undefined) return device;
    await sleep(LOOK_MS);
  }
  const said = (await opening.database.row('Interface', interfaceUuid))?.text('error') ?? '';
  throw new CaptureError(
    said === ''
      ? `the mirror's device ${name} has not appeared within ${DEVICE_MS_MAX} ms: is ovs-vswitchd running?`
      : `the mirror's device ${name} could not be made: ${said}`,
  );
}
