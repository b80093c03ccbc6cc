/** Big-endian datagrams written field by field, as the RFCs draw them. */
export class Bytes {
  readonly #out: number[] = [];

  get length(): number {
    return this.#out.length;
  }

  u8(...values: number[]): this {
    this.#out.push(...values);
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) this.#out.push((value >> 8) & 255, value & 255);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value >>> 16, value & 0xffff);
    return this;
  }

  u64(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32), value >>> 0);
  }

  add(other: Bytes): this {
    this.#out.push(...other.#out);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#out);
  }
}
