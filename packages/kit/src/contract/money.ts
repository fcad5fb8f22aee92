import { z } from "zod";

declare const fenBrand: unique symbol;

/** Money: whole fen (1/100 yuan), safe integers only. Names of amounts end in `Fen`. */
export type Fen = number & { readonly [fenBrand]: true };

/** Fen at the border: anything but a safe integer is refused, so a yuan amount with a point can't slip in. */
export const Fen = z
  .int()
  .transform((value) => value as Fen)
  .meta({ type: "integer", description: "Amount in fen (1/100 yuan)" });

/** Checks and brands a number made inside. Throws `RangeError` if it isn't a safe integer. */
export function fen(value: number): Fen {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an amount in fen: ${value}`);
  return (value === 0 ? 0 : value) as Fen;
}

/**
 * Shares `total` out by `weights` so that the parts sum to it exactly (largest remainder; on equal remainders the
 * earlier part wins). Works for negative totals: a refund is shared as its payment was.
 *
 * @param weights at least one; whole numbers ≥ 0 of which one is positive
 * @throws RangeError when the weights can't share anything
 */
export function allocate(total: Fen, weights: readonly number[]): Fen[] {
  const sum = weights.reduce((a, weight) => a + BigInt(checkedWeight(weight)), 0n);
  if (sum === 0n) throw new RangeError("allocate: at least one weight must be positive");
  const sign = total < 0 ? -1n : 1n;
  const amount = BigInt(total) * sign;
  const parts = weights.map((weight, index) => {
    const product = amount * BigInt(weight);
    return { index, share: product / sum, remainder: product % sum };
  });
  let left = amount - parts.reduce((a, part) => a + part.share, 0n);
  for (const part of parts.toSorted((a, b) => compare(b.remainder, a.remainder) || a.index - b.index)) {
    if (left === 0n) break;
    part.share += 1n;
    left -= 1n;
  }
  return parts.map((part) => fen(Number(part.share * sign)));
}

function checkedWeight(weight: number): number {
  if (!Number.isSafeInteger(weight) || weight < 0) throw new RangeError(`allocate: bad weight ${weight}`);
  return weight;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
