import { isIPv4 } from "node:net";
import { z } from "zod";
import { OperatorError } from "./operator-error.ts";

/** What a variable is, with an example: said of one that is missing or wrong. The value isn't: it may be a secret. */
const is = (what: string, example: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    `${input === undefined ? "is missing" : "is wrong"}. It is ${what}, such as ${example}.`,
});

const DatabaseUrl = z.url({
  protocol: /^postgres(ql)?$/,
  ...is("the address of a PostgreSQL database", "postgres://user:password@127.0.0.1:5432/zhanggui"),
});
const RedisUrl = z.url({
  protocol: /^rediss?$/,
  ...is("the address of a Redis server", "redis://127.0.0.1:6379"),
});
const MailUrl = z.url({
  protocol: /^smtps?$/,
  ...is("the address of a mail server", "smtp://user:password@mail.example:587"),
});
const AmqpUrl = z.url({
  protocol: /^amqps?$/,
  ...is("the address of RabbitMQ", "amqp://user:password@mq.example:5672/zhanggui"),
});
const webUrl = (example: string) =>
  z
    .url({ protocol: /^https?$/, ...is("an address with http or https", example) })
    .transform((url) => url.replace(/\/+$/, ""))
    .default(example);

/** A number between two, with the one that is meant if nothing is said. */
const number = (least: number, most: number, usual: number) => {
  const said = is(`a number from ${least} to ${most}`, String(usual));
  return z.coerce.number(said).min(least, said).max(most, said).default(usual);
};
const whole = (least: number, most: number, usual: number) => {
  const said = is(`a whole number from ${least} to ${most}`, String(usual));
  return z.coerce.number(said).int(said).min(least, said).max(most, said).default(usual);
};
const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names, usual: Names[number]) =>
  z.enum(names, is(`one of ${names.join(", ")}`, usual)).default(() => usual);

const keyRule = is("32 bytes in base64", "what `openssl rand -base64 32` prints");
const SecretKey = z.base64(keyRule).refine((key) => Buffer.from(key, "base64").length === 32, keyRule);
const signingRule = is("at least 32 characters that nobody can guess", "what `openssl rand -base64 48` prints");
const token = z.string().min(16, is("at least 16 characters", "what `openssl rand -hex 16` prints"));
const network = is("a list of addresses or networks, with commas between", "127.0.0.0/8,::1");
const Networks = z
  .string()
  .transform((list) => list.split(",").map((entry) => entry.trim()))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], network)));

const portRule = is("a list of ports and ranges of them, with commas between", "443,8000-8999");
/** Both ends included. */
const Ports = z
  .string()
  .transform((list) => list.split(",").map((entry) => entry.trim().split("-").map(Number)))
  .pipe(
    z.array(
      z
        .array(z.int().min(1).max(65_535), portRule)
        .min(1, portRule)
        .max(2, portRule)
        .transform(([from = 0, to = from]) => ({ from, to }))
        .refine(({ from, to }) => from <= to, portRule),
    ),
  );

const pairsRule = is("a list of name=value with commas between, escaped as in an address", "authorization=Bearer%20…");
/** As OpenTelemetry writes lists: `name=value,other=value`, in percent-encoding. */
const Pairs = z.string().transform((list, context): Record<string, string> => {
  try {
    const pairs = list.split(",").filter((pair) => pair.trim() !== "");
    return Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf("=");
        if (at < 1) throw new URIError(pair);
        return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
      }),
    );
  } catch {
    context.issues.push({ code: "custom", message: pairsRule.error({ input: list }), input: list });
    return z.NEVER;
  }
});
const Collector = z.url({
  protocol: /^https?$/,
  ...is("the address of a collector of traces", "http://127.0.0.1:4318"),
});
const samplers = ["always_on", "always_off", "traceidratio"] as const;

const smsExample = "https://sms.example/messages";
const cosExample = "https://cos.ap-shanghai.myqcloud.com";

