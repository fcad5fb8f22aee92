import { z } from "zod";
import { fieldsOf, type Contract, type Route } from "./route.ts";

type Input<Shape> = Shape extends z.ZodType ? z.input<Shape> : unknown;
type Arguments<R> =
  R extends Route<infer Params, infer Query, infer Body, z.ZodType>
    ? Input<Params> & Input<Query> & Input<Body>
    : never;
type Call<R extends Route> =
  object extends Arguments<R>
    ? (input?: Arguments<R>, options?: CallOptions) => Promise<z.output<R["reply"]>>
    : (input: Arguments<R>, options?: CallOptions) => Promise<z.output<R["reply"]>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** One function per route, grouped as the contracts are: `api.access.login({ login, password })`. */
export type Client<Contracts extends Readonly<Record<string, Contract>>> = {
  readonly [Module in keyof Contracts]: { readonly [Key in keyof Contracts[Module]]: Call<Contracts[Module][Key]> };
};

export interface ClientOptions {
  /** Where the API stands, without a slash at the end: `https://example.com/api`. */
  readonly baseUrl: string;
  /** Headers of every call: the access token, the language. Asked anew each time. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Called on a 401; true means that the session was renewed and the call is worth one more try. */
  readonly renew?: () => Promise<boolean>;
  readonly fetch?: typeof globalThis.fetch;
}

/** RFC 9457, as this API fills it. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errno: z.int().optional(),
  traceId: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.output<typeof Problem>;

/** The server's refusal, as the client throws it. `problem.detail` is a sentence for people. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }
}

/**
 * Makes the typed client that console, pages and tests use.
 *
 * A call rejects with `ApiProblem` when the server refuses, and with fetch's own error when it can't be reached.
 */
export function createClient<Contracts extends Readonly<Record<string, Contract>>>(
  contracts: Contracts,
  options: ClientOptions,
): Client<Contracts> {
  const groups = Object.entries(contracts).map(([module, routes]) => {
    const calls = Object.entries(routes).map(([key, route]) => {
      const call = (input?: Record<string, unknown>, callOptions?: CallOptions): Promise<unknown> =>
        send(route, input ?? {}, options, callOptions ?? {});
      return [key, call] as const;
    });
    return [module, Object.fromEntries(calls)] as const;
  });
  return Object.fromEntries(groups) as Client<Contracts>;
}

async function send(
  route: Route,
  input: Readonly<Record<string, unknown>>,
  options: ClientOptions,
  call: CallOptions,
): Promise<unknown> {
  const fetch = options.fetch ?? globalThis.fetch;
  const { url, body } = addressOf(route, input, options.baseUrl);
  const attempt = (): Promise<Response> =>
    fetch(url, {
      method: route.method.toUpperCase(),
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers?.(),
      },
      ...(body === undefined ? {} : { body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  let response = await attempt();
  if (response.status === 401 && options.renew !== undefined && (await options.renew())) response = await attempt();
  if (!response.ok) throw new ApiProblem(await problemOf(response));
  return response.status === 204 ? undefined : route.reply.parseAsync(await response.json());
}

function addressOf(route: Route, input: Readonly<Record<string, unknown>>, baseUrl: string) {
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const take = (name: string): unknown => {
    const value = left.get(name);
    left.delete(name);
    return value;
  };
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(take(name))));
  const query = new URLSearchParams();
  for (const name of fieldsOf(route.query)) {
    const value = take(name);
    if (value !== undefined) query.set(name, `${value as string | number | boolean}`);
  }
  const search = query.size > 0 ? `?${query}` : "";
  return {
    url: `${baseUrl}${path}${search}`,
    body: route.body === undefined ? undefined : JSON.stringify(Object.fromEntries(left)),
  };
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    // A proxy in between may answer with a page of its own.
    const detail = text.slice(0, 200) || response.statusText;
    return { type: "about:blank", title: detail, status: response.status, detail, code: "kit.unknown", traceId: "" };
  }
}
