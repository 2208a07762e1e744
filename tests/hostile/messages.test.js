// What may come within a binary frame: rows 53 to 68 of docs/robustness.md.
import { raw } from "./lib/pack.js";
import { rows } from "./lib/rows.js";

const row = rows();

row(57, "a byte that msgpack does not use", async (house) => {
  const client = await house.hello();
  client.sendBytes(raw("c1").bytes);
  await client.expectError("bad_message");
  await client.expectClose(4400);
});
