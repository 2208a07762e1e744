// The disk: without power, failing, full, slow; and databases that are put back.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "../../e2e/lib/server.js";
import { until } from "../../e2e/lib/wait.js";
import { ImageDisk, missing, SmallDisk } from "./disks.js";
import { parseLog, textsOf } from "./checker.js";
import { quire } from "./harness.js";
import { now } from "./history.js";
import { connect } from "./people.js";
import { anywhere, endsAndReturns, restartArmed, scene, shimmed, untilEnded, withShim } from "./scene.js";

// What the disk holds at a random moment has all that was acknowledged before.
async function power({ seed, times }) {
  const disk = ImageDisk.make(64);
  const found = [];
  const body = async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const typing = crowd.type(12);
      await new Promise((resolve) => setTimeout(resolve, rng.below(80)));
      process.kill(server.pid, "SIGSTOP");
      const then = now();
      const left = disk.afterPowerCut();
      process.kill(server.pid, "SIGCONT");
      try {
        found.push(await server.judgeCopy(`cut-${i}`, `${left.dir}/data`, crowd.id, then));
      } finally {
        left.remove();
      }
      await typing;
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir, found });
  } finally {
    disk.remove();
  }
}

// The disk fails, once or for good: the server ends rather than go on.
const diskError = (action) => async ({ seed, times }) =>
  scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const call = ["fdatasync", "pwrite"][i % 2];
      if (!(await restartArmed(server, { env: shimmed({ QUIRE_FAULT: `${call}:${1 + rng.below(call === "fdatasync" ? 30 : 80)}:${action}` }) }))) continue;
      await untilEnded(server, crowd);
      await endsAndReturns(server, ({ code }) => code > 0);
    }
    return times;
  });

// The disk fills while people write, and has room again: nothing is restarted, reading goes on.
async function full({ seed, times }) {
  const disk = SmallDisk.make("24m");
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(10);
      await crowd.rest();
      await server.during("disk full", async () => {
        disk.fill();
        for (let round = 0; crowd.people.every(({ doc }) => doc.saved) && round < 500; round++) {
          await crowd.type(1);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const reader = connect(server.socketUrl, "Reader");
        await reader.open(crowd.id).ready;
        await reader.close();
        disk.free();
      });
      await until("writing goes on", () => crowd.people.every(({ doc }) => doc.status === "live" && doc.saved));
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir });
  } finally {
    disk.remove();
  }
}

// The file system becomes read-only under the server: it ends; repaired and started again, it goes on.
async function readOnly({ seed, times }) {
  const disk = ImageDisk.make(64);
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(20);
      // A sync that is under way just then may return success and be lost: the kernel's, and no server can know.
      await crowd.rest();
      server.note("fault", { what: "armed", on: true });
      disk.fail();
      await untilEnded(server, crowd);
      await server.ended;
      disk.repair();
      await endsAndReturns(server, ({ code }) => code > 0);
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir });
  } finally {
    disk.remove();
  }
}

// Syncs take 300 ms: others are served meanwhile.
async function slow({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    await restartArmed(server, { env: shimmed({ QUIRE_FAULT: "fdatasync:1:slow" }) });
    await crowd.rest();
    const allSaved = () => crowd.people.every(({ doc }) => doc.saved);
    const commits = () => server.log.filter((line) => line.includes('"committed"')).length;
    const answersInOneSync = async () => {
      while (allSaved()) await crowd.type(1);
      const before = commits();
      let answers = 0;
      for (; commits() === before && !allSaved(); answers++) await (await fetch(`${server.url}/healthz`)).text();
      return answers;
    };
    // Were they to wait for the disk, there would never be more than one or two. Where other work takes the machine's time there
    // may be as few now and then.
    for (let i = 0; i < times; i++) await until("several answers come while the disk is busy", async () => (await answersInOneSync()) >= 4);
    return times;
  });
}

