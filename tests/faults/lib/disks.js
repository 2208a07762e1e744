// Disks for a server's data: small, failing or cut off from power. They need root, and a kernel with loop devices.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const run = (command, ...args) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

// Why there can be no such disks here, or null.
export function missing() {
  if (process.getuid() !== 0) return "mounting needs root";
  for (const command of ["mkfs.ext4", "losetup", "mount"]) {
    try {
      run("sh", "-c", `command -v ${command}`);
    } catch {
      return `there is no ${command}`;
    }
  }
  return existsSync("/dev/loop-control") ? null : "there are no loop devices";
}

class Mount {
  constructor(dir) {
    this.dir = dir;
  }

  unmount() {
    try {
      run("umount", this.dir);
    } catch {
      run("umount", "-l", this.dir);
    }
  }
}

// A file system in memory with so many bytes.
export class SmallDisk extends Mount {
  static make(size) {
    const dir = mkdtempSync(join(tmpdir(), "quire-small-"));
    run("mount", "-t", "tmpfs", "-o", `size=${size}`, "quire-test", dir);
    return new SmallDisk(dir);
  }

  fill() {
    try {
      run("dd", "if=/dev/zero", `of=${join(this.dir, "ballast")}`, "bs=4096");
    } catch {
      // It ends when the disk is full.
    }
  }

  free() {
    rmSync(join(this.dir, "ballast"), { force: true });
  }

  remove() {
    this.unmount();
    rmSync(this.dir, { recursive: true });
  }
}

// An ext4 file system in a file.
export class ImageDisk extends Mount {
  static make(megabytes) {
    const base = mkdtempSync(join(tmpdir(), "quire-image-"));
    const image = join(base, "disk.img");
    run("truncate", "-s", `${megabytes}M`, image);
    run("mkfs.ext4", "-q", image);
    return ImageDisk.#mount(base, image, "errors=remount-ro");
  }

  static #mount(base, image, options) {
    const dir = join(base, "mnt");
    mkdirSync(dir);
    run("mount", "-o", `loop,${options}`, image, dir);
    return Object.assign(new ImageDisk(dir), { base, image });
  }

  // What a machine that loses power now finds when it starts again.
  afterPowerCut() {
    const base = mkdtempSync(join(tmpdir(), "quire-image-"));
    const image = join(base, "disk.img");
    run("cp", "--sparse=always", this.image, image);
    return ImageDisk.#mount(base, image, "defaults");
  }

  // The kernel finds an error, and makes the file system read-only.
  fail() {
    const device = readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" ")).find(([, dir]) => dir === realpathSync(this.dir))[0];
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, "x");
  }

  repair() {
    this.unmount();
    try {
      run("e2fsck", "-fy", this.image);
    } catch (error) {
      if (error.status > 2) throw error; // 1 and 2: errors were corrected
    }
    run("mount", "-o", "loop,errors=remount-ro", this.image, this.dir);
  }

  remove() {
    this.unmount();
    rmSync(this.base, { recursive: true });
  }
}
