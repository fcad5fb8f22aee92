/** WeChat's own hosts; everything else is refused, so that a program under test reaches nobody else. */
export function isWechatHost(host: string): boolean {
  return /^(?:(?:[a-z0-9-]+\.)*weixin\.qq\.com|res2?\.wx\.qq\.com)$/i.test(host);
}
