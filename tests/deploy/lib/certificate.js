// A certificate for localhost and 127.0.0.1, made by the openssl program.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const EC = "ec -pkeyopt ec_paramgen_curve:prime256v1";
export const RSA = "rsa:2048";

// In `dir`: { cert, key, pem }, two paths and the certificate itself.
export function makeCertificate(dir, name = "localhost", kind = EC) {
  const [cert, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  execFileSync("openssl", [
    ...`req -x509 -newkey ${kind} -nodes -days 2 -subj`.split(" "),
    `/CN=${name}`, "-addext", names, "-keyout", key, "-out", cert,
  ], { stdio: "ignore" });
  return { cert, key, pem: readFileSync(cert) };
}
