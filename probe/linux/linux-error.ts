/**
 * What the kernel refused, or what this host lacks to ask it. Everything in `probe/linux` throws this and nothing
 * else; sources of topology and capture turn it into their status (style: one type per boundary).
 */
import { getSystemErrorName } from 'node:util';

export class LinuxError extends Error {
  /** `ENOENT`, `EPERM`, … as in errno(3); `KOFFI` when the C library cannot be called at all. */
  readonly code: string;
  /** The system call that failed, `load` for KOFFI. */
  readonly syscall: string;

  constructor(code: string, syscall: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LinuxError';
    this.code = code;
    this.syscall = syscall;
  }
}

/** The error of a failed call: `setns(/var/run/netns/a): EINVAL`. */
export function errnoError(errno: number, syscall: string, subject: string): LinuxError {
  const code = getSystemErrorName(-errno);
  return new LinuxError(code, syscall, `${syscall}(${subject}): ${code}`);
}

/** The errno name of anything thrown (ours or Node's own); undefined when it has none. */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