/** The few variables that are needed before the database can be asked. Everything else is a setting. */
const Env = z.object({
  /** PostgreSQL 15 to 18, as `postgres://user:password@host/database`. */
  DATABASE_URL: DatabaseUrl,
  /**
   * PostgreSQL itself, where DATABASE_URL leads to a pooler in transaction mode (PgBouncer): for migrations, which lock
   * by session, and for listening. The same as DATABASE_URL unless told.
   */
  DATABASE_DIRECT_URL: DatabaseUrl,
  /** Connections of this process for requests and work. All processes together stay below max_connections. */
  DATABASE_POOL_SIZE: whole(2, 1000, 20),
  /** How long to wait for a connection, a new one or one of the pool, before the caller is told. */
  DATABASE_CONNECT_TIMEOUT_MS: whole(0, 600_000, 10_000),
  /**
   * Limits that PostgreSQL keeps for every connection of the pool: one statement, one wait for a lock, one pause inside
   * a transaction. 0: the server's own settings hold; so it must be behind PgBouncer, which refuses what it doesn't
   * know at the start of a session (`ALTER ROLE … SET statement_timeout = '30s'` does the same there).
   */
  DATABASE_STATEMENT_TIMEOUT_MS: whole(0, 86_400_000, 30_000),
  DATABASE_LOCK_TIMEOUT_MS: whole(0, 86_400_000, 10_000),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: whole(0, 86_400_000, 60_000),
  /** Statements that take this long are written down, for `main.js slow-queries`. 0: none. */
  DATABASE_SLOW_QUERY_MS: whole(0, 86_400_000, 500),
  /** `api` answers requests, `worker` runs jobs, schedules and deliveries, `all` does both. */
  ROLE: oneOf(["all", "api", "worker"], "all"),
  /** The address to listen on; this machine only unless it says otherwise. */
  HOST: z.string().default("127.0.0.1"),
  PORT: whole(0, 65_535, 8790),
  /** Whose `X-Forwarded-For` is believed: proxies before this server. Addresses or networks; this machine's own. */
  TRUSTED_PROXIES: Networks.default(["127.0.0.0/8", "::1"]),
  /** Whose `traceparent` is believed without a log-in: a gateway before this server. Addresses or networks. */
  TRACE_CALLERS: Networks.default([]),
  /** Where browsers and WeChat reach this server. */
  PUBLIC_URL: webUrl("http://127.0.0.1:8790"),
  /**
   * Seal the secrets in the database: 32 bytes in base64 each, separated by commas, the newest first. The first seals,
   * any one opens; `reseal` seals everything anew with the first. Losing them loses the secrets.
   */
  SECRET_KEYS: z.array(SecretKey, keyRule).min(1),
  /**
   * Sign access tokens: at least 32 characters each, separated by commas, the newest first. Tokens of an older one hold
   * until they expire; removing it makes whoever still has one renew their session.
   */
  JWT_SECRETS: z.array(z.string().min(32, signingRule), signingRule).min(1),
  /** Whoever holds it may create the first tenant. Without it set-up is closed. */
  SETUP_TOKEN: token.optional(),
  /** WeChat's hosts; the emulator's address in their place makes it answer instead. */
  WECHAT_API_URL: webUrl("https://api.weixin.qq.com"),
  WECHAT_MP_URL: webUrl("https://mp.weixin.qq.com"),
  /** Where people agree to tell an account who they are. */
  WECHAT_OPEN_URL: webUrl("https://open.weixin.qq.com"),
  /** The mail server, as `smtp://user:password@host:port`. Without it no mail is sent, and the trace says so. */
  SMTP_URL: MailUrl.optional(),
  /** Who mails come from. */
  MAIL_FROM: z.string().default("Zhanggui <no-reply@localhost>"),
  /**
   * Who takes text messages: each is posted there as JSON, `{ id, to, text }`. WeChat's stand-in does; for a provider
   * it is a small adapter. Without it none is sent, and nobody is offered a code by phone.
   */
  SMS_URL: z.url({ protocol: /^https?$/, ...is("an address with http or https", smsExample) }).optional(),
  /** What opens it: `Authorization: Bearer …`. */
  SMS_TOKEN: token.optional(),
  /** Every carrier's API instead of its own address: the emulator's makes it answer. */
  SMS_API_URL: z.url({ protocol: /^https?$/, ...is("an address with http or https", smsExample) }).optional(),
  /** Where emay (亿美软通) takes calls, as its contract says. */
  EMAY_URL: z.url({ protocol: /^https?$/, ...is("an address with http or https", smsExample) }).optional(),
  /**
   * Redis, as `redis://user:password@host:6379`, for what several processes share: caches and limits. Without it each
   * process has its own. Nothing in it is needed: it may be lost, emptied and stopped at any time.
   */
  REDIS_URL: RedisUrl.optional(),
  /** What its keys begin with: another one for each installation that uses the same Redis. */
  REDIS_PREFIX: z.string().max(100).default("zhanggui:"),
  /**
   * Networks into which addresses that tenants say may lead (webhooks, identity providers), besides the public
   * internet: `10.20.0.0/16`. To these alone they also go without TLS.
   */
  EGRESS_NETWORKS: Networks.default([]),
  /** Ports of such addresses. */
  EGRESS_PORTS: Ports.default([
    { from: 443, to: 443 },
    { from: 8443, to: 8443 },
  ]),
  /** RabbitMQ, as `amqp://user:password@host:port/vhost`, or `amqps`: every public event is relayed there. */
  AMQP_URL: AmqpUrl.optional(),
  /** Where uploaded and exported files lie, unless a bucket is named; all processes have to see the same one. */
  FILES_DIR: z.string().default("files"),
  /** A bucket that speaks the S3 API in place of the folder: COS, OSS, MinIO, AWS. */
  FILES_S3_BUCKET: z.string().optional(),
  /** Left out: AWS's own, by region. */
  FILES_S3_ENDPOINT: z.url({ protocol: /^https?$/, ...is("an address with http or https", cosExample) }).optional(),
  FILES_S3_REGION: z.string().default("us-east-1"),
  FILES_S3_KEY_ID: z.string().optional(),
  FILES_S3_SECRET: z.string().optional(),
  /** `1` where buckets are paths of the endpoint, not names before it: MinIO as it comes. */
  FILES_S3_PATH_STYLE: z.stringbool(is("1 or 0", "1")).default(false),
  /** A clamd that looks at what people upload, `host:port`. Without one nothing is looked at. */
  FILES_CLAMD: z
    .string()
    .regex(/^(?:\[[0-9a-f:.]+\]|[^\s:]+):\d{1,5}$/i, is("a host and a port", "127.0.0.1:3310"))
    .optional(),
  /** The built console; the API alone is served without it. */
  CONSOLE_DIR: z.string().optional(),
  /**
   * Where the console's `assets/` are served from instead of here: a bucket or a CDN with a copy of them, such as
   * `https://cdn.example/zhanggui`. It has to answer with `Access-Control-Allow-Origin`.
   */
  ASSETS_URL: z
    .url({ protocol: /^https?$/, ...is("an address with http or https", "https://cdn.example/zhanggui") })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  /** Opens `/metrics`, as `Authorization: Bearer …`. Without it only this machine may ask, and in production nobody. */
  METRICS_TOKEN: token.optional(),
  /**
   * Told to end, the server says at once that it isn't ready, and goes on answering for so long: until load balancers
   * have noticed. 0 where nothing balances.
   */
  UNREADY_SECONDS: number(0, 300, 3),
  /** How long requests and work under way may take to finish after that. What is left then is cut off: exit code 1. */
  DRAIN_SECONDS: number(0, 3600, 20),
  /**
   * A collector of traces that speaks OTLP over HTTP: its address, to which `/v1/traces` is added, or that of traces,
   * whole. Without one nothing is traced. All `OTEL_…` are OpenTelemetry's own variables.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: Collector.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Collector.optional(),
  /** JSON is what is spoken; collectors take it at the port for HTTP. */
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(["http/json"], "http/json"),
  /** What goes along with each request: `authorization=Bearer%20…`. */
  OTEL_EXPORTER_OTLP_HEADERS: Pairs.default({}),
  /** How long the collector may take for a batch, in milliseconds; the end of the process waits as long. */
  OTEL_EXPORTER_OTLP_TIMEOUT: whole(1, 60_000, 5_000),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_RESOURCE_ATTRIBUTES: Pairs.default({}),
  /** Which traces are taken. By the trace's id alone, so that all processes take the same ones: parents don't count. */
  OTEL_TRACES_SAMPLER: oneOf([...samplers, ...samplers.map((name) => `parentbased_${name}` as const)], "always_on"),
  /** Of how many traces one is taken by `traceidratio`: 0.1 is one in ten. */
  OTEL_TRACES_SAMPLER_ARG: number(0, 1, 1),
  OTEL_SDK_DISABLED: z.stringbool(is("true or false", "true")).default(false),
  LOG_LEVEL: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"], "info"),
  /**
   * `1` while the demo tenant is on: the login page then shows its accounts. Refused in production, and unless HOST and
   * PUBLIC_URL are this machine's own.
   */
  DEMO: z.stringbool(is("1 or 0", "1")).default(false),
  /** Turns the clock for tests: milliseconds ahead. Refused in production. */
  CLOCK_OFFSET_MS: whole(0, Number.MAX_SAFE_INTEGER, 0),
  /** `production` refuses what is for trying out only. */
  NODE_ENV: z.string().default("development"),
});
export type Env = z.output<typeof Env>;

