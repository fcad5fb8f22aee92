/** Names of fields that hold secrets, in whatever case and wherever they stand. */
export const secretName = new RegExp(
  [
    "pass(word|wd|phrase)|(^|[_-])pass$|pwd|secret|token|cookie|authorization|(api|aes|session|private|mch|v3)_?key",
    "database_(direct_)?url|smtp_?url",
  ].join("|"),
  "i",
);

/** What stands in a secret's place. */
export const redacted = "[redacted]";

/** One of these is in each of the texts below; most texts of a log (ids, names, paths) have none and are done with. */
const suspicious = /@|-----BEGIN |%40|[:=：]|1[3-9]\d|\+\d{8}|\b0\d{2,3}-|(?<![\w-])(?:o|wm|wo)[\w-]{27}|eyJ|Bearer /;

const name = String.raw`(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|aes|session|private|mch|v3)_?key)\w{0,16}|密码|口令`;
const assign = String.raw`\\?["']?\s{0,3}[:=：]\s{0,3}`;
const value = String.raw`\\"[^"\\]{1,500}|"(?:[^"\\]|\\.){1,500}|'[^']{1,500}|[^\s"'&<>]{1,500}`;
const hexBefore = String.raw`(?:(?<![0-9A-Fa-f])|(?<=%[0-9A-F]{2}))`;

/** In the order in which they are tried at each place of a text. */
const kinds = {
  /** `scheme://user:password@`. */
  credentials: String.raw`(?<=\b[A-Za-z][A-Za-z0-9+.-]{1,30}:\/\/)[^\s/"']{1,500}@`,
  /** A whole header line. */
  header: String.raw`(?i:\b(?:authorization|(?:set-)?cookie)${assign}[^\r\n"]{1,1000})`,
  /** `password=…`, `"appSecret": "…"`, `access_token=…`, `密码：…`: the name stays, the value goes. */
  assigned: `(?i:(?:${name})${assign}(?:${value}))`,
  /** A private key as files have it (RFC 7468), up to its end or that of the text. */
  pem: String.raw`-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)`,
  /** RFC 6750, and a JWT (RFC 7519) by itself. */
  bearer: String.raw`\bBearer [\w.~+/=-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
  /** RFC 5321, as far as people have such addresses; also as a URL carries them. */
  mail: String.raw`(?<![\w.+-])[\w.+-]{1,200}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])`,
  /** A number of mainland China, mobile or fixed, or any in E.164. Not inside of hexadecimal ids. */
  phone:
    `${hexBefore}` +
    String.raw`(?:(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|\+\d{8,15}|0\d{2,3}-\d{7,8})(?![0-9A-Fa-f])`,
  /** WeChat's openid and unionid (28 characters, o first), WeCom's external_userid (32, wm or wo first). */
  wechat: String.raw`(?<![\w-])(?:o(?=[\w-]*[A-Z])[\w-]{27}|w[mo](?=[\w-]*[A-Z])[\w-]{30})(?![\w-])`,
} as const;
type Kind = keyof typeof kinds;

const sensitive = new RegExp(
  Object.entries(kinds)
    .map(([kind, pattern]) => `(?<${kind}>${pattern})`)
    .join("|"),
  "g",
);

/**
 * Makes a text fit for a log: passwords and tokens go; of people's phone numbers, mail addresses and WeChat ids just
 * enough stays that somebody who knows one finds it again.
 */
export function mask(text: string): string {
  if (text.length < 8 || !suspicious.test(text)) return text;
  return text.replace(sensitive, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Partial<Record<Kind, string>>;
    if (groups.credentials !== undefined) return `${redacted}@`;
    if (groups.header !== undefined || groups.assigned !== undefined) return `${nameOf(match)}${redacted}`;
    if (groups.mail !== undefined) return match.replace(/^(.).*(@|%40)/, "$1***$2");
    if (groups.phone !== undefined) return maskPhone(match);
    if (groups.wechat !== undefined) return `${match.slice(0, 4)}***${match.slice(-4)}`;
    return redacted;
  });
}

/** `"password": "` of `"password": "tea`. */
function nameOf(assignment: string): string {
  return /^.*?[:=：]\s*(?:\\?["'])?/s.exec(assignment)?.[0] ?? "";
}

/** 138****5678, as phone companies print it. */
function maskPhone(phone: string): string {
  const digits = phone.replaceAll(/\D/g, "");
  return `${digits.slice(-11, -8)}****${digits.slice(-4)}`;
}
