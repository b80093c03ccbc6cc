/** The settings as a page of Markdown: docs/configuration.md is this text. */
import { SETTINGS, type Setting } from './settings.ts';

const HEAD = `# Configuration

Made from \`core/config/settings.ts\` by \`npm run gen\`; change it there.

\`npm start\` reads \`edgedive.yml\` in the current directory, else \`/etc/edgedive/edgedive.yml\`, or the file behind \`--config\`. Arguments win over
environment variables, these over the file. A key that nobody knows is an error that names the nearest one; so is a value of the wrong
kind. \`npx edgedive config check [FILE]\` says what a file means before anything runs; with \`--all\` also what it leaves as it is.
[edgedive.sample.yml](edgedive.sample.yml) has every key to begin with.

A probe that runs alone reads the same file with \`--config FILE\`: \`host_id\` and what is marked \`of a probe\` below.

\`\`\`yaml
listen: 0.0.0.0:8082
history: { keep: 72h, bytes: 10GiB }
auth:
  users:
    ann: { password: $2y$10$…, roles: [user] }
\`\`\`

A secret may lie in a file of its own: \`auth.admin_token_file: /run/secrets/admin\`, or \`EDGEDIVE_ADMIN_TOKEN_FILE\`. It is read when the analyzer
or the probe starts; one that cannot be read is an error, and so are a secret and its file beside each other. The users' file is a map,
as \`auth.users\` is.

A \`skydive.yml\` is taken as it is: keys of the reference that mean something here are followed (third column), its others are accepted with
one warning that names them. Each key is known whole, so that \`tls.sever_cert\` is an error and not one of Skydive's; below names that are
the operator's own (\`storage.NAME\`, \`auth.NAME\`, \`http.cookie\`, \`agent.metadata\`) only what the reference reads is. On Cloudflare the same variables stand in \`wrangler.toml\`, secret ones are set with \`wrangler secret put\`.

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
