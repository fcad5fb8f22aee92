/** Where they wanted to go before they had to sign in; only an address of this console, never another site's. */
export function wantedPage({ to }: Readonly<Record<string, unknown>>): string {
  return typeof to === "string" && /^\/(?![/\\])/.test(to) ? to : "/";
}