// A backup is put back while people have text that is not saved: everybody gets the document anew, and keeps that text.
async function restore({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(15);
      await crowd.rest();
      const backup = `${server.dir}/backup-${i}.db`;
      await quire("backup", "--data", server.data, backup);
      await server.down("SIGKILL");
      await crowd.type(5);
      await quire("restore", "--data", server.data, "--force", backup);
      // It is named by the second; another one may follow in the same.
      for (const name of readdirSync(server.data)) if (name.startsWith("before-")) rmSync(`${server.data}/${name}`);
      await server.up();
      await until("all is saved", () => crowd.people.every(({ doc }) => doc.status === "live" && doc.saved));
    }
    return times;
  });
}

// Files may not grow beyond a limit: to the server that is a disk that fails.
async function fileLimit({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      if (!(await restartArmed(server, { wrap: ["bash", "-c", 'ulimit -f 600; exec "$@"', "bash"] }))) continue;
      await untilEnded(server, crowd);
      await endsAndReturns(server, ({ code }) => code > 0);
    }
    return times;
  });
}

// What a server on damaged data shows of a document; null: nothing. However it ends, it must not be by a signal.
async function textAt(dir, id) {
  const server = new Server();
  let text = null;
  try {
    await server.open({ dir });
    text = await shownBy(server, id);
  } catch (error) {
    if (!error.message.includes("did not start")) throw error;
  }
  const end = await server.down("SIGTERM");
  if (end.signal !== null || server.log.some((line) => line.includes("Sanitizer"))) throw new Error(`it ended with ${JSON.stringify(end)}\n${server.log.join("\n")}`);
  return text;
}

async function shownBy(server, id) {
  const reader = connect(server.socketUrl, "Reader");
  const doc = reader.open(id);
  let isRefused = false;
  const refuse = () => (isRefused = true);
  for (const source of [doc, reader]) source.on("error", refuse);
  doc.ready.catch(refuse);
  void server.ended.then(refuse);
  try {
    await until("the document is shown or refused", () => isRefused || doc.status === "live");
    return isRefused ? null : doc.text();
  } finally {
    await reader.close();
  }
}

// Bytes of a database change while no server runs: what is shown then is right, or nothing is. Of edits that are only in the
// write-ahead log the last may be missing.
async function rot({ seed, times }) {
  return scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(15);
      await crowd.rest();
      const isLog = i % 2 === 0;
      await server.down(isLog ? "SIGKILL" : "SIGTERM");
      const dir = mkdtempSync(join(tmpdir(), "quire-rot-"));
      for (const copy of ["data", "sound"]) cpSync(server.data, join(dir, copy), { recursive: true, filter: (name) => !name.endsWith(".sock") });
      const { stdout } = await quire("export", "--data", join(dir, "sound"), "--with-history", crowd.id);
      const texts = textsOf(parseLog(stdout, "", "").edits);
      spoil(join(dir, "data", isLog ? "quire.db-wal" : "quire.db"), rng);
      const text = await textAt(dir, crowd.id);
      if (text !== null && !(isLog ? texts : texts.slice(-1)).includes(text)) throw new Error(`something else is shown, see ${dir}`);
      rmSync(dir, { recursive: true });
      await server.up();
    }
    return times;
  });
}

function spoil(file, rng) {
  const bytes = readFileSync(file);
  for (let n = 1 + rng.below(3); n > 0; n--) bytes[rng.below(bytes.length)] ^= 1 << rng.below(8);
  writeFileSync(file, bytes);
}

export const diskFaults = [
  { name: "power", what: "power cut (ext4 image copied)", missing, run: power, times: 4 },
  { name: "eio", what: "a write or sync fails once", missing: withShim, run: diskError("eio"), times: 4 },
  { name: "broken", what: "writes or syncs fail for good", missing: withShim, run: diskError("broken"), times: 4 },
  { name: "full", what: "disk full, then freed", missing, run: full, times: 2 },
  { name: "readonly", what: "file system turns read-only", missing, run: readOnly, times: 2 },
  { name: "slow", what: "every sync takes 300 ms", missing: withShim, run: slow, times: 5 },
  { name: "filelimit", what: "files may grow no more", missing: anywhere, run: fileLimit, times: 2 },
  { name: "rot", what: "bytes of the database change while it is stopped", missing: anywhere, run: rot, times: 8 },
  { name: "restore", what: "a backup put back under text that is not saved", missing: anywhere, run: restore, times: 2 },
];
