import { performance } from "node:perf_hooks";
import PostalMime, { type Address } from "postal-mime";
import { SMTPServer } from "smtp-server";
import type { Mail } from "../world/model.ts";
import type { State } from "../world/state.ts";

export interface MailSink {
  port: number;
  stop(): Promise<void>;
}

/** An SMTP server that takes every mail (any login, no TLS) and delivers none: they end up in the mailbox page. */
export async function startMailSink(state: State, options: { host: string; port: number }): Promise<MailSink> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    size: 20_000_000,
    closeTimeout: 500,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? "anyone" }),
    onData(stream, session, done) {
      const startedAt = performance.now();
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const from = session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address;
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        keep(state, Buffer.concat(chunks), { from, to }, startedAt).then(
          () => done(null),
          (error: Error) => done(error),
        );
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve());
  });
  // Later errors are single connections' (a client that hangs up): not the emulator's end.
  server.removeAllListeners("error");
  server.on("error", () => undefined);
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function keep(
  state: State,
  raw: Buffer,
  envelope: { from: string; to: string[] },
  startedAt: number,
): Promise<void> {
  const parsed = await PostalMime.parse(raw);
  const mail: Mail = {
    id: state.nextId("mail"),
    at: state.now(),
    from: addressText(parsed.from) ?? envelope.from,
    to: envelope.to,
    subject: parsed.subject ?? "",
    text: parsed.text ?? "",
    html: parsed.html ?? "",
    attachments: parsed.attachments.map((attachment) => ({
      name: attachment.filename ?? "",
      type: attachment.mimeType,
      bytes: typeof attachment.content === "string" ? attachment.content.length : attachment.content.byteLength,
    })),
    raw: raw.toString("utf8"),
  };
  state.mails.push(mail);
  state.journal.add({
    id: mail.id,
    at: mail.at,
    kind: "mail",
    appid: null,
    what: mail.subject,
    method: "SMTP",
    url: mail.to.join(", "),
    status: 250,
    errcode: null,
    ms: Math.round(performance.now() - startedAt),
    tries: 1,
    request: mail.raw,
    response: "",
    note: "ok",
  });
  state.tell({ type: "mail" });
}

function addressText(address: Address | undefined): string | null {
  if (address?.address === undefined) return null;
  return address.name === "" ? address.address : `${address.name} <${address.address}>`;
}
