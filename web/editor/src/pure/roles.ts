/** What the roles of the protocol allow, as far as the page shows it. */
export interface HasRole {
  readonly role: string;
}

export function mayEdit({ role }: HasRole): boolean {
  return role === "owner" || role === "editor";
}

export function mayChat(doc: HasRole): boolean {
  return mayEdit(doc) || doc.role === "commenter";
}
