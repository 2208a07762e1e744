import type { Document } from "@quire/client";
import type { App } from "../app.js";
import { ownColor } from "../pure/palette.js";
import type { Scope } from "../ui/dom.js";

/** Keeps oneself and the others who are here apart by colour. */
export function keepColorsApart(app: App, doc: Document, scope: Scope): void {
  const update = (): void => {
    const people = [...doc.members.values()];
    const color = ownColor(people);
    if (color === null) return;
    const { name } = app.profile();
    app.taken = new Map(people.filter((person) => person.name !== name).map((person) => [person.color, person.name]));
    const self = people.find((person) => person.self);
    /* A colour put on a moment ago is not among the members' yet. */
    if (self?.color === app.profile().color) app.wear(color);
  };
  scope.add(doc.on("members", update));
  scope.add(() => {
    app.taken = new Map();
    app.wearOwn();
  });
  update();
}
