import type { SharedStore } from "../redis-store.ts";
import { InProcessRateLimiter, type RateLimiter } from "./rate-limiter.ts";

/**
 * The same as in process, in one step: until when the key's calls are spoken for. What stands further ahead than a
 * whole minute was written by a clock that is ahead of this one.
 */
const take = `
local now, pace, minute = tonumber(ARGV[1]), tonumber(ARGV[2]), 60000
local from = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now), now + minute)
local wait = from + pace - now - minute
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', from + pace), 'PX', math.ceil(from + pace - now))
return '0'`;

const minuteMs = 60_000;

/**
 * Counts calls for all processes together. Each counts its own besides: while Redis is away, or has forgotten, nobody
 * gets through one process more often than before.
 */
export class SharedRateLimiter implements RateLimiter {
  readonly #own = new InProcessRateLimiter();
  readonly #store: SharedStore;

  constructor(store: SharedStore) {
    this.#store = store;
  }

  async take(key: string, perMinute: number, now: Date): Promise<number> {
    const keys = [this.#store.key(`limit:${key}`)];
    const given = [String(now.getTime()), String(minuteMs / perMinute)];
    const asked = await this.#store.ask((client) => client.eval(take, { keys, arguments: given }));
    const waitMs = Number(asked?.answer ?? 0);
    return waitMs > 0 ? waitMs : this.#own.take(key, perMinute, now);
  }
}
