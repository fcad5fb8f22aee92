/** The part of co-wechat-api that the wire tests use; the package brings no types. */
declare module "co-wechat-api" {
  interface Answer {
    errcode?: number;
    ticket: string;
    /** A large number is a BigNumber object; `String()` gives its digits. */
    msgid: number | { toString(): string };
  }

  export default class WechatApi {
    constructor(appid: string, secret: string);
    prefix: string;
    mpPrefix: string;
    snsPrefix: string;
    getUser(options: { openid: string; lang: string }): Promise<Answer>;
    createTmpQRCode(scene: string | number, expireSeconds: number): Promise<Answer>;
    createLimitQRCode(scene: string | number): Promise<Answer>;
    showQRCodeURL(ticket: string): string;
    sendTemplate(openid: string, template: string, url: string, color: string, data: object): Promise<Answer>;
    sendText(openid: string, text: string): Promise<Answer>;
    createMenu(menu: object): Promise<Answer>;
    getMenu(): Promise<Answer>;
    removeMenu(): Promise<Answer>;
  }
}
