// Looking for secrets in logs, in every form in which bytes are usually written: as they are (in any case), in hex, and in
// base64 or base64url, also in the midst of something longer.

// Of each form so many characters are looked for.
const SIZE = 16;

// What comes before the bytes moves them within the groups of three that base64 makes; characters that hold bits of what
// comes before or after are left out.
function base64Forms(bytes) {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64url");
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
}

const urlSafe = (text) => text.replaceAll("+", "-").replaceAll("/", "_");

export class Secrets {
  #exact = new Map(); // the beginnings of base64url, and whose they are
  #folded = new Map(); // of text and hex, in lower case

  // Bytes too short to be known again are no secret.
  add(kind, bytes) {
    if (bytes.length < SIZE) throw new Error(`a secret (${kind}) of ${bytes.length} bytes cannot be told from others' words`);
    for (const text of base64Forms(bytes)) this.#exact.set(text.slice(0, SIZE), kind);
    for (const text of [bytes.toString("latin1"), bytes.toString("hex")]) this.#folded.set(text.slice(0, SIZE).toLowerCase(), kind);
  }

  // The kind of the first that the text holds, and where: { kind, line }; or null.
  find(text) {
    const [exact, folded] = [urlSafe(text), text.toLowerCase()];
    for (let at = 0; at + SIZE <= text.length; at++) {
      const kind = this.#exact.get(exact.slice(at, at + SIZE)) ?? this.#folded.get(folded.slice(at, at + SIZE));
      if (kind === undefined) continue;
      const start = text.lastIndexOf("\n", at) + 1;
      return { kind, line: text.slice(start).split("\n", 1)[0] };
    }
    return null;
  }
}
