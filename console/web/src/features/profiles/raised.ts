// raised is a profile's text with the next version in it: a changed profile has to say so.
export function raised(yaml: string): string {
  return yaml.replace(/^version:\s*(\d+)/m, (_, version: string) => `version: ${Number(version) + 1}`)
}
