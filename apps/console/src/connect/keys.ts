const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** WeChat's longest push token: 32 letters and digits, made in this browser. */
export function newPushToken(): string {
  return randomText(32);
}

/**
 * An EncodingAESKey, made in this browser: 43 letters and digits which, with "=" behind them, are 32 bytes of base64.
 * The last two bits of the last character have no place in those bytes; strict decoders want them to be zero.
 */
export function newEncodingAesKey(): string {
  return randomText(42) + randomText(1, "AEIMQUYcgkosw048");
}

function randomText(length: number, alphabet: string = letters): string {
  // Bytes beyond a whole multiple of the alphabet would make its first letters likelier: throw them away.
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    for (const byte of bytes) if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
  }
  return text;
}
