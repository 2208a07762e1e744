/* Who may do what with a document: for its owners. */
import type { ConnectionMachine } from "./machine/connection.js";
import type { Role } from "./machine/state.js";

/** Somebody with a role of their own in a document. */
export interface Sharer {
  /** The `sub` of their tokens. */
  readonly sub: string;
  readonly role: Role;
  /** When it was given. */
  readonly since: Date;
}

export type LinkRole = Exclude<Role, "owner">;

export interface ShareLink {
  readonly number: number;
  readonly role: LinkRole;
  readonly label: string;
  readonly created: Date;
  readonly expires: Date | null;
}

/** All of it is refused with `forbidden` to those who are no owners. */
export class Sharing {
  constructor(
    private readonly machine: ConnectionMachine,
    private readonly id: string,
  ) {}

  async members(): Promise<Sharer[]> {
    const answer = await this.machine.request((ref) => ({ kind: "members", ref, id: this.id }));
    if (answer.kind !== "members") return [];
    return answer.members.map(({ sub, role, at_ms }) => ({ sub, role: role as Role, since: new Date(at_ms) }));
  }

  /** Acts at once, on documents that are open too; null: no role any more. */
  async setMember(sub: string, role: Role | null): Promise<void> {
    await this.machine.request((ref) => ({ kind: "member", ref, id: this.id, sub, role }));
  }

  async links(): Promise<ShareLink[]> {
    const answer = await this.machine.request((ref) => ({ kind: "links", ref, id: this.id }));
    if (answer.kind !== "links") return [];
    return answer.links.map(({ number, role, label, created_ms, expires_ms }) => ({
      number,
      role: role as LinkRole,
      label,
      created: new Date(created_ms),
      expires: expires_ms === null ? null : new Date(expires_ms),
    }));
  }

  /** The secret, for the option `link` of `open`, is told this once. Put it into the fragment of an address, never into its query. */
  async createLink({ role, label = "", expires = null }: { role: LinkRole; label?: string; expires?: Date | null }): Promise<{
    number: number;
    secret: string;
  }> {
    const ends = expires === null ? null : expires.getTime();
    const answer = await this.machine.request((ref) => ({ kind: "link", ref, id: this.id, role, label, expires_ms: ends }));
    return answer.kind === "linked" ? { number: answer.number, secret: answer.secret } : { number: 0, secret: "" };
  }

  /** Acts at once, on documents that are open by it too. */
  async revokeLink(number: number): Promise<void> {
    await this.machine.request((ref) => ({ kind: "unlink", ref, id: this.id, number }));
  }
}
