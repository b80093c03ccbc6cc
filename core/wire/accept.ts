/** Choosing what to answer from an Accept header (RFC 9110 section 12.5.1). */

interface Wish {
  readonly type: string;
  readonly quality: number;
}

function wishesOf(header: string): Wish[] {
  return header.split(',').flatMap((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    if (type === '') return [];
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return [{ type, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 }];
  });
}

/**
 * Which of `offers` (media types in lower case, our favourite first) the header asks for, best first. A type by name
 * counts more than a range; a header that names none of them, or no header, yields the favourite, because
 * the reference answers JSON then.
 */
export function negotiate<T extends string>(header: string | undefined, offers: readonly [T, ...T[]]): T[] {
  const wishes = wishesOf(header ?? '');
  const [favourite] = offers;
  const qualityOf = (offer: T): number => {
    const exact = wishes.find((wish) => wish.type === offer);
    if (exact !== undefined) return exact.quality;
    // Whoever accepts anything gets the favourite, never a format that only some results have.
    if (offer !== favourite) return 0;
    const ranges = new Set([`${offer.split('/')[0]}/*`, '*/*']);
    return Math.max(0, ...wishes.filter((wish) => ranges.has(wish.type)).map((wish) => wish.quality));
  };
  const asked = offers
    .map((offer) => ({ offer, quality: qualityOf(offer) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ offer }) => offer);
  return asked.length > 0 ? asked : [favourite];
}
