/**
 * What stands before every route and socket: whether whoever comes may, and, before a change, whether it is not one too many and
 * can be recorded. Only then its handler runs.
 */
import type { Needed } from '../../core/auth/principal.ts';
import type { AppContext } from '../app.ts';
import { beginEntry, isChange, isSocketChange } from './audit.ts';
import { requirePermission } from './principal.ts';
import { takeChange } from './rate.ts';

/** Throws ApiError. */
export async function admit(c: AppContext, needs: Needed): Promise<void> {
  requirePermission(c, needs);
  if (isChange(needs)) takeChange(c);
  else if (!isSocketChange(needs)) return;
  await beginEntry(c);
}
