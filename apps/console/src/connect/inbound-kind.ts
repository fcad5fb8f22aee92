/** What came in, in words: `event:subscribe` → 关注. A kind nobody has named yet is shown as WeChat calls it. */
export function kindLabel(kind: string, t: (key: string) => string, te: (key: string) => boolean): string {
  const key = `connect.kinds.${kind.replace(":", "_")}`;
  return te(key) ? t(key) : kind;
}
