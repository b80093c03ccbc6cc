/** The origin under which clients know the analyzer: behind its own TLS front it is asked in plain HTTP. */

export function isSecure(env: Pick<Env, 'EDGEDIVE_TLS'>, url: string): boolean {
  return env.EDGEDIVE_TLS === 'on' || url.startsWith('https:');
}

export function ownOrigin(env: Pick<Env, 'EDGEDIVE_TLS'>, url: string): string {
  const { origin } = new URL(url);
  return isSecure(env, url) ? origin.replace(/^http:/, 'https:') : origin;
}
