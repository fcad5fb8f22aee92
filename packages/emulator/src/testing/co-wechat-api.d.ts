/** The part of co-wechat-api that the wire tests use; the package brings no types. */
declare module "co-wechat-api" {
  interface Answer {
    errcode?: number;
    media_id: string;
    msg_id: number | { toString(): string };
    tag: { id: number; name: string };
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
    getFollowers(nextOpenid?: string): Promise<Answer>;
    batchGetUsers(openids: readonly string[]): Promise<Answer>;
    updateRemark(openid: string, remark: string): Promise<Answer>;
    createTags(name: string): Promise<Answer>;
    updateTag(id: number, name: string): Promise<Answer>;
    deleteTag(id: number): Promise<Answer>;
    batchTagging(openids: readonly string[], id: number): Promise<Answer>;
    batchUnTagging(openids: readonly string[], id: number): Promise<Answer>;
    getIdList(openid: string): Promise<Answer>;
    getUsersFromTag(id: number): Promise<Answer>;
    uploadMedia(file: string, type: string): Promise<Answer>;
    getMedia(mediaId: string): Promise<Buffer>;
    uploadImageMaterial(file: string): Promise<Answer>;
    getMaterialCount(): Promise<Answer>;
    getMaterials(type: string, offset: number, count: number): Promise<Answer>;
    removeMaterial(mediaId: string): Promise<Answer>;
    previewText(openid: string, text: string): Promise<Answer>;
    massSendImage(mediaId: string, receivers: boolean | readonly string[], clientMsgId?: string): Promise<Answer>;
    massSendText(text: string, receivers: boolean | readonly string[]): Promise<Answer>;
  }
}