/** Rings of keys, and the name that each has while there is one key only. */
const rings = { SECRET_KEYS: "SECRET_KEY", JWT_SECRETS: "JWT_SECRET" } as const;

/**
 * Parses the environment once, at boot.
 *
 * @throws EnvironmentWrong naming every variable that is missing or wrong, so that one look mends them all
 */
export function readEnv(variables: Readonly<Record<string, string | undefined>> = process.env): Env {
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const wrong = new Map<string, string>();
  /** What a variable is called where it was set, if it was by another name. */
  const names = new Map<string, string>();
  if (!("DATABASE_DIRECT_URL" in given)) {
    given["DATABASE_DIRECT_URL"] = given["DATABASE_URL"];
    names.set("DATABASE_DIRECT_URL", "DATABASE_URL");
  }
  for (const [ring, single] of Object.entries(rings)) {
    // Which of the two comes first would be a guess.
    if (ring in given && single in given) wrong.set(ring, `${ring} and ${single} are both set: keep one of the two.`);
    if (ring in given) {
      given[ring] = String(given[ring])
        .split(",")
        .map((key) => key.trim());
      continue;
    }
    names.set(ring, single);
    if (single in given) given[ring] = [given[single]];
  }
  const parsed = Env.safeParse(given);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = String(path[0]);
    const other = names.get(name);
    const place = other ?? (typeof path[1] === "number" ? `${name} (number ${path[1] + 1})` : name);
    // The first thing that is wrong with it: they all say the same.
    if (!wrong.has(place)) wrong.set(place, `${place} ${message}`);
  }
  const all = [...wrong.values(), ...(parsed.success ? [...unsafe(parsed.data), ...incomplete(parsed.data)] : [])];
  if (!parsed.success || all.length > 0) throw new EnvironmentWrong(all);
  return parsed.data;
}

