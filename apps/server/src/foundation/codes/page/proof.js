/*
 * Solves a proof of work in a worker: which counter leads to the key that the challenge begins to name
 * (PBKDF2-HMAC-SHA-256, RFC 8018). Where the browser has Web Crypto, it computes; on plain http it has none, and the
 * same is done here, slower (FIPS 180-4, RFC 2104).
 */

/** The first 32 bits of the fractions of what `root` makes of the first primes (FIPS 180-4 §4.2.2, §5.3.3). */
function fractionsOfPrimes(count, root) {
  const primes = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}
const start = fractionsOfPrimes(8, Math.sqrt);
const constants = fractionsOfPrimes(64, Math.cbrt);
const schedule = new Uint32Array(64);
const turned = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** One block of sixteen words into a state of eight. */
function compress(state, block) {
  schedule.set(block);
  for (let n = 16; n < 64; n++) {
    const [x, y] = [schedule[n - 15], schedule[n - 2]];
    const small = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
    const large = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
    schedule[n] = schedule[n - 16] + small + schedule[n - 7] + large;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let n = 0; n < 64; n++) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[n] + schedule[n];
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  for (const [n, word] of [a, b, c, d, e, f, g, h].entries()) state[n] += word;
  return state;
}

/** A block that ends a message: `words`, the mark, and its length in bits, the key's block before it included. */
function lastBlock(words) {
  const block = new Uint32Array(16);
  block.set(words);
  block[words.length] = 0x80000000;
  block[15] = (16 + words.length) * 32;
  return block;
}

const wordsOf = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, n) => view.getUint32(n * 4));
};

/** The first block of the derived key; password and salt are whole words, and shorter than a block. */
function deriveHere(password, salt, iterations) {
  const key = new Uint32Array(16);
  key.set(wordsOf(password));
  const inner = compress(
    start.slice(),
    key.map((word) => word ^ 0x36363636),
  );
  const outer = compress(
    start.slice(),
    key.map((word) => word ^ 0x5c5c5c5c),
  );
  const mac = (words) => compress(outer.slice(), lastBlock(compress(inner.slice(), lastBlock(words))));
  let last = mac([...wordsOf(salt), 1]);
  const derived = last.slice();
  for (let n = 1; n < iterations; n++) {
    last = mac(last);
    for (let word = 0; word < 8; word++) derived[word] ^= last[word];
  }
  return [...derived].map((word) => word.toString(16).padStart(8, "0")).join("");
}

async function deriveByBrowser(password, salt, iterations) {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256);
  return hexOf(new Uint8Array(bits));
}

const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

async function solve({ algorithm, nonce, salt, cost, keyLength, keyPrefix }, ownHands) {
  if (algorithm !== "PBKDF2/SHA-256" || keyLength !== 32) throw new Error(`this can't solve ${algorithm}`);
  const derive = ownHands || globalThis.crypto?.subtle === undefined ? deriveHere : deriveByBrowser;
  const password = new Uint8Array(nonce.length / 2 + 4);
  password.set(bytesOf(nonce));
  const place = new DataView(password.buffer);
  const saltBytes = bytesOf(salt);
  for (let counter = 0; counter < 2 ** 32; counter++) {
    place.setUint32(password.length - 4, counter);
    const derivedKey = await derive(password, saltBytes, cost);
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
  }
  throw new Error("no counter leads there");
}

addEventListener("message", ({ data }) => {
  solve(data.challenge.parameters, data.ownHands === true).then(
    (solution) => postMessage({ solution }),
    (error) => postMessage({ error: String(error) }),
  );
});
