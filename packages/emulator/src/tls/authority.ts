import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
// What x509 is made with asks for it.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/**
 * A certificate authority for tests: whoever trusts it takes this emulator for WeChat, so its key stays in its folder.
 * It makes a certificate for a name when somebody asks by that name.
 */
export class Authority {
  /** For `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`, `--cacert`. */
  readonly certificatePath: string;
  private readonly certificate: x509.X509Certificate;
  private readonly key: CryptoKey;
  private readonly contexts = new Map<string, Promise<SecureContext>>();

  private constructor(certificatePath: string, certificate: x509.X509Certificate, key: CryptoKey) {
    this.certificatePath = certificatePath;
    this.certificate = certificate;
    this.key = key;
  }

  /** Takes the authority of a folder, or makes one there: `ca.pem`, and its key `ca.key` with mode 0600. */
  static async open(folder: string): Promise<Authority> {
    const certificatePath = join(folder, "ca.pem");
    const keyPath = join(folder, "ca.key");
    try {
      const certificate = new x509.X509Certificate(await readFile(certificatePath, "utf8"));
      const pkcs8 = x509.PemConverter.decodeFirst(await readFile(keyPath, "utf8"));
      const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
      if (certificate.notAfter.getTime() - Date.now() > 30 * dayMs)
        return new Authority(certificatePath, certificate, key);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        throw new Error(`${certificatePath} or ${keyPath} can't be read: ${(error as Error).message}. Delete both.`, {
          cause: error,
        });
    }
    const { certificate, key, pem } = await makeAuthority();
    await mkdir(folder, { recursive: true });
    await writeFile(keyPath, pem, { mode: 0o600 });
    await writeFile(certificatePath, `${certificate.toString("pem")}\n`);
    return new Authority(certificatePath, certificate, key);
  }

  /** What a TLS server shows to whoever asks for that name. */
  contextFor(name: string): Promise<SecureContext> {
    const known = this.contexts.get(name) ?? this.makeContext(name);
    if (this.contexts.size > 100) this.contexts.clear();
    this.contexts.set(name, known);
    return known;
  }

  private async makeContext(name: string): Promise<SecureContext> {
    const keys = await generate();
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(16).toString("hex"),
      subject: `CN=${name}`,
      issuer: this.certificate.subject,
      notBefore: new Date(now - dayMs),
      notAfter: new Date(now + 365 * dayMs),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.key,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: isIP(name) === 0 ? "dns" : "ip", value: name }]),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ],
    });
    return createSecureContext({
      key: await keyPem(keys.privateKey),
      cert: `${certificate.toString("pem")}\n${this.certificate.toString("pem")}`,
    });
  }
}

async function makeAuthority(): Promise<{ certificate: x509.X509Certificate; key: CryptoKey; pem: string }> {
  const keys = await generate();
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    name: "CN=Zhanggui emulator (for tests only)",
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 3650 * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate, key: keys.privateKey, pem: await keyPem(keys.privateKey) };
}

function generate(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function keyPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
