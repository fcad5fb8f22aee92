import type { WechatSide } from "./lantern-tea.ts";
import type { Bond, PastSide, Remembered } from "./past/past.ts";

/** The emulator by its control API. */
export class EmulatorControl implements PastSide {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async createAccount(account: { name: string }): Promise<{ appid: string; secret: string }> {
    return (await this.#call("POST", "/accounts", { ...account, openPlatform: "lantern-tea" })) as {
      appid: string;
      secret: string;
    };
  }

  addTemplate(appid: string, template: { templateId: string; title: string; content: string }): Promise<unknown> {
    return this.#call("POST", `/accounts/${appid}/templates`, template);
  }

  configurePush(appid: string, push: Parameters<WechatSide["configurePush"]>[1]): Promise<unknown> {
    return this.#call("PUT", `/accounts/${appid}/push`, push);
  }

  /** An account at a carrier of text messages. */
  openCarrier(account: object): Promise<unknown> {
    return this.#call("POST", "/carriers", account);
  }

  /** Makes the account's menu by WeChat's own API, as its admin page would. */
  async menu(appid: string): Promise<void> {
    const { secret } = (await this.#call("GET", `/accounts/${appid}`)) as { secret: string };
    const token = await fetch(`${this.#url}/cgi-bin/stable_token`, {
      method: "POST",
      body: JSON.stringify({ grant_type: "client_credential", appid, secret }),
    });
    const { access_token } = (await token.json()) as { access_token: string };
    await fetch(`${this.#url}/cgi-bin/menu/create?access_token=${access_token}`, {
      method: "POST",
      body: JSON.stringify({
        button: [
          { type: "click", name: "今日茶单", key: "TODAY" },
          { name: "关于我们", sub_button: [{ type: "view", name: "门店地址", url: "http://127.0.0.1/stores" }] },
        ],
      }),
    });
  }

  async account(appid: string): Promise<{ originalId: string }> {
    return (await this.#call("GET", `/accounts/${appid}`)) as { originalId: string };
  }

  async puppet(name: string): Promise<string> {
    return ((await this.#call("POST", "/puppets", { name })) as { id: string }).id;
  }

  act(puppetId: string, action: "follow" | "unfollow" | "scan" | "say", body: object): Promise<unknown> {
    return this.#call("POST", `/puppets/${puppetId}/${action}`, body);
  }

  async openid(puppetId: string, appid: string): Promise<string> {
    return ((await this.#call("GET", `/puppets/${puppetId}/chat?appid=${appid}`)) as { openid: string }).openid;
  }

  /** Tells of people who were there before; nothing is pushed. */
  async remember(appid: string, past: { bonds: Bond[] }): Promise<readonly Remembered[]> {
    const { bonds } = (await this.#call("POST", `/accounts/${appid}/past`, past)) as { bonds: readonly Remembered[] };
    return bonds;
  }

  settled(): Promise<unknown> {
    return this.#call("POST", "/settle", {});
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/emulator${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`the emulator answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    return response.json();
  }
}
