const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** WeChat's longest push token: 32 letters and digits, made in this browser. */
export function newPushToken(): string {
  return randomText(32);
}

/**
 * An EncodingAESKey, made in this browser: 43 characters which, with "=" behind them, are 32 bytes of base64. The last
 * character carries four bits that must be zero, or strict decoders refuse the key.
 */
export function newEncodingAesKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).slice(0, 43);
}

function randomText(length: number): string {
  // Bytes beyond a whole multiple of the alphabet would make its first letters likelier: throw them away.
  const limit = 256 - (256 % letters.length);
  let text = "";
  while (text.length < length) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    for (const byte of bytes) if (byte < limit && text.length < length) text += letters[byte % letters.length];
  }
  return text;
}
