import { z } from "zod";
import { bilingual } from "./text.ts";

const error = bilingual({
  zh: "应为 IP 地址或网段，如 203.0.113.7 或 10.0.0.0/8",
  en: "an IP address or a network, such as 203.0.113.7 or 10.0.0.0/8",
});

/** An IPv4 or IPv6 address, or a network of them in CIDR notation (RFC 4632). */
export const Network = z
  .string()
  .trim()
  .max(50)
  .refine((text) => [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()].some((each) => each.safeParse(text).success), {
    error,
  })
  .meta({ examples: ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32"] });
