import { z } from "zod";

const DatabaseUrl = z.url({ protocol: /^postgres(ql)?$/ });
const MailUrl = z.url({ protocol: /^smtps?$/ });
const WebUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

/** The few variables that are needed before the database can be asked. Everything else is a setting. */
const Env = z.object({
  /** PostgreSQL 15 to 18, as `postgres://user:password@host/database`. */
  DATABASE_URL: DatabaseUrl,
  /** `api` answers requests, `worker` runs jobs, schedules and deliveries, `all` does both. */
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  /** The address to listen on; this machine only unless it says otherwise. */
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65535).default(8790),
  /** Where browsers and WeChat reach this server. */
  PUBLIC_URL: WebUrl.default("http://127.0.0.1:8790"),
  /** 32 bytes in base64: seals the secrets in the database. Losing it loses them. */
  SECRET_KEY: z
    .base64()
    .refine((key) => Buffer.from(key, "base64").length === 32, { error: "must be 32 bytes in base64" }),
  /** At least 32 characters: signs access tokens. Changing it signs everybody out. */
  JWT_SECRET: z.string().min(32),
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
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  /** `1` while the demo tenant is on: the login page then shows its accounts. Refused in production. */
  DEMO: z.stringbool().default(false),
  /** Turns the clock for tests: milliseconds ahead. Refused in production. */
  CLOCK_OFFSET_MS: z.coerce.number().int().min(0).default(0),
  /** `production` refuses what is for trying out only. */
  NODE_ENV: z.string().default("development"),
});
export type Env = z.output<typeof Env>;

/**
 * Parses the environment once, at boot.
 *
 * @throws Error naming every variable that is missing or wrong, so that one look mends them all
 */
export function readEnv(variables: Readonly<Record<string, string | undefined>> = process.env): Env {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = Env.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The environment is not complete:\n${lines.join("\n")}`);
  }
  if (parsed.data.NODE_ENV === "production") {
    if (parsed.data.CLOCK_OFFSET_MS !== 0) throw new Error("CLOCK_OFFSET_MS is for tests only; unset it in production");
    if (parsed.data.DEMO) throw new Error("DEMO shows logins to everybody; unset it in production");
  }
  return parsed.data;
}
