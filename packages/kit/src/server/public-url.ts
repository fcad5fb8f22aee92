/** The parser (WHATWG URL) takes a backslash for a slash and drops line breaks: who reads it sees another address. */
const misleading = /[\s\p{Cc}\p{Cf}\\]/u;
/** A name in the DNS, of two labels at least. The parser has written numbers of whatever form as an address. */
const domainName = /^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/;
/** Names that only a network of one's own knows (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const ownNetwork = /\.(localhost|local|localdomain|internal|intranet|lan|home\.arpa)$/;

/**
 * An address that somebody gave for the server or its visitors to go to: http or https, a public domain by name,
 * without a user name. Undefined for anything else. Read with the parser of browsers, so that what was checked is what
 * is opened: its `href` is kept, not the text. Where a name leads in the DNS, nobody has looked.
 */
export function publicUrl(text: string): URL | undefined {
  const url = misleading.test(text) || !/^https?:\/\/[^/]/i.test(text) ? null : URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  const domain = domainOf(url);
  return domainName.test(domain) && !ownNetwork.test(domain) ? url : undefined;
}

/** Whether an address is of one of these domains, or of one below. */
export function isWithin(url: URL, domains: readonly string[]): boolean {
  const domain = domainOf(url);
  return domains.some((each) => {
    const parsed = URL.parse(`https://${each}`);
    return parsed !== null && (domain === domainOf(parsed) || domain.endsWith(`.${domainOf(parsed)}`));
  });
}

/** In lower case and punycode, as the parser writes it, and without the dot of the root. */
function domainOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "");
}
