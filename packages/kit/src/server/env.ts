import { isIPv4 } from "node:net";
import { z } from "zod";

const DatabaseUrl = z.url({ protocol: /^postgres(ql)?$/ });
const MailUrl = z.url({ protocol: /^smtps?$/ });
const WebUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const SecretKey = z
  .base64()
  .refine((key) => Buffer.from(key, "base64").length === 32, { error: "must be 32 bytes in base64" });
/** Addresses or networks, with commas between. */
const Networks = z
  .string()
  .transform((list) => list.split(",").map((entry) => entry.trim()))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])));

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
  DATABASE_POOL_SIZE: whole(2, 1000).default(20),
  /** How long to wait for a connection, a new one or one of the pool, before the caller is told. */
  DATABASE_CONNECT_TIMEOUT_MS: whole(0, 600_000).default(10_000),
  /**
   * Limits that PostgreSQL keeps for every connection of the pool: one statement, one wait for a lock, one pause inside
   * a transaction. 0: the server's own settings hold; so it must be behind PgBouncer, which refuses what it doesn't
   * know at the start of a session (`ALTER ROLE … SET statement_timeout = '30s'` does the same there).
   */
  DATABASE_STATEMENT_TIMEOUT_MS: whole(0, 86_400_000).default(30_000),
  DATABASE_LOCK_TIMEOUT_MS: whole(0, 86_400_000).default(10_000),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: whole(0, 86_400_000).default(60_000),
  /** Statements that take this long are written down, for `main.js slow-queries`. 0: none. */
  DATABASE_SLOW_QUERY_MS: whole(0, 86_400_000).default(500),
  /** `api` answers requests, `worker` runs jobs, schedules and deliveries, `all` does both. */
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  /** The address to listen on; this machine only unless it says otherwise. */
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65535).default(8790),
  /** Whose `X-Forwarded-For` is believed: proxies before this server. Addresses or networks; this machine's own. */
  TRUSTED_PROXIES: Networks.default(["127.0.0.0/8", "::1"]),
  /** Whose `traceparent` is believed without a log-in: a gateway before this server. Addresses or networks. */
  TRACE_CALLERS: Networks.default([]),
  /** Where browsers and WeChat reach this server. */
  PUBLIC_URL: WebUrl.default("http://127.0.0.1:8790"),
  /**
   * Seal the secrets in the database: 32 bytes in base64 each, separated by commas, the newest first. The first seals,
   * any one opens; `reseal` seals everything anew with the first. Losing them loses the secrets.
   */
  SECRET_KEYS: z.array(SecretKey, { error: "is missing (or SECRET_KEY, a ring of one)" }).min(1),
  /**
   * Sign access tokens: at least 32 characters each, separated by commas, the newest first. Tokens of an older one hold
   * until they expire; removing it makes whoever still has one renew their session.
   */
  JWT_SECRETS: z.array(z.string().min(32), { error: "is missing (or JWT_SECRET, a ring of one)" }).min(1),
  /** Whoever holds it may create the first tenant. Without it set-up is closed. */
  SETUP_TOKEN: z.string().min(16).optional(),
  /** WeChat's hosts; the emulator's address in their place makes it answer instead. */
  WECHAT_API_URL: WebUrl.default("https://api.weixin.qq.com"),
  WECHAT_MP_URL: WebUrl.default("https://mp.weixin.qq.com"),
  /** The mail server, as `smtp://user:password@host:port`. Without it no mail is sent, and the trace says so. */
  SMTP_URL: MailUrl.optional(),
  /** Who mails come from. */
  MAIL_FROM: z.string().default("Zhanggui <no-reply@localhost>"),
  /** The built console; the API alone is served without it. */
  CONSOLE_DIR: z.string().optional(),
  /** Opens `/metrics`, as `Authorization: Bearer …`. Without it only this machine may ask, and in production nobody. */
  METRICS_TOKEN: z.string().min(16).optional(),
  /**
   * Told to end, the server says at once that it isn't ready, and goes on answering for so long: until load balancers
   * have noticed. 0 where nothing balances.
   */
  UNREADY_SECONDS: z.coerce.number().min(0).max(300).default(3),
  /** How long requests and work under way may take to finish after that. What is left then is cut off: exit code 1. */
  DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(20),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  /**
   * `1` while the demo tenant is on: the login page then shows its accounts. Refused in production, and unless HOST and
   * PUBLIC_URL are this machine's own.
   */
  DEMO: z.stringbool().default(false),
  /** Turns the clock for tests: milliseconds ahead. Refused in production. */
  CLOCK_OFFSET_MS: z.coerce.number().int().min(0).default(0),
  /** `production` refuses what is for trying out only. */
  NODE_ENV: z.string().default("development"),
});
export type Env = z.output<typeof Env>;

/** Rings of keys, and the name that each has while there is one key only. */
const rings = { SECRET_KEYS: "SECRET_KEY", JWT_SECRETS: "JWT_SECRET" } as const;

/**
 * Parses the environment once, at boot.
 *
 * @throws Error naming every variable that is missing or wrong, so that one look mends them all
 */
export function readEnv(variables: Readonly<Record<string, string | undefined>> = process.env): Env {
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const wrong: string[] = [];
  given["DATABASE_DIRECT_URL"] ??= given["DATABASE_URL"];
  for (const [ring, single] of Object.entries(rings)) {
    // Which of the two comes first would be a guess.
    if (ring in given && single in given) wrong.push(`${ring}: ${single} is set too; keep one of the two`);
    if (ring in given)
      given[ring] = String(given[ring])
        .split(",")
        .map((key) => key.trim());
    else if (single in given) given[ring] = [given[single]];
  }
  const parsed = Env.safeParse(given);
  wrong.push(...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`));
  if (parsed.success) wrong.push(...unsafe(parsed.data));
  if (!parsed.success || wrong.length > 0) throw new EnvironmentWrong(wrong);
  return parsed.data;
}

/** What is wrong with the environment, for whoever set it: the place in the program tells them nothing. */
export class EnvironmentWrong extends Error {
  constructor(wrong: readonly string[]) {
    super(`The environment is not complete:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  }
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
