/** What is wrong with values of the right kind: the analyzer itself would go on with its defaults, or lock everybody out. */
import { readArchiveSettings } from '../../core/archive/archive-settings.ts';
import { readPolicy } from '../../core/auth/policy.ts';
import { readUsers } from '../../core/auth/users.ts';
import { readAuditSettings } from '../../core/config/audit-settings.ts';
import { messageOf } from '../../core/errors.ts';
import { readExportSettings } from '../../core/export/export-settings.ts';
import { readHistorySettings } from '../../core/history-settings.ts';
import { readWorkflowSettings } from '../../core/workflow/settings.ts';

/** `VARIABLE: what is wrong`; of the variables of the analyzer. */
export function settingFaults(vars: Readonly<Record<string, string>>): string[] {
  const fault = (name: string, read: (text: string) => unknown): string[] => {
    try {
      read(vars[name] ?? '');
      return [];
    } catch (error) {
      return [`${name}: ${messageOf(error)}`];
    }
  };
  return [
    ...readHistorySettings(vars).faults,
    ...readArchiveSettings(vars).faults,
    ...fault('EDGEDIVE_USERS', (text) => readUsers(text, 'admin')),
    ...fault('EDGEDIVE_POLICY', (text) => readPolicy(text)),
    ...readAuditSettings(vars).faults,
    ...readExportSettings(vars).faults,
    ...readWorkflowSettings(vars).faults,
  ];
}