/** What is wrong with the environment, for whoever set it. */
export class EnvironmentWrong extends OperatorError {
  constructor(wrong: readonly string[]) {
    super(`The environment is not right yet:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  }
}

/** What is named without what belongs to it. */
function incomplete(env: Env): string[] {
  const lacking = (["FILES_S3_KEY_ID", "FILES_S3_SECRET"] as const).filter((name) => env[name] === undefined);
  if (env.FILES_S3_BUCKET === undefined || lacking.length === 0) return [];
  return lacking.map((name) => `${name}: is missing. FILES_S3_BUCKET names a bucket, which asks for its keys`);
}

/** What is for trying out only, where others could reach it. */
function unsafe({ NODE_ENV, CLOCK_OFFSET_MS, DEMO, HOST, PUBLIC_URL }: Env): string[] {
  const isReal = NODE_ENV === "production";
  const open = Object.entries({ HOST, PUBLIC_URL: new URL(PUBLIC_URL).hostname }).filter(
    ([, host]) => !isLoopback(host),
  );
  return [
    ...(isReal && CLOCK_OFFSET_MS !== 0 ? ["CLOCK_OFFSET_MS: is for tests only; unset it in production"] : []),
    ...(isReal && DEMO ? ["DEMO: shows logins to everybody; unset it in production"] : []),
    ...(DEMO ? open : []).map(
      ([name, host]) => `DEMO: shows logins to everybody who reaches the server, and ${name} is ${host}, not loopback`,
    ),
  ];
}

function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
