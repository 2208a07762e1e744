/** Line icons on a 24 × 24 grid. Each is a list of path data; `.` at the start of one marks a filled path. */
const PATHS = {
  back: ["M15 5l-7 7 7 7"],
  bold: ["M7 5h6a3.5 3.5 0 010 7H7zM7 12h7a3.5 3.5 0 010 7H7z"],
  italic: ["M10 5h7M7 19h7M14.5 5l-5 14"],
  underline: ["M7 4v7a5 5 0 0010 0V4M6 20h12"],
  strike: ["M4 12h16M16.5 8.2C16 6 14.2 5 12 5c-2.5 0-4.5 1.2-4.5 3.5 0 1.3.6 2.2 1.8 3M7.2 15.500C7.6 17.8 9.5 19 12 19c2.7 0 4.7-1.3 4.7-3.7 0-.5-.1-1-.3-1.3"],
  color: ["M6.5 16.500L12 4l5.5 12.500M8.5 12.500h7"],
  bullets: ["M9 6h11M9 12h11M9 18h11", ".M3.5 6a1.3 1.3 0 102.6 0 1.3 1.3 0 10-2.6 0M3.5 12a1.3 1.3 0 102.6 0 1.3 1.3 0 10-2.6 0M3.5 18a1.3 1.3 0 102.6 0 1.3 1.3 0 10-2.6 0"],
  numbers: ["M10 6h10M10 12h10M10 18h10M4 4.500l1.5-1V9M3.7 15.300c.2-1 1-1.3 1.6-1.3 1 0 1.6.6 1.6 1.4 0 1.3-3.2 2.6-3.2 4.100h3.4"],
  check: ["M12 6h8M12 12h8M12 18h8M3.5 6.500l1.5 1.5 3-3.500M3.5 16.500L5 18l3-3.5"],
  quote: [".M5 17.500c-1.2-1-1.9-2.3-1.9-4.200C3.1 10 5.4 7.1 8.7 6l.7 1.300c-2.2 1-3.3 2.6-3.5 4 .3-.1.7-.2 1.1-.2 1.7 0 3 1.3 3 3.100S8.7 18.4 7 18.400c-.8 0-1.5-.3-2-.9zM15 17.500c-1.2-1-1.9-2.3-1.9-4.2 0-3.3 2.3-6.2 5.6-7.300l.7 1.300c-2.2 1-3.3 2.6-3.5 4 .3-.1.7-.2 1.1-.2 1.7 0 3 1.3 3 3.100s-1.3 3.2-3 3.200c-.8 0-1.5-.3-2-.9z"],
  code: ["M8.5 7L3.5 12l5 5M15.5 7l5 5-5 5"],
  link: ["M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.300l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.700l1-1"],
  clear: ["M6 5h12M12 5l-1 6M10 15l-.8 4M7.5 19h4M15 14.500l5 5M20 14.500l-5 5"],
  undo: ["M8.5 5L4 9.5 8.5 14M4 9.500h9.500a5.5 5.5 0 010 11H9"],
  redo: ["M15.5 5L20 9.5 15.5 14M20 9.500h-9.500a5.5 5.5 0 000 11H15"],
  down: ["M7 10l5 5 5-5"],
  chat: ["M20 11.500a7.5 7.5 0 01-11 6.600L4.5 19.500l1.4-4.100A7.5 7.5 0 1120 11.500z"],
  more: [".M10.5 5.500a1.5 1.5 0 103 0 1.5 1.5 0 10-3 0M10.5 12a1.5 1.5 0 103 0 1.5 1.5 0 10-3 0M10.5 18.500a1.5 1.5 0 103 0 1.5 1.5 0 10-3 0"],
  plus: ["M12 5v14M5 12h14"],
  close: ["M6 6l12 12M18 6L6 18"],
  search: ["M4.5 10.500a6 6 0 1012 0 6 6 0 10-12 0M15 15l5 5"],
  rich: ["M7 3.500h7l4.5 4.500v11a1.5 1.5 0 01-1.5 1.500H7A1.5 1.5 0 015.5 19V5A1.5 1.5 0 017 3.500zM13.5 3.500V8.500h5M9 12.500h6M9 16h6"],
  text: ["M7 3.500h7l4.5 4.500v11a1.5 1.5 0 01-1.5 1.500H7A1.5 1.5 0 015.5 19V5A1.5 1.5 0 017 3.500zM13.5 3.500V8.500h5M10.5 12l-2 2 2 2M13.5 12l2 2-2 2"],
  edit: ["M4.5 19.500l1-4L16 5a1.8 1.8 0 012.6 0l.4.4a1.8 1.8 0 010 2.600L8.5 18.500z"],
  bin: ["M5 7h14M9.5 7V4.500h5V7M7 7l.8 12.500h8.400L17 7M10.5 11v5M13.5 11v5"],
  sun: ["M8 12a4 4 0 108 0 4 4 0 10-8 0M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600L7 7M17 17l1.4 1.400M18.4 5.600L17 7M7 17l-1.4 1.4"],
  moon: ["M19.5 14.500A8 8 0 119.5 4.500a6.5 6.5 0 0010 10z"],
  screen: ["M4 5.500h16v10.500H4zM9 19.500h6M12 16v3.5"],
  copy: ["M9 9h10.500v10.500H9zM15 9V4.500H4.500V15H9"],
  download: ["M12 4v11M7.5 11L12 15.500l4.5-4.500M5 19.500h14"],
  keyboard: ["M3.5 7h17v10.500h-17zM7 10.500h.01M10.3 10.500h.01M13.6 10.500h.01M17 10.500h.01M8 14h8"],
  person: ["M8 8.500a4 4 0 108 0 4 4 0 10-8 0M4.5 20c1-4 4-5.5 7.5-5.500s6.5 1.5 7.5 5.5"],
  people: ["M5.5 8.500a3.5 3.5 0 107 0 3.5 3.5 0 10-7 0M2.5 19.500c.7-3.5 3.3-5 6.5-5s5.8 1.5 6.5 5M15.5 5.300a3.5 3.5 0 010 6.400M18 14.800c1.9.8 3.1 2.3 3.5 4.7"],
  send: ["M12 19V5.500M6 11.500l6-6 6 6"],
  open: ["M13 4.500h6.500V11M19.5 4.500L11 13M17 14.500v5H4.500V7h5"],
  tick: ["M5 12.500l4.5 4.500L19 7.5"],
  warning: ["M12 4.500l8.5 15h-17zM12 10v4.500M12 17h.01"],
} as const satisfies Record<string, readonly string[]>;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName, className = ""): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${className}`.trim());
  svg.setAttribute("aria-hidden", "true");
  for (const data of PATHS[name] as readonly string[]) {
    const path = document.createElementNS(SVG, "path");
    const filled = data.startsWith(".");
    path.setAttribute("d", filled ? data.slice(1) : data);
    if (filled) path.setAttribute("class", "filled");
    svg.append(path);
  }
  return svg;
}

/** The sign of Quire: a folded sheet. */
export function logo(): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "logo");
  svg.setAttribute("aria-hidden", "true");
  for (const [data, className] of [
    ["M12 6.200C9.8 4.6 6.7 4 3 4.200v14c3.7-.2 6.8.4 9 2z", "logo-left"],
    ["M12 6.200c2.2-1.6 5.3-2.2 9-2v14c-3.7-.2-6.8.4-9 2z", "logo-right"],
  ] as const) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", data);
    path.setAttribute("class", className);
    svg.append(path);
  }
  return svg;
}
