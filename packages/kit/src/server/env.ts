import { z } from "zod";

const Url = z.url({ protocol: /^(https?|postgres(ql)?|smtps?)$/ });
const WebUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

/** The few variables that are needed before the database can be asked. Everything else is a setting. */
const Env = z.object({
  DATABASE_URL: Url.meta({ description: "PostgreSQL 15 to 18" }),
  /** `api` answers requests, `worker` runs jobs, schedules and deliveries, `all` does both. */
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65535).default(8790),
  /** Where browsers and WeChat reach this server. */
  PUBLIC_URL: WebUrl.default("http://127.0.0.1:8790"),
  /** 32 bytes in base64: seals the secrets in the database. Losing it loses them. */
  SECRET_KEY: z
    .base64()
    .refine((key) => Buffer.from(key, "base64").length === 32, { error: "must be 32 bytes in base64" }),
  JWT_SECRET: z.string().min(32),
  /** Whoever holds it may create the first tenant. Without it set-up is closed. */
  SETUP_TOKEN: z.string().min(8).optional(),
  WECHAT_API_URL: WebUrl.default("https://api.weixin.qq.com"),
  WECHAT_MP_URL: WebUrl.default("https://mp.weixin.qq.com"),
  SMTP_URL: Url.optional(),
  MAIL_FROM: z.string().default("Zhanggui <no-reply@localhost>"),
  /** The built console; the API alone is served without it. */
  CONSOLE_DIR: z.string().optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  /** `1` while the demo tenant is on: the login page then shows its accounts. */
  DEMO: z.stringbool().default(false),
  /** Turns the clock for tests: milliseconds ahead. Refused when NODE_ENV is production. */
  CLOCK_OFFSET_MS: z.coerce.number().int().min(0).default(0),
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
  if (parsed.data.NODE_ENV === "production" && parsed.data.CLOCK_OFFSET_MS !== 0) {
    throw new Error("CLOCK_OFFSET_MS turns the clock and is for tests only; unset it in production");
  }
  return parsed.data;
}
