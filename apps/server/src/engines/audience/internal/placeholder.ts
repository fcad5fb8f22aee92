/** WeChat has told no names since 2021; the end of the openid tells two strangers apart. */
export function placeholderName(openid: string): string {
  return `微信用户 ${openid.slice(-6)}`;
}

/** Whether it only stands in for a name that nobody has told. */
export function isPlaceholder(name: string): boolean {
  return /^微信用户 [\w-]{6}$/.test(name);
}
