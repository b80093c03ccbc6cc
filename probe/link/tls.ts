/** How a probe finds out that it speaks to its analyzer: an authority of one's own, and pins of public keys (RFC 7469, section 2.4). */
import { createHash, X509Certificate } from 'node:crypto';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import type { ProbeTls } from '../config.ts';

export function tlsOptions({ ca, cert, key, pins }: ProbeTls): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(pins.length > 0 && { checkServerIdentity: checkPins(pins) }),
  };
}

/** The name must fit, and the key. */
function checkPins(pins: readonly string[]) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const wrongName = checkServerIdentity(host, certificate);
    if (wrongName !== undefined) return wrongName;
    const pin = pinOf(new X509Certificate(certificate.raw));
    return pins.includes(pin)
      ? undefined
      : new Error(`the certificate of ${host} has the key sha256/${pin}, which is not one of those pinned`);
  };
}

function pinOf(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
