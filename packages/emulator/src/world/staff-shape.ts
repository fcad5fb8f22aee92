import { z } from "zod";

/** Somebody of the account's who talks to customers in WeChat's own customer service. */
export const StaffShape = z.object({
  /** `prefix@wechat-number`. */
  account: z.string(),
  nick: z.string(),
  id: z.string(),
  /** Their WeChat number, once they have accepted: a puppet's id here. */
  wx: z.string().nullable(),
  invite: z
    .object({ wx: z.string(), expiresAt: z.number(), status: z.enum(["waiting", "rejected"]) })
    .nullable()
    .default(null),
  isOnline: z.boolean(),
});
export type Staff = z.output<typeof StaffShape>;

export const StaffSessionShape = z.object({
  openid: z.string(),
  account: z.string(),
  createdAt: z.number(),
  /** When somebody wrote last: a session ends by itself. */
  usedAt: z.number(),
});
export type StaffSession = z.output<typeof StaffSessionShape>;

/** A customer whom nobody has taken yet. */
export const WaitingShape = z.object({
  openid: z.string(),
  at: z.number(),
  /** Whom the developer named; null: anybody. */
  account: z.string().nullable(),
});
export type Waiting = z.output<typeof WaitingShape>;

/** What was said between a customer and staff. */
export const StaffRecordShape = z.object({
  appid: z.string(),
  number: z.number(),
  openid: z.string(),
  /** 2002: staff said it; 2003: the customer did. */
  opercode: z.number(),
  text: z.string(),
  at: z.number(),
  worker: z.string(),
});
export type StaffRecord = z.output<typeof StaffRecordShape>;
