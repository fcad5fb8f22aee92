/** A request as it came. */
export interface Incoming {
  method: string;
  url: string;
  path: string;
  query: Record<string, string>;
  contentType: string;
  bytes: Buffer;
  /** Who calls: the connection's address, or what `x-emulator-address` says. */
  address: string;
}
