/** The settings as a page of Markdown: docs/configuration.md is this text. */
import { SETTINGS, type Setting } from './settings.ts';

const HEAD = `# Configuration

Made from \`core/config/settings.ts\` by \`npm run gen\`; change it there.

\`npm start\` reads \`edgedive.yml\` in the current directory, else \`/etc/edgedive/edgedive.yml\`, or the file behind \`--config\`. Arguments win over
environment variables, these over the file. A key that nobody knows is an error that names the nearest one; so is a value of the wrong
kind. \`npx edgedive config check [FILE]\` says what a file means before anything runs.

\`\`\`yaml
listen: 0.0.0.0:8082
history: { keep: 72h, bytes: 10GiB }
auth:
  users:
    ann: { password: $2y$10$…, roles: [user] }
\`\`\`

A \`skydive.yml\` is taken as it is: keys of the reference that mean something here are followed (third column), its others are accepted with
one warning that names them. On Cloudflare the same variables stand in \`wrangler.toml\`, secret ones are set with \`wrangler secret put\`.

| key | variable | in skydive.yml | default | |
| --- | --- | --- | --- | --- |
`;

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

function row({ key, variable, skydive = [], default: otherwise, isSecret, readBy, text }: Setting): string {
  const notes = [
    text,
    ...(isSecret === true ? ['secret'] : []),
    ...(readBy === 'probe' ? ['of a probe'] : []),
  ];
  return `| ${[code(key), code(variable), skydive.map(code).join(', '), code(otherwise), notes.join('; ')]
    .map((cell) => cell.replaceAll('|', '\\|'))
    .join(' | ')} |\n`;
}

export function settingsPage(): string {
  return HEAD + SETTINGS.map(row).join('');
}
