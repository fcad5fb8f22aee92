import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { type Dependency, dependency } from "@zhanggui/kit/server/dependency";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { operations } from "./operations.contract.ts";

type View = Out<typeof operations.checkDependencies>["items"][number];

/** What doesn't answer in this time is not well. */
const patienceMs = 5_000;

/** Everything outside of this server that it needs, asked at once. Modules that call something say how it is asked. */
@Injectable()
export class Dependencies {
  constructor(
    private readonly runtime: Runtime,
    private readonly extensions: Extensions,
  ) {}

  async check(ctx: Ctx): Promise<Out<typeof operations.checkDependencies>> {
    const known = [
      { name: "operations.database", value: this.#database },
      { name: "operations.redis", value: this.#redis },
      ...this.extensions.of(dependency),
    ];
    return { items: await Promise.all(known.map(({ name, value }) => asked(ctx, name, value))) };
  }

  readonly #database: Dependency = {
    check: async () => {
      const { hostname, pathname } = new URL(this.runtime.env.DATABASE_DIRECT_URL);
      if ((await this.runtime.lifecycle.readiness()) === "no database") throw new Error("it doesn't answer in 2 s");
      return `${hostname}${pathname}`;
    },
  };
  readonly #redis: Dependency = { check: async () => this.runtime.shared?.check() };
}

async function asked(ctx: Ctx, name: string, { check }: Dependency): Promise<View> {
  const from = performance.now();
  const tookMs = (): number => Math.round(performance.now() - from);
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(patienceMs)]);
  const late = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => late.reject(new Error(`it didn't answer in ${patienceMs / 1000} s`)));
  try {
    const place = await Promise.race([check(signal), late.promise]);
    return {
      name,
      state: place === undefined ? "absent" : "well",
      place: place ?? null,
      trouble: null,
      tookMs: tookMs(),
    };
  } catch (error) {
    const trouble = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    return { name, state: "unwell", place: null, trouble, tookMs: tookMs() };
  }
}
