// Who makes tokens: a file of keys for the server, and tokens of every kind, right or wrong.
import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const now = () => Math.floor(Date.now() / 1000);

// A part of a token: a string is taken as it is, anything else as JSON.
export const part = (value) => Buffer.from(typeof value === "string" || value instanceof Uint8Array ? value : JSON.stringify(value)).toString("base64url");

// Ways to sign: functions from the bytes that are signed to a signature.
export const hmac = (secret, hash = "sha256") => (text) => createHmac(hash, secret).update(text).digest();
export const eddsa = (key) => (text) => sign(null, Buffer.from(text), key);
export const unsigned = () => Buffer.alloc(0);

// Any token: header and claims as `part` takes them.
export function compact(header, claims, signed) {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signed(text).toString("base64url")}`;
}

export class Authority {
  secret = randomBytes(32);
  pair = generateKeyPairSync("ed25519");

  static async make() {
    const authority = new Authority();
    authority.dir = await mkdtemp(join(tmpdir(), "quire-keys-"));
    authority.file = join(authority.dir, "keys");
    await authority.write(authority.lines);
    return authority;
  }

  // What the server has: the secret as `hs`, the public key as `ed`.
  get lines() {
    return `hs HS256 ${this.secret.toString("base64url")}\ned EdDSA ${this.public.toString("base64url")}\n`;
  }

  // The 32 bytes of the public key.
  get public() {
    return Buffer.from(this.pair.publicKey.export({ format: "jwk" }).x, "base64url");
  }

  async write(lines, file = this.file) {
    await writeFile(file, lines);
    await chmod(file, 0o600);
    return file;
  }

  async remove() {
    await rm(this.dir, { recursive: true, force: true });
  }

  // A token that this server takes, but for what `claims` and `header` replace (undefined: leave out).
  token(sub, claims = {}, header = {}) {
    const signed = header.kid === "ed" ? this.byPair : this.bySecret;
    return compact({ alg: header.kid === "ed" ? "EdDSA" : "HS256", kid: "hs", typ: "JWT", ...header }, { sub, exp: now() + 3600, ...claims }, signed);
  }

  get bySecret() {
    return hmac(this.secret);
  }

  get byPair() {
    return eddsa(this.pair.privateKey);
  }
}
