import type { Connection } from "@quire/client";
import type { Net } from "./net.js";
import type { Profile } from "./profile.js";
import type { Toasts } from "./ui/toast.js";

/** What every view may use. */
export interface App {
  connection: Connection;
  net: Net;
  toasts: Toasts;
  profile: () => Profile;
  editProfile: () => void;
  go: (path: string) => void;
}

/** A page: shown in whole, and taken away in whole. */
export interface View {
  element: HTMLElement;
  dispose: () => void;
}
