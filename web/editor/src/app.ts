import type { Connection } from "@quire/client";
import type { Net } from "./net.js";
import type { Profile } from "./profile.js";
import type { Toasts } from "./ui/toast.js";
import type { Unsaved } from "./unsaved.js";

/** What every view may use. */
export interface App {
  connection: Connection;
  net: Net;
  toasts: Toasts;
  unsaved: Unsaved;
  /** With the colour that others see at present. */
  profile: () => Profile;
  /** Shows others this colour instead of the profile's own, which stays what it is for other documents. */
  wear: (color: string) => void;
  /** Back to the profile's own colour. */
  wearOwn: () => void;
  /** Colours of others who are here, with their names. */
  taken: ReadonlyMap<string, string>;
  editProfile: () => void;
  go: (path: string) => void;
}

/** A page: shown in whole, and taken away in whole. */
export interface View {
  element: HTMLElement;
  dispose: () => void;
}
