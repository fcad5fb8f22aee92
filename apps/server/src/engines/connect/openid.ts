/** A customer as one official account knows them. */
export interface Openid {
  readonly wechatAppId: string;
  readonly openid: string;
}

/** One text for both: the key of maps, and of what is handled in the order of a customer's. */
export function openidKey({ wechatAppId, openid }: Openid): string {
  return `${wechatAppId} ${openid}`;
}
