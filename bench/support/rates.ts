const roundMs = 500;
const rounds = 12;

/** Calls per second of `call`, `atOnce` of them in flight, during `roundMs`. */
async function rate(call: () => Promise<unknown>, atOnce: number): Promise<number> {
  const from = performance.now();
  let count = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() - from < roundMs) {
      await call();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return count / ((performance.now() - from) / 1000);
}

/**
 * Calls per second of each, in their order: the best of twelve rounds of half a second, taken in turn, so that a
 * busy moment of the machine hits all alike. A first round, which warms up, does not count.
 *
 * @param atOnce how many calls are in flight
 */
export async function bestRates(calls: readonly (() => Promise<unknown>)[], atOnce: number): Promise<number[]> {
  const best = calls.map(() => 0);
  for (const call of calls) await rate(call, atOnce);
  for (let round = 0; round < rounds; round++) {
    for (const [index, call] of calls.entries()) best[index] = Math.max(best[index] ?? 0, await rate(call, atOnce));
  }
  return best;
}
