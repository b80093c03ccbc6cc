/**
 * Whether a password is the user's. Comparing takes the same time wherever two differ, and slow hashes are computed once a
 * minute for a user that asks often (a client of the reference sends its password with each request).
 */
import { compare } from 'bcryptjs';
import type { User } from '../../core/auth/users.ts';

const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 1_000;
const ITERATIONS_MAX = 100_000;

/** What was found to be right: digest of user, stored form and password → until when that is remembered. */
const right = new Map<string, number>();
const encoder = new TextEncoder();

export async function isPassword(user: User | undefined, password: string): Promise<boolean> {
  // Somebody unknown takes as long as a wrong plain password.
  if (user === undefined) {
    await sameText('', password);
    return false;
  }
  if (!isHash(user.password)) return sameText(user.password, password);
  const key = await digestOf(JSON.stringify([user.name, user.password, password]));
  const untilMs = right.get(key) ?? 0;
  if (untilMs > Date.now()) return true;
  if (!(await fitsHash(user.password, password))) return false;
  if (right.size >= REMEMBERED_MAX) right.clear();
  right.set(key, Date.now() + REMEMBERED_MS);
  return true;
}

const PBKDF2 = /^pbkdf2-sha256:(\d{1,6}):([A-Za-z\d+/]+=*):([A-Za-z\d+/]+=*)$/;

function isHash(stored: string): boolean {
  return /^\$2[aby]\$/.test(stored) || PBKDF2.test(stored);
}

async function fitsHash(stored: string, password: string): Promise<boolean> {
  const [, iterations, salt, hash] = PBKDF2.exec(stored) ?? [];
  if (iterations === undefined || salt === undefined || hash === undefined) return compare(password, stored);
  if (Number(iterations) < 1 || Number(iterations) > ITERATIONS_MAX) return false;
  const wanted = bytesOf(hash);
  const key = await crypto.subtle.importKey('raw', encoder.encode(password), 'PBKDF2', false, ['deriveBits']);
  const found = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt: bytesOf(salt), iterations: Number(iterations) },
    key,
    wanted.length * 8,
  );
  return crypto.subtle.timingSafeEqual(found, wanted);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
}

/** Of the digests, so that not even the lengths show. */
export async function sameText(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all(
    [a, b].map((text) => crypto.subtle.digest('SHA-256', encoder.encode(text))),
  );
  return crypto.subtle.timingSafeEqual(one!, other!);
}

/** SHA-256 in hexadecimal. */
export async function digestOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
