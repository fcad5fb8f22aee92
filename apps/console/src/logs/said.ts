/** What the server writes for each request and each call, in words; whatever else it writes stays as it wrote it. */
const words: ReadonlyMap<string, string> = new Map([
  ["request", "请求"],
  ["request aborted", "请求被对方中断"],
  ["request refused", "请求被拒绝"],
  ["called WeChat", "调用微信接口"],
  ["ready", "服务器已就绪"],
  ["stopping", "正在停止"],
  ["stopped", "已停止"],
  ["database brought up to date", "数据库已升级"],
]);

/** A line's message as somebody reads it. Logs are written in English, which is what they are searched by. */
export function said(message: string, language: "zh" | "en"): string {
  return (language === "zh" ? words.get(message) : undefined) ?? message;
}
