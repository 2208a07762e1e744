const ALLOWED = new Set(["http:", "https:", "mailto:", "tel:", "sms:"]);

/** What somebody typed as a link's address, made whole: "" removes the link, null means that it cannot be one. */
export function linkAddress(typed: string): string | null {
  const text = typed.trim();
  if (text === "") return "";
  if (/\s/.test(text)) return null;
  const withScheme = hasScheme(text) ? text : /^[^/@]+@[^/@]+\.[^/@]+$/.test(text) ? `mailto:${text}` : `https://${text}`;
  if (!URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  return ALLOWED.has(url.protocol) ? url.href : null;
}

/** "example.org:8080" has a port and no scheme. */
function hasScheme(text: string): boolean {
  return /^(tel|sms):/i.test(text) || /^[a-z][a-z0-9+.-]*:(?!\d+(\/|$))/i.test(text);
}
